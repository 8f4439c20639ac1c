"""One run over very many files: memory and open files stay, counts are exact.

    python benchmarks/soak.py [--files 20000] [--into PAGE.md]

Links to some hundred short songs of every container, every tenth of them damaged, in one
``beet genreclf -W``. Memory (what processes share counted once) and open files are those of
all of its processes, after the first thousand tracks and before the last, each time when no
track is being stored.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from beets.library import Item, Library
from fault_home import CONTAINERS, FaultHome, music, write_audio
from marked_table import put_into
from processes import children_of, memory_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

N_ORIGINALS = 300
DAMAGED_EVERY = 10
SECONDS = 4.0
FIRST = 1000
MOST_RATIO = 1.05
N_STOPS = 50
#: What is open while a track is stored: the journal of the database, or the song.
IN_HAND = ("-journal", *{suffix for suffix, _, _ in CONTAINERS.values()})


def originals_in(folder: Path) -> list[Path]:
    """Encode the songs; every tenth is noise behind its first bytes."""
    folder.mkdir()
    rng = random.Random(0)  # noqa: S311 -- nobody is to be kept out
    paths = []
    kinds = list(CONTAINERS.items())
    for number in range(N_ORIGINALS):
        kind, (suffix, codec, _) = kinds[number % len(kinds)]
        path = folder / f"{number:03} {kind}{suffix}"
        write_audio(path, music(SECONDS, seed=number % 7), codec=codec)
        if number % DAMAGED_EVERY == 0:
            path.write_bytes(path.read_bytes()[:40] + rng.randbytes(4000))
        paths.append(path)
    return paths


def fill(home: FaultHome, originals: list[Path], n_files: int) -> None:
    """Link the songs, and give each link a row."""
    library = Library(str(home.folder / "library.db"), str(home.music))
    with library.transaction():
        for number in range(n_files):
            original = originals[number % len(originals)]
            path = home.music / f"{number:05}{original.suffix}"
            os.link(original, path)
            title = f"{number:05}"
            library.add(Item(path=os.fsencode(path), title=title, length=SECONDS))
    library._close()


def states(home: FaultHome, n_files: int) -> Iterator[tuple[float, int, str]]:
    """Run; yield memory, open files and output at the two moments, then the summary."""
    with home.beet("genreclf", "-W") as process:
        output = ""
        for number, line in enumerate(process.stdout or (), 1):
            output = line if "tagged, " in line else output
            if number in (FIRST, n_files - FIRST // 10):
                pids, handles = stopped_at_rest(process.pid)
                yield sum(map(memory_mb, pids)), handles, line
                os.kill(process.pid, signal.SIGCONT)
    yield 0.0, 0, output


def stopped_at_rest(pid: int) -> tuple[list[int], int]:
    """Stop a run between two tracks.

    Returns:
        Its processes, and how many files they have open.
    """
    for _ in range(N_STOPS):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)  # what its processes have under way comes to an end
        pids = [pid, *children_of(pid)]
        handles = [fd for each in pids for fd in Path(f"/proc/{each}/fd").iterdir()]
        names = [name for handle in handles if (name := name_of(handle))]
        if not any(name.endswith(IN_HAND) for name in names):
            return pids, len(names)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
    raise SystemExit(f"{N_STOPS} times in the middle of a track: {names}")


def name_of(handle: Path) -> str:
    """Return what an open file is called; nothing if it has been closed just now."""
    try:
        return str(handle.readlink())
    except FileNotFoundError:
        return ""


def main() -> None:
    """Print the figures; fail if a count is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--into", type=Path, help="page that gets the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = FaultHome(root / "home", root / "home" / "music")
        home.music.mkdir(parents=True)
        home.configure()
        fill(home, originals_in(root / "originals"), options.files)
        start = time.monotonic()
        early, late, (_, _, summary) = states(home, options.files)
        seconds = time.monotonic() - start
    text = "\n".join(
        [
            "| tracks heard | memory of all processes, MB | open files |",
            "|---|---|---|",
            f"| {FIRST} | {early[0]:.1f} | {early[1]} |",
            f"| {options.files - FIRST // 10} | {late[0]:.1f} | {late[1]} |",
            "",
            f"Ratio of memory {late[0] / early[0]:.3f}.",
            f"{options.files / seconds:.0f} tracks of {SECONDS:g} s per second.",
            summary.strip(),
        ]
    )
    print(text)
    if options.into:
        put_into(options.into, "soak", text)
    n_damaged = sum(n % N_ORIGINALS % DAMAGED_EVERY == 0 for n in range(options.files))
    if late[0] > MOST_RATIO * early[0] or late[1] != early[1]:
        raise SystemExit("memory or open files have grown")
    counts = [int(n) for n in re.findall(r"\d+", summary)]
    if sum(counts) != options.files or f"{n_damaged} unreadable" not in summary:
        raise SystemExit(f"{n_damaged} of {options.files} are damaged")


if __name__ == "__main__":
    main()
