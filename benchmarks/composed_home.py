"""A beets library of composed songs in a temporary folder, for benchmarks.

The songs need ``tests/`` beside this folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediafile import MediaFile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import music, write_audio

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Different pieces; all files are copies of these under other titles.
N_PIECES = 8


@dataclass(frozen=True)
class ComposedHome:
    """Configuration, library and music in one folder; may be copied elsewhere."""

    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def music(self) -> Path:
        """Where the files lie."""
        return self.folder / "music"

    @property
    def models(self) -> Path:
        """Where the user's own models lie."""
        return self.folder / "genreclf"

    def create(self, n_files: int, seconds: float, n_artists: int = 1) -> None:
        """Compose the songs and import them without genres, one artist after the other."""
        self.music.mkdir(parents=True)
        pieces = [
            write_audio(self.folder / f"piece {seed}.mp3", music(seconds, seed=seed))
            for seed in range(N_PIECES)
        ]
        for number in range(n_files):
            path = self.music / f"{number:03}.mp3"
            shutil.copyfile(pieces[number % N_PIECES], path)
            artist = f"artist {number * n_artists // n_files}"
            media_file = MediaFile(path)
            media_file.update({"title": f"{number:03}", "artist": artist})
            media_file.save()
        for piece in pieces:
            piece.unlink()
        self.configure()
        self.run("import", "-q", "-A", "-C", "-s", str(self.music))

    def copy_to(self, folder: Path) -> ComposedHome:
        """Copy everything; beets keeps paths relative to its music folder."""
        shutil.copytree(self.folder, folder)
        copy = ComposedHome(folder, self.options)
        copy.configure()
        return copy

    def configure(self) -> None:
        """Write the configuration."""
        settings = {
            "directory": str(self.music),
            "library": str(self.folder / "library.db"),
            "plugins": ["genreclf"],
            "genreclf": {"auto": False, **self.options},
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

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            RuntimeError: if it failed.
        """
        with self.beet(*arguments) as process:
            printed = process.communicate()[0]
        if process.returncode:
            raise RuntimeError(f"beet {arguments[0]}: {process.returncode}: {printed}")
        return printed
