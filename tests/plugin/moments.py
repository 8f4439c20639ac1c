"""What happens in the middle of a run: other programs, signals, full disks.

Moments are named by what anybody can see of a run: an event that beets sends to plugins, a
call of beets or MediaFile, or a row of the database.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING, Any

import mutagen.id3
import pytest
from beets import plugins
from beets.dbcore.db import Transaction
from beets.library import Album, Item
from mediafile import MediaFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin.conftest import BeetsHome


class Moment(Enum):
    """A moment of writing a genre, in the order of a run."""

    PREDICTED = auto()
    FILE_READ = auto()
    INTENT_STORED = auto()
    BEFORE_WRITE = auto()
    COPY_EDITED = auto()
    AFTER_WRITE = auto()
    GENRE_STORED = auto()
    ALBUM_READ = auto()


@dataclass
class Moments:
    """Lets something happen the first time that a moment comes.

    Attributes:
        home: whose library it is.
        awaited: moments that have not come yet.
    """

    home: BeetsHome
    awaited: dict[Moment, pytest.MonkeyPatch] = field(default_factory=dict)

    def at(self, moment: Moment, happen: Callable[[], object]) -> None:
        """Arrange it for the next run."""
        owner, name, has_come = self._watched(moment)
        call = getattr(owner, name)
        patch = self.awaited[moment] = pytest.MonkeyPatch()

        def call_then_happen(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            if has_come(*args) and self.awaited.get(moment) is patch:
                del self.awaited[moment]
                patch.undo()
                happen()
            return result

        patch.setattr(owner, name, call_then_happen)

    def close(self) -> None:
        """Stop waiting."""
        for patch in self.awaited.values():
            patch.undo()

    def _watched(self, moment: Moment) -> tuple[Any, str, Callable[..., bool]]:
        stored = self._genres()
        watched: dict[Moment, tuple[Any, str, Callable[..., bool]]] = {
            Moment.PREDICTED: (self.home.classifier, "predict_file", _always),
            Moment.FILE_READ: (MediaFile, "__init__", _always),
            Moment.INTENT_STORED: (Item, "store", _has_intent),
            Moment.BEFORE_WRITE: (plugins, "send", lambda event: event == "write"),
            Moment.COPY_EDITED: (MediaFile, "save", _always),
            Moment.AFTER_WRITE: (plugins, "send", lambda event: event == "after_write"),
            Moment.GENRE_STORED: (
                Transaction,
                "__exit__",
                lambda *_: self._genres() != stored,
            ),
            Moment.ALBUM_READ: (Album, "items", _always),
        }
        return watched[moment]

    def _genres(self) -> list[tuple[int, str]]:
        """Return the genres of all tracks as other programs see them."""
        with closing(sqlite3.connect(self.home.database)) as connection:
            return connection.execute("SELECT id, genres FROM items ORDER BY 1").fetchall()


def fail_saves(
    monkeypatch: pytest.MonkeyPatch, error: int, *, only: int | None = None
) -> None:
    """Refuse all saves of MP3 files from now on, or the one of that number."""
    save, n_saved = mutagen.id3.ID3.save, count()

    def fail(*args: Any, **kwargs: Any) -> None:
        if only is None or next(n_saved) == only:
            raise OSError(error, os.strerror(error))
        save(*args, **kwargs)

    monkeypatch.setattr(mutagen.id3.ID3, "save", fail)


def _always(*_args: object) -> bool:
    return True


def _has_intent(item: Item, *_args: object) -> bool:
    return "genreclf_file_genres" in item.keys(with_album=False)
