"""Labels of tracks of the library: genres of the user's own."""

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
    """Return the tracks that have labels of the user's own.

    Args:
        items: of the library.
        field: ``genres``, or a flexible field of tracks or albums, whose text may hold
            several labels between semicolons.

    Returns:
        The tracks, and why the others do not count: one line for each reason.

    Raises:
        UserError: if the plugin writes the field.
    """
    if field in provenance.PLUGIN_FIELDS:
        raise UserError(f"genreclf: {field} is written by genreclf, not by you")
    n_empty = n_ours = 0
    files = []
    by_album: dict[int, set[str]] = {}
    for item in items:
        labels = _labels(item, field)
        if not labels:
            n_empty += 1
        elif _may_be_ours(item, labels, by_album):
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


def _may_be_ours(item: Item, labels: Sequence[str], by_album: dict[int, set[str]]) -> bool:
    """Return True if the plugin may have written a label of a track.

    Either to the track, where it may now be among others or in another spelling; or to
    its album or another track of that, from where beets spreads it: when it updates the
    first track of an album, the others get its genre. Such a label is the user's only if
    the model never predicted the track and the file holds the label.

    Args:
        item: the track.
        labels: of the track.
        by_album: remembers what the plugin wrote to albums.
    """
    present = set(map(spelling_key, labels))
    if present & _keys(item.get("genreclf_genres", with_album=False)):
        return True
    album = item.get_album() if item.album_id is not None else None
    if album is None or album.id is None:
        return False
    if album.id not in by_album:
        by_album[album.id] = _keys(album.get("genreclf_album_genres"))
        for track in album.items():
            by_album[album.id] |= _keys(track.get("genreclf_genres", with_album=False))
    if not present & by_album[album.id]:
        return False
    was_predicted = bool(item.get("genreclf_model", with_album=False))
    return was_predicted or not present <= _in_file(item)


def _keys(genres: str | None) -> set[str]:
    return set(map(spelling_key, provenance.split(genres or "")))


def _in_file(item: Item) -> set[str]:
    """Return the genres in a file; none if it cannot be read."""
    try:
        return set(map(spelling_key, MediaFile(item.filepath).genres or []))
    except (UnreadableFileError, OSError):
        return set()
