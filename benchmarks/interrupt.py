"""How long Ctrl-C takes to end ``beet genreclf``, and what it leaves behind.

    python benchmarks/interrupt.py [--runs 10] [--files 200] [--threads 2]

Composes short songs and imports them once. Each run starts on a fresh copy of files and
library, gets SIGINT after some tracks, another number in each run, and is checked: what
was finished stands in library and file alike, the rest is as it was before. The last
run is continued to its end, which must not decide about any track twice. The songs need
``tests/`` beside this folder.

A thread that listens cannot be stopped, so the process lives until the files at hand are
heard. What one file takes is computed from the rate of the same run; the excess of the
exit over that should stay below half a second.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from composed_home import ComposedHome
from mediafile import MediaFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 20.0
INTERRUPTED = 130


class Measured(NamedTuple):
    """What one run took.

    Attributes:
        n_lines: tracks that were decided when it ended.
        file_seconds: for one file on one thread.
        exit_seconds: from the signal to the end of the process.
    """

    n_lines: int
    file_seconds: float
    exit_seconds: float

    @property
    def excess_seconds(self) -> float:
        """How long the process outlived the file at hand, if that had just begun."""
        return max(0.0, self.exit_seconds - self.file_seconds)


@dataclass(frozen=True)
class Home(ComposedHome):
    """A library that can be compared with what it was before."""

    options: Mapping[str, Any] = field(default_factory=lambda: {"min_confidence": 0.3})

    def copy_to(self, folder: Path) -> Home:
        """Copy everything."""
        return Home(super().copy_to(folder).folder)

    def rows(self) -> dict[str, tuple[list[str], bool]]:
        """Return, by title, the genres of each track and whether we noted anything."""
        query = (
            "SELECT title, genres, EXISTS(SELECT * FROM item_attributes"
            " WHERE entity_id = items.id AND key LIKE 'genreclf_%') FROM items"
        )
        with closing(sqlite3.connect(self.folder / "library.db")) as connection:
            rows = connection.execute(query).fetchall()
        return {
            title: (genres.split("\\␀") if genres else [], bool(noted))
            for title, genres, noted in rows
        }

    def decided(self) -> set[str]:
        """Return the titles of the tracks that were decided about."""
        return {title for title, (_, noted) in self.rows().items() if noted}

    def check(self, before: Home) -> None:
        """Compare library and files with each other and with what was there before.

        Raises:
            RuntimeError: naming the first file that is not as it should be.
        """
        rows = self.rows()
        if not any(genres for genres, _ in rows.values()):
            raise RuntimeError("no track was tagged, so nothing was tried")
        for title, (genres, noted) in rows.items():
            path = self.music / f"{title}.mp3"
            is_same = path.read_bytes() == (before.music / path.name).read_bytes()
            if (MediaFile(path).genres or []) != genres or is_same == bool(genres):
                raise RuntimeError(f"{path.name}: library and file disagree")
            if genres and not noted:
                raise RuntimeError(f"{path.name}: a genre of nobody")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    # Background jobs ignore it, and so would their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        template = Home(Path(folder) / "template")
        template.create(arguments.files, SECONDS)
        runs = []
        print("run   tracks   one file s   signal to exit s   excess s")
        for number in range(arguments.runs):
            home = template.copy_to(Path(folder) / f"run {number}")
            n_wait = 10 + number * arguments.files // (2 * arguments.runs)
            run = interrupt(home, n_wait, arguments.threads)
            home.check(template)
            print(
                f"{number:3} {run.n_lines:8} {run.file_seconds:12.3f} "
                f"{run.exit_seconds:18.3f} {run.excess_seconds:10.3f}",
                flush=True,
            )
            runs.append(run)
        report(runs)
        n_rest = finish(home, arguments.files)
        print(f"the last run, continued: {n_rest} tracks decided, none of them twice")


def interrupt(home: Home, n_wait: int, n_threads: int) -> Measured:
    """Start tagging, send SIGINT after some lines, and wait for the end."""
    times = []
    with home.beet("genreclf", "-t", str(n_threads)) as process:
        for _line in process.stdout or ():
            times.append(time.perf_counter())
            if len(times) == n_wait:
                break
        os.killpg(process.pid, signal.SIGINT)
        pressed = time.perf_counter()
        rest = process.communicate()[0].splitlines()
        exit_seconds = time.perf_counter() - pressed
    if process.returncode != INTERRUPTED or not rest[-1].startswith("interrupted: "):
        raise RuntimeError(f"exit status {process.returncode}, last words {rest[-1:]}")
    track_seconds = (times[-1] - times[0]) / (n_wait - 1)
    n_lines = n_wait + len(rest) - 1
    if n_lines != len(home.decided()):
        raise RuntimeError(f"{n_lines} lines, but {len(home.decided())} tracks stored")
    return Measured(n_lines, track_seconds * n_threads, exit_seconds)


def report(runs: Sequence[Measured]) -> None:
    """Print medians and maxima."""
    for name in ("file_seconds", "exit_seconds", "excess_seconds"):
        values = [getattr(run, name) for run in runs]
        print(f"{name:15} median {statistics.median(values):.3f}, max {max(values):.3f}")


def finish(home: Home, n_files: int) -> int:
    """Run the rest to its end; return how many tracks that were.

    Raises:
        RuntimeError: if a track was decided again, or one is missing.
    """
    before = home.decided()
    with home.beet("genreclf") as process:
        *lines, _summary = process.communicate()[0].splitlines()
    again = {line.split()[2].rstrip(":") for line in lines}
    if again & before or len(again | before) != n_files:
        raise RuntimeError(f"decided twice: {sorted(again & before)}")
    return len(lines)


if __name__ == "__main__":
    main()
