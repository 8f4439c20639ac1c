"""Library query to labelled tracks, without anything that we wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import beets
from mediafile import MediaFile, UnreadableFileError

from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.ui.text import track_name, tracks_have
from genre_model import LabelledFile, spelling_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item

#: The field that holds a list; every other one is text.
GENRES = "genres"
#: What taggers write where they know no artist.
NOBODY = ("", "[unknown]", "unknown", "unknown artist")


def labelled_files(
    items: Sequence[Item], field: str = GENRES
) -> tuple[list[LabelledFile], list[str]]:
    """Take the labels of tracks as the user gave them.

    Args:
        items: of the library.
        field: ``genres``, or a flexible field of tracks or albums, whose text may hold
            several labels between semicolons.

    Returns:
        The tracks that have labels of the user's own, and why the others do not count:
        one line for each reason.

    Raises:
        UserError: if the field is one of ours.
    """
    if field in provenance.OUR_FIELDS:
        raise UserError(f"genreclf: {field} is written by genreclf, not by you")
    n_empty = n_ours = 0
    files = []
    ours = OurGenres()
    for item in items:
        labels = _labels(item, field)
        if not labels:
            n_empty += 1
        elif ours.reached(item, labels):
            n_ours += 1
        else:
            files.append(_labelled(item, labels))
    reasons = {f"nothing in {field}": n_empty, "a genre that genreclf wrote": n_ours}
    return files, [f"{tracks_have(n)} {reason}" for reason, n in reasons.items() if n]


def _labels(item: Item, field: str) -> tuple[str, ...]:
    if field == GENRES:
        return tuple(provenance.clean(item.genres))
    value = item.get(field)
    parts = value if isinstance(value, list) else str(value or "").split(";")
    return tuple(part.strip() for part in parts if str(part).strip())


def _labelled(item: Item, labels: tuple[str, ...]) -> LabelledFile:
    by_many = item.comp or item.albumartist == beets.config["va_name"].as_str()
    artist = item.artist if by_many else item.albumartist or item.artist
    return LabelledFile(
        key=str(item.id),
        path=item.filepath,
        labels=labels,
        name=track_name(item),
        artist="" if artist.strip().casefold() in NOBODY else artist,
        album="" if item.album_id is None else str(item.album_id),
        seconds=item.length or 0.0,
    )


class OurGenres:
    """Tells labels that came from genreclf, even indirectly, from the user's."""

    def __init__(self) -> None:
        """Know no album yet."""
        self._of_album: dict[int, set[str]] = {}

    def reached(self, item: Item, labels: Sequence[str]) -> bool:
        """Return True if a label of a track may be one that we wrote.

        Either onto the track, where it still stands among others or in another spelling;
        or onto its album or another track of that, from where beets spreads it: when it
        updates the first track of an album, the others get its genre. Such a label is
        taken for the user's only if we never heard the track and its file holds it.
        """
        present = {spelling_key(label) for label in labels}
        if present & _keys(item.get("genreclf_genres", with_album=False)):
            return True
        if item.album_id is None or not present & self._ours_in_album(item):
            return False
        return bool(item.get("genreclf_model", with_album=False)) or not (
            present <= {spelling_key(genre) for genre in _in_file(item)}
        )

    def _ours_in_album(self, item: Item) -> set[str]:
        album = item.get_album()
        if album is None or album.id is None:
            return set()
        if album.id not in self._of_album:
            ours = _keys(album.get("genreclf_album_genres"))
            for track in album.items():
                ours |= _keys(track.get("genreclf_genres", with_album=False))
            self._of_album[album.id] = ours
        return self._of_album[album.id]


def _keys(written: str | None) -> set[str]:
    return {spelling_key(genre) for genre in provenance.split(written or "")}


def _in_file(item: Item) -> list[str]:
    """Return the genres in a file; none if it cannot be read."""
    try:
        return MediaFile(item.filepath).genres or []
    except (UnreadableFileError, OSError):
        return []
