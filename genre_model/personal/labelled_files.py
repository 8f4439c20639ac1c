"""Files that a user has labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class LabelledFile:
    """One track and what a user calls its genre.

    Attributes:
        key: identifies the track in its collection, such as an id of a library.
        path: of the audio.
        labels: genres, the main one first, as the user spells them.
        name: what the track is called in reports.
        artist: of the album, or of the track where the album is by many; empty if
            nobody knows.
        album: identifies the album; empty if there is none.
        seconds: its length, by the header of the file; 0 if it is not known.
    """

    key: str
    path: Path
    labels: tuple[str, ...]
    name: str
    artist: str = ""
    album: str = ""
    seconds: float = 0.0
