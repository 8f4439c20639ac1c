"""Library query to labelled tracks, without anything that we wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import beets

from beetsplug.genreclf import provenance
from beetsplug.genreclf.naming import track_name, tracks_have
from genre_model import LabelledFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item

#: The field that holds a list; every other one is text.
GENRES = "genres"


def labelled_files(
    items: Sequence[Item], field: str = GENRES
) -> tuple[list[LabelledFile], list[str]]:
    """Take the labels of tracks as the person gave them.

    Args:
        items: of the library.
        field: ``genres``, or a flexible field whose text may hold several labels
            between semicolons.

    Returns:
        The tracks that have labels of the person's own, and why the others do not count:
        one line for each reason.
    """
    n_empty = n_ours = 0
    files = []
    for item in items:
        labels = _labels(item, field)
        if not labels:
            n_empty += 1
        elif field == GENRES and is_from_us(item):
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
        artist=artist,
        album="" if item.album_id is None else str(item.album_id),
    )


def is_from_us(item: Item) -> bool:
    """Say whether the genres of a track are what we wrote, or come from its album's.

    beets copies the genre of an album to its tracks, when it updates them for instance.
    A track that we have heard, whose genre is the one that we gave its album, is taken
    for such a copy.
    """
    if provenance.track_is_ours(item):
        return True
    if not item.get("genreclf_model", with_album=False):
        return False
    album = item.get_album()
    return (
        album is not None
        and provenance.album_is_ours(album)
        and provenance.joined(item.genres) == provenance.joined(album.genres)
    )
