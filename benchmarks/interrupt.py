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
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mediafile import MediaFile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import music, write_audio

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Different pieces; all files are copies of these under other titles.
N_PIECES = 8
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
class Home:
    """Configuration, library and music in one folder; may be copied elsewhere."""

    folder: Path

    @property
    def music(self) -> Path:
        """Where the files lie."""
        return self.folder / "music"

    def create(self, n_files: int) -> None:
        """Compose the songs and import them without genres."""
        self.music.mkdir(parents=True)
        pieces = [
            write_audio(self.folder / f"piece {seed}.mp3", music(SECONDS, seed=seed))
            for seed in range(N_PIECES)
        ]
        for number in range(n_files):
            path = self.music / f"{number:03}.mp3"
            shutil.copyfile(pieces[number % N_PIECES], path)
            media_file = MediaFile(path)
            media_file.update({"title": f"{number:03}", "artist": "Ann"})
            media_file.save()
        for piece in pieces:
            piece.unlink()
        self.configure()
        with self.beet("import", "-q", "-A", "-C", "-s", str(self.music)) as process:
            process.communicate()

    def copy_to(self, folder: Path) -> Home:
        """Copy everything; beets keeps paths relative to its music folder."""
        shutil.copytree(self.folder, folder)
        copy = Home(folder)
        copy.configure()
        return copy

    def configure(self) -> None:
        """Write the configuration."""
        settings = {
            "directory": str(self.music),
            "library": str(self.folder / "library.db"),
            "plugins": ["genreclf"],
            "genreclf": {"auto": False, "min_confidence": 0.3},
        }
        # JSON is YAML.
        (self.folder / "config.yaml").write_text(json.dumps(settings), "utf-8")

    def beet(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "beets", *arguments],
            env=os.environ | {"BEETSDIR": str(self.folder), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

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
        template.create(arguments.files)
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
