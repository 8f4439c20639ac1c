"""A beets library of every container, which can be compared with what it was.

The songs need ``tests/`` beside this folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError
from mediafile import MediaFile, UnreadableFileError

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import CONTAINERS, music, write_audio

SECONDS = 6.0
__all__ = ["CONTAINERS", "FaultHome", "music", "write_audio"]

#: Titles end with a number; every other song has a genre of its own, a tag or none.
N_EACH = 2


@dataclass(frozen=True)
class FaultHome:
    """Configuration, library and music, in folders that may lie on different disks."""

    folder: Path
    music: Path

    def create(self) -> None:
        """Encode the songs; nothing is imported."""
        self.music.mkdir(parents=True)
        self.folder.mkdir(exist_ok=True)
        for kind, (suffix, codec, _) in CONTAINERS.items():
            for number in range(N_EACH):
                path = self.music / f"{kind} {number}{suffix}"
                write_audio(path, music(SECONDS, seed=number), codec=codec)
                media_file = MediaFile(path)
                media_file.update({"title": path.stem, "artist": f"artist {number}"})
                media_file.save()
        self.configure()

    def configure(self) -> None:
        """Write the configuration."""
        settings = {
            "directory": str(self.music),
            "library": str(self.folder / "library.db"),
            "plugins": ["genreclf"],
            "import": {"copy": False, "write": True},
            "genreclf": {"min_confidence": 0, "asis": "write"},
        }
        # JSON is YAML.
        (self.folder / "config.yaml").write_text(json.dumps(settings), "utf-8")

    def copy_to(self, folder: Path, music: Path | None = None) -> FaultHome:
        """Copy everything; beets keeps paths relative to its music folder."""
        copy = FaultHome(folder, music or folder / "music")
        folder.mkdir()
        for path in self.folder.iterdir():
            if path.is_file():
                shutil.copy2(path, folder)
        if (self.folder / "genreclf").exists():
            shutil.copytree(self.folder / "genreclf", folder / "genreclf")
        shutil.copytree(self.music, copy.music, dirs_exist_ok=True)
        copy.configure()
        return copy

    def beet(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "beets", *arguments],
            env=os.environ | {"BEETSDIR": str(self.folder), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; return its exit status and what it printed."""
        with self.beet(*arguments) as process:
            printed = process.communicate()[0]
        return process.returncode, printed

    def files(self) -> list[Path]:
        """List the songs."""
        return sorted(p for p in self.music.rglob("*.*") if not p.name.startswith("."))

    def leftovers(self) -> list[Path]:
        """List what is neither song nor library."""
        hidden = self.music.rglob(".*")
        partial = self.folder.rglob("*.partial")
        return [*hidden, *partial]

    def samples(self) -> dict[str, int]:
        """Return, by file name, a checksum of everything that decodes."""
        return {path.name: samples_of(path) for path in self.files()}

    def genres_in_files(self) -> dict[str, list[str] | None]:
        """Return, by file name, the genres; None if no tag can be read."""
        return {path.name: genres_of(path) for path in self.files()}

    def genres_in_library(self) -> dict[str, list[str]]:
        """Return the genres, by file name."""
        with closing(sqlite3.connect(self.folder / "library.db")) as connection:
            rows = connection.execute("SELECT path, genres FROM items").fetchall()
        return {
            Path(os.fsdecode(path)).name: genres.split("\\␀") if genres else []
            for path, genres in rows
        }

    def n_rows(self) -> int:
        """Count the tracks of the library."""
        with closing(sqlite3.connect(self.folder / "library.db")) as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM items").fetchone()
        return int(count)


def samples_of(path: Path) -> int:
    """Return a checksum of everything that decodes; 0 if nothing does."""
    parts = []
    try:
        with av.open(str(path)) as container:
            parts = [frame.to_ndarray().tobytes() for frame in container.decode(audio=0)]
    except (FFmpegError, OSError):
        return 0
    return hash(b"".join(parts))


def genres_of(path: Path) -> list[str] | None:
    """Return the genres in a file; None if no tag can be read."""
    try:
        return list(MediaFile(path).genres or [])
    except (UnreadableFileError, OSError):
        return None
