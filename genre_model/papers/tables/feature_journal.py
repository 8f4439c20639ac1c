"""Rows of a feature table that is being computed, kept file by file."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

from genre_model.atomic_file import write_atomically
from genre_model.errors import AudioDecodeError
from genre_model.personal.embedding_store import file_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Row = list[str | float]

log = logging.getLogger(__name__)


class FeatureJournal:
    """A file beside the table with one line per computed audio file.

    Args:
        path: of the journal; what it holds of other settings is thrown away.
        settings: everything that changes the numbers, as plain JSON values.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self._head = json.dumps(settings, sort_keys=True)
        self._rows_of = self._read()

    def rows(self, audio_path: Path) -> list[Row] | None:
        """Return the rows of an audio file as it is now, if they are known."""
        return self._rows_of.get(_key(audio_path))

    def append(self, audio_path: Path, rows: list[Row]) -> None:
        """Keep the rows of one more audio file."""
        key = _key(audio_path)
        self._rows_of[key] = rows
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(key, rows))
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete what only an unfinished table needs."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, list[Row]]:
        """Read what is intact, and leave only that: a kill may have torn the last line."""
        text = self.path.read_text("utf-8", "replace") if self.path.exists() else ""
        head, *lines = text.splitlines() or [""]
        entries = [_entry(line) for line in lines] if head == self._head else []
        known = dict(entry for entry in entries if entry is not None)
        if known:
            log.info("%s: %d files were computed before", self.path, len(known))
        content = f"{self._head}\n" + "".join(_line(*entry) for entry in known.items())
        write_atomically(self.path, content.encode())
        return known


def _key(audio_path: Path) -> str:
    if (identity := file_identity(audio_path)) is None:
        raise AudioDecodeError(f"{audio_path}: cannot be read: there is no such file")
    return repr(identity)


def _line(key: str, rows: list[Row]) -> str:
    return json.dumps({"file": key, "rows": rows}) + "\n"


def _entry(line: str) -> tuple[str, list[Row]] | None:
    try:
        values = json.loads(line)
        return values["file"], values["rows"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return None
