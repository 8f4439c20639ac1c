"""What is lost when something goes wrong: nothing, or this program fails.

    python benchmarks/faults.py steps|kills|full [--events N] [--seed 0] [--into PAGE.md]

``steps`` kills a save of a genre before each of its steps, in every container, edited in
place, through a copy, and, for a file with another name, beside one. ``kills`` ends
commands with ``kill -9`` at random moments.
``full`` lets the disk fill up meanwhile; it needs Linux, and a user who may mount in a
namespace of his own.

After each fault of the last two: every file decodes to the same samples and holds its old
genres or its new ones. The same command then runs undisturbed: files and library agree,
and hold what they hold after a run without faults; nothing else lies around.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fault_home import CONTAINERS, music, write_audio
from fault_trials import Count, remove, table_of, trials_in
from marked_table import put_into
from mediafile import MediaFile

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS_TITLE = (
    "| file | tag | in place: steps | music lost | genres lost "
    "| copy: steps | lost | hard link: steps | lost |"
)
STEPS = Path(__file__).parents[1] / "tests" / "faults" / "crash_points.py"
IN_NAMESPACE = "GENRECLF_FAULTS_IN_NAMESPACE"


def kills(
    root: Path, n_events: int, moments: random.Random
) -> tuple[dict[str, Count], str]:
    """Kill each command at random moments."""
    counts = {}
    trials = trials_in(root)
    for trial in trials:
        count = counts[trial.name] = Count()
        while count.hits < -(-n_events // len(trials)):
            home = trial.before.copy_to(root / f"{trial.name} {count.faults}")
            process = home.beet(*trial.arguments(home))
            try:
                # A bit longer than it takes, to hit the end as well.
                process.communicate(timeout=moments.uniform(0.3, 1.1) * trial.seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                count.hits += 1
            count.faults += 1
            trial.check(home, count)
            remove(home)
    return counts, table_of(counts, "killed before the end")


def full(root: Path, n_events: int, moments: random.Random) -> tuple[dict[str, Count], str]:
    """Let the disk of the music, or that of the library, too, fill up."""
    disk = root / "disk"
    disk.mkdir()
    counts = {}
    trials = trials_in(root)
    for trial in trials:
        count = counts[trial.name] = Count()
        size = sum(path.stat().st_size for path in trial.before.files())
        while count.hits < -(-n_events // len(trials)):
            subprocess.run(  # noqa: S603
                ["mount", "-t", "tmpfs", "tmpfs", str(disk)],  # noqa: S607
                check=True,
            )
            both = count.faults % 2 == 0
            folder = disk / "home" if both else root / f"{trial.name} {count.faults}"
            home = trial.before.copy_to(folder, disk / "music")
            fill(disk, moments.randrange(size // 8))
            _, printed = home.run(*trial.arguments(home))
            count.faults += 1
            count.hits += "No space left" in printed or "disk is full" in printed
            if "Traceback" in printed:
                count.details.append(f"{trial.name}: {printed[-2000:]}")
                count.disagreements += 1
            (disk / "filler").unlink()
            trial.check(home, count)
            remove(home)
            subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607
    return counts, table_of(counts, "with a full disk")


def fill(disk: Path, n_left: int) -> None:
    """Leave this number of bytes."""
    free = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize - n_left)


def steps(root: Path, *_unused: object) -> tuple[dict[str, Count], str]:
    """Kill a save before each of its steps; only those beside a copy must lose nothing."""
    count = Count()
    lines = [
        STEPS_TITLE,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, (suffix, codec, _) in CONTAINERS.items():
        for is_tagged in (True, False):
            folder = root / f"{kind} {is_tagged}"
            folder.mkdir()
            path = write_audio(folder / f"{kind}{suffix}", music(20), codec=codec)
            media_file = MediaFile(path)
            media_file.genres = ["Jazz"]
            media_file.save()
            if not is_tagged:
                media_file.delete()
            columns = [kind, "yes" if is_tagged else "none"]
            lost = "audio lost", "genres lost"
            plain = worths_of(path, "plain")
            columns += [str(plain.total() - 1), *(str(plain[word]) for word in lost)]
            for safe in (worths_of(path, "safe"), worths_of(path, "linked")):
                columns += [str(safe.total() - 1), str(sum(safe[word] for word in lost))]
                count.files_lost += safe["audio lost"]
                count.genres_lost += safe["genres lost"]
            lines.append("| " + " | ".join(columns) + " |")
    return {"a save": count}, "\n".join(lines)


def worths_of(path: Path, way: str) -> Counter[str]:
    """Run the program that kills at every step; count what was left each time."""
    printed = subprocess.run(  # noqa: S603
        [sys.executable, str(STEPS), str(path), way],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return Counter(json.loads(printed)["worths"])


def in_own_namespace() -> None:
    """Start again where a disk can be mounted."""
    if IN_NAMESPACE not in os.environ:
        os.environ[IN_NAMESPACE] = "1"
        command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable]
        os.execvp("unshare", [*command, *sys.argv])  # noqa: S606, S607


KINDS: dict[str, Callable[..., tuple[dict[str, Count], str]]] = {
    "steps": steps,
    "kills": kills,
    "full": full,
}


def main() -> None:
    """Print a table; fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--events", type=int, default=210)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    if options.kind == "full":
        in_own_namespace()
    moments = random.Random(options.seed)  # noqa: S311 -- nobody is to be kept out
    with tempfile.TemporaryDirectory() as folder:
        counts, text = KINDS[options.kind](Path(folder), options.events, moments)
    print(text)
    for count in counts.values():
        for detail in count.details:
            print(detail, file=sys.stderr)
    if options.into:
        put_into(options.into, options.kind, text)
    if not all(count.is_clean for count in counts.values()):
        raise SystemExit("something was lost")


if __name__ == "__main__":
    main()
