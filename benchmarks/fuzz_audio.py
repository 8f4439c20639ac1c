"""What damaged audio files do to the program that hears them: nothing, or this one fails.

    python benchmarks/fuzz_audio.py [--files 20000] [--seed 0] [--keep DIR] [--into PAGE.md]

Damages short files of every container, with samples of many kinds, and lets
``IsolatedClassifier`` hear them, two at a time. Prints the outcomes, and the worst
time and memory. ``--keep`` gets the files that ended the process that heard them, or took
longer than ten seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from marked_table import put_into
from mutations import mutated

from genre_model import IsolatedClassifier
from genre_model.batch import for_each_file

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import CONTAINERS, music, write_audio

if TYPE_CHECKING:
    from collections.abc import Iterator

#: More than a process may have means that nobody stops it.
MOST_MB = 3300
SECONDS = 3.5
SLOW_SECONDS = 10.0


def seeds_in(folder: Path) -> dict[str, bytes]:
    """Encode what will be damaged, by suffix."""
    sound, seeds = music(SECONDS), {}

    def add(name: str, **options: object) -> None:
        path = write_audio(folder / name, options.pop("samples", sound), **options)  # type: ignore[arg-type]
        seeds[name] = path.read_bytes()

    for kind, (suffix, codec, _) in CONTAINERS.items():
        add(f"{kind}{suffix}", codec=codec)
        add(f"{kind} tagged{suffix}", codec=codec, cover=suffix != ".dsf")
    loud = np.where(np.arange(len(sound)) % 1000, sound, np.nan).astype(np.float32)
    add("float.wav", codec="pcm_f32le", samples=loud)
    add("double.wav", codec="pcm_f64le", samples=1e30 * sound)
    add("7.1.wav", samples=np.stack([sound] * 8))
    add("192.wav", sample_rate_hz=192_000)
    add("6k.wav", sample_rate_hz=6000, samples=sound[:21000])
    for suffix in (".aac", ".mka", ".tta", ".w64"):
        add(f"raw{suffix}")
    return seeds


class Hearing:
    """Hears one damaged file after the other, and remembers what was worst."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.outcomes: Counter[str] = Counter()
        self.worst_seconds = 0.0
        self.worst_mb = 0.0
        self.crashes = 0
        self._keep: Path | None = options.keep
        self._folder = folder
        self._rng = random.Random(options.seed)  # noqa: S311 -- nobody is to be kept out
        self._n_files = options.files
        self._classifier = IsolatedClassifier.load()

    def files(self, seeds: dict[str, bytes]) -> Iterator[Path]:
        """Write damaged files, one at a time."""
        names = sorted(seeds)
        for number in range(self._n_files):
            name = self._rng.choice(names)
            path = self._folder / f"{number} {name}"
            path.write_bytes(mutated(seeds[name], self._rng))
            yield path

    def hear(self, path: Path) -> float:
        """Hear one file; return the seconds that it took."""
        start = time.monotonic()
        try:
            self._classifier.predict_file(path)
        except Exception as error:
            error.args = (f"{time.monotonic() - start} {error}",)
            raise
        return time.monotonic() - start

    def run(self, seeds: dict[str, bytes]) -> None:
        """Hear all of them."""
        for outcome in for_each_file(self.hear, self.files(seeds), n_threads=2):
            if outcome.result is not None:
                seconds, text = outcome.result, "genre"
            else:
                said, _, text = str(outcome.error).partition(" ")
                seconds = float(said)
            self._count(outcome.path, seconds, text)
            self.worst_mb = max(
                self.worst_mb, *map(peak_mb, (p.pid for p in self._classifier.processes))
            )
        self._classifier.close()

    def _count(self, path: Path, seconds: float, text: str) -> None:
        reason = text.removeprefix(f"{path}: ")
        self.outcomes["genre" if text == "genre" else kind_of(reason)] += 1
        self.worst_seconds = max(self.worst_seconds, seconds)
        is_crash = "the process that" in text
        self.crashes += is_crash
        if self._keep and (is_crash or seconds > SLOW_SECONDS or "unexpected" in text):
            self._keep.mkdir(exist_ok=True)
            (self._keep / path.name).write_bytes(path.read_bytes())
            print(f"{path.name}: {seconds:.1f} s: {reason}", flush=True)
        path.unlink()

    def table(self) -> str:
        """Return the outcomes."""
        beginning = f"{self._n_files} damaged files, {self.crashes} ended a process;"
        worst = worst_text(self.worst_seconds, self.worst_mb)
        return outcomes_table([beginning, worst], self.outcomes.most_common())


def worst_text(seconds: float, megabytes: float) -> str:
    """Say what was worst."""
    return f"worst time {seconds:.1f} s, worst memory {megabytes:.0f} MB."


def outcomes_table(beginning: list[str], outcomes: list[tuple[str, int]]) -> str:
    """Return the outcomes of files, as a page has them."""
    lines = [*beginning, "", "| outcome | files |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {n} |" for name, n in outcomes)])


def kind_of(reason: str) -> str:
    """Leave the numbers out of a message."""
    return " ".join("N" if any(map(str.isdigit, word)) else word for word in reason.split())


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has had; 0 if it is gone or nobody knows."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    return 0.0


def main() -> None:
    """Print the table; fail if the program itself stumbled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that did harm")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seeds").mkdir()
        hearing = Hearing(options, Path(folder))
        hearing.run(seeds_in(Path(folder) / "seeds"))
    print(hearing.table())
    if options.into:
        put_into(options.into, "fuzzed audio", hearing.table())
    if sum(hearing.outcomes.values()) != options.files:
        raise SystemExit("some files came to nothing")
    if hearing.crashes or hearing.worst_seconds > 60 or hearing.worst_mb > MOST_MB:
        raise SystemExit("a process ended, or took too long or too much")
    if any("unexpected" in name for name in hearing.outcomes):
        raise SystemExit("some errors are bugs")


if __name__ == "__main__":
    main()
