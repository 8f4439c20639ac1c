"""Which genres the plugin wrote, and the previous genres.

The plugin wrote the current genres if they equal ``genreclf_genres``. All others belong
to the user or to another plugin.

Albums use field names of their own. A track without a flexible field shows its album's,
and a re-import copies an album's flexible fields onto all tracks, so a shared name
would put one track's facts on another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beets.dbcore import types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Album, Item

ITEM_TYPES: dict[str, types.Type[Any, Any]] = {
    "genreclf_genres": types.STRING,
    "genreclf_confidence": types.NullFloat(3),
    "genreclf_model": types.STRING,
    "genreclf_scores": types.STRING,
    "genreclf_strangeness": types.NullFloat(4),
    "genreclf_length": types.NullFloat(1),
    "genreclf_previous": types.STRING,
    "genreclf_file_previous": types.STRING,
    "genreclf_file_genres": types.STRING,
}

ALBUM_TYPES: dict[str, types.Type[Any, Any]] = {
    "genreclf_agreement": types.NullFloat(2),
    "genreclf_album_genres": types.STRING,
    "genreclf_album_previous": types.STRING,
}

PLUGIN_FIELDS = (*ITEM_TYPES, *ALBUM_TYPES)


def track_is_by_plugin(item: Item) -> bool:
    """Return True if the plugin wrote the genres of a track in the library."""
    return is_claimed(item.genres, item.get("genreclf_genres", with_album=False))


def album_is_by_plugin(album: Album) -> bool:
    """Return True if the plugin set the genres of an album."""
    return is_claimed(album.genres, album.get("genreclf_album_genres"))


def previous_album_genres(album: Album) -> list[str] | None:
    """Return the genres before those of the plugin; None if the user has changed these."""
    if not album_is_by_plugin(album):
        return None
    return split(album.get("genreclf_album_previous", ""))


def adopt_album(album: Album, first: Item) -> bool:
    """Claim an album whose genre comes from a track that the plugin tagged.

    A re-import makes the album again and gives it the genres of its first track.

    Returns:
        Whether the album has to be stored.
    """
    if album_is_by_plugin(album) or not track_is_by_plugin(first):
        return False
    if joined(album.genres) != joined(first.genres):
        return False
    if chosen := album.get("genreclf_album_genres"):
        album.genres = split(chosen)
    else:
        album["genreclf_album_genres"] = joined(album.genres)
        previous = first.get("genreclf_previous", "", with_album=False)
        album["genreclf_album_previous"] = previous
    return True


def claim_album(album: Album, genres: Sequence[str]) -> None:
    """Set the genres of an album, and note the previous ones."""
    if not album_is_by_plugin(album):
        album["genreclf_album_previous"] = joined(album.genres)
    album.genres = list(genres)
    album["genreclf_album_genres"] = joined(album.genres)


def forget(item_or_album: Item | Album) -> bool:
    """Remove every field of the plugin; return True if there was one."""
    # Not any(): each has to go.
    return bool([name for name in PLUGIN_FIELDS if forget_field(item_or_album, name)])


def joined(genres: Sequence[str]) -> str:
    """Return genres as one text; blank ones say nothing."""
    # beets splits a genre that holds "; ", so this loses nothing.
    return "; ".join(clean(genres))


def clean(genres: Sequence[str]) -> list[str]:
    """Leave out blank genres."""
    return [genre for genre in genres if genre.strip()]


def split(text: str) -> list[str]:
    """Undo :func:`joined`."""
    return text.split("; ") if text else []


def is_claimed(present: Sequence[str], written: str | None) -> bool:
    """Return True if genres are those that the plugin chose."""
    return bool(written) and joined(present) == written


def forget_field(item_or_album: Item | Album, name: str) -> bool:
    """Remove a field; return True if it was there."""
    try:
        del item_or_album[name]
    except KeyError:  # its own fields only: not what a track shows of its album
        return False
    return True
