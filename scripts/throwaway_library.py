"""A beets library in a temporary folder, which leaves all music where and as it is.

Beets is told to copy, move and write nothing, and it gets links to the songs instead of
their folder: to files without an extension it would add a copy with one beside them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = {
    "plugins": ["genreclf"],
    "create_backup_before_migrations": False,
    "import": {
        "copy": False,
        "move": False,
        "write": False,
        "autotag": False,
        "resume": False,
        "duplicate_action": "keep",
        "remux_mp3_in_wav": False,
    },
}

#: The separators that ASCII has for records and units; titles do not hold them.
RECORD, UNIT = "\x1e", "\x1f"


class BeetError(Exception):
    """A ``beet`` command has failed; the message ends with what it said last."""


class Row(NamedTuple):
    """What the library holds about one song; empty strings where it holds nothing."""

    path: str
    artist: str
    title: str
    genres: str
    our_genres: str
    previous_genres: str
    confidence: str
    scores: str
    strangeness: str


ROW_FORMAT = RECORD + UNIT.join(
    [
        "$path",
        "$artist",
        "$title",
        "$genres",
        "%ifdef{genreclf_genres,$genreclf_genres}",
        "%ifdef{genreclf_previous,$genreclf_previous}",
        "%ifdef{genreclf_confidence,$genreclf_confidence}",
        "%ifdef{genreclf_scores,$genreclf_scores}",
        "%ifdef{genreclf_strangeness,$genreclf_strangeness}",
    ]
)


@dataclass(frozen=True)
class ThrowawayLibrary:
    """Configuration, database and links to songs, all below one folder."""

    home: Path

    @property
    def music(self) -> Path:
        """The folder of links."""
        return self.home / "music"

    def create(self, songs: Sequence[Path]) -> None:
        """Write the configuration and one numbered link for each song.

        Raises:
            OSError: where links are not allowed, as on some Windows systems.
        """
        library = {"directory": str(self.music), "library": str(self.home / "songs.db")}
        # JSON is YAML that needs no care for quotes.
        text = json.dumps(library | CONFIG)
        (self.home / "config.yaml").write_text(text, encoding="utf-8")
        for number, song in enumerate(songs):
            folder = self.music / f"{number:06}"
            folder.mkdir(parents=True)
            (folder / song.name).symlink_to(song)

    def show(self, *arguments: str, only: str = "", may_fail: bool = False) -> None:
        """Run a ``beet`` command and show it with what it prints.

        Args:
            arguments: of the command.
            only: show the lines that begin like this; the empty text shows all.
            may_fail: a damaged song is no reason to stop.

        Raises:
            BeetError: if the command fails.
        """
        shown = shlex.join(arguments).replace(str(self.music), "MUSIC")
        print(f"\n$ beet {shown}{f' | grep {only}' if only else ''}", flush=True)
        line = ""
        with subprocess.Popen(  # noqa: S603
            self._command(arguments),
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                if line.startswith(only):
                    print(line, end="", flush=True)
        if process.returncode and not may_fail:
            raise BeetError(f"beet ended with {process.returncode}: {line.strip()}")

    def rows(self, query: str = "") -> dict[int, Row]:
        """Return what the library holds, by number of the song."""
        text = subprocess.run(  # noqa: S603
            self._command(["ls", "-f", ROW_FORMAT, query]),
            env=self._environment(),
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ).stdout
        records = (record.rstrip("\r\n") for record in text.split(RECORD)[1:])
        rows = [Row(*record.split(UNIT)) for record in records]
        return {int(Path(row.path).parent.name): row for row in rows}

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "beets", *arguments]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"BEETSDIR": str(self.home), "PYTHONUTF8": "1"}
