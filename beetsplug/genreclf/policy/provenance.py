"""Which genres are ours: what we wrote, and the previous genres.

A genre is *ours* if the present genres equal what ``genreclf_genres`` says we wrote.
Anything else belongs to the user or to another plugin.

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

OUR_FIELDS = (*ITEM_TYPES, *ALBUM_TYPES)


def track_is_ours(item: Item) -> bool:
    """Return True if the genres of a track are what we wrote."""
    return _is_ours(item.genres, item.get("genreclf_genres", with_album=False))


def genres_before_us(item: Item) -> list[str] | None:
    """Return the genres that ours replaced; None if the present ones are not ours."""
    if not track_is_ours(item):
        return None
    return split(item.get("genreclf_previous", "", with_album=False))


def claim_track(
    item: Item, genres: Sequence[str], in_file: Sequence[str] | None = None
) -> None:
    """Set the genres of a track and remember that they are ours, and what they replace.

    Replacing a genre of our own keeps the memory of the previous genres. Going
    back to just that ends our claim to the library, though not to the file.

    Args:
        item: the track.
        genres: to set.
        in_file: what its file holds now; None if that is what the library holds, or
            cannot be known.
    """
    if track_is_ours(item):
        note_file_genres(item, in_file)
    else:
        _remember_what_stands(item, in_file)
    item.genres = list(genres)
    item["genreclf_genres"] = joined(item.genres)
    if item["genreclf_genres"] == item["genreclf_previous"]:
        forget_field(item, "genreclf_genres")


def note_file_genres(item: Item, in_file: Sequence[str] | None) -> None:
    """Look at the file of a track of ours, before what it holds goes.

    A genre that another program wrote or removed after us will be restored in the file.
    """
    if in_file is None:
        return
    emptied = not in_file and _is_written(item)
    if emptied or not file_is_known(item, in_file):
        item["genreclf_file_previous"] = _joined_exactly(in_file)
    elif in_file and file_is_ours(item, in_file):
        # Whoever wrote it: `beet write` does, too.
        item["genreclf_file_genres"] = joined(in_file)


def _remember_what_stands(item: Item, in_file: Sequence[str] | None) -> None:
    ours_in_file = None
    if in_file is not None and file_is_ours(item, in_file):
        # The user changed the library only; the file still waits to be given back.
        ours_in_file, in_file = joined(in_file), file_genres_before_us(item)
    item["genreclf_previous"] = joined(item.genres)
    forget_field(item, "genreclf_file_previous")
    forget_field(item, "genreclf_file_genres")
    if in_file is not None and list(in_file) != split(item["genreclf_previous"]):
        item["genreclf_file_previous"] = _joined_exactly(in_file)
    if ours_in_file:
        item["genreclf_file_genres"] = ours_in_file


def note_written(item: Item) -> None:
    """Remember that we wrote the genres of a track into its file."""
    own = item.keys(with_album=False)
    if "genreclf_genres" in own or "genreclf_file_previous" in own:
        item["genreclf_file_genres"] = joined(item.genres)
        return
    # The user's genres stand in both places, as if we had not been there.
    forget_field(item, "genreclf_file_genres")
    forget_field(item, "genreclf_previous")


def _is_written(item: Item) -> bool:
    return bool(item.get("genreclf_file_genres", with_album=False))


def ever_ours(item: Item) -> bool:
    """Return True if a genre of ours may still be in the library or the file."""
    ours = ("genreclf_genres", "genreclf_file_genres")
    return any(item.get(name, with_album=False) for name in ours)


def file_is_known(item: Item, in_file: Sequence[str]) -> bool:
    """Return True if what the file of a track holds is what the library knows of it.

    Otherwise another program wrote it, past the library.
    """
    return (
        not in_file
        or joined(in_file) == joined(item.genres)
        or file_is_ours(item, in_file)
        or (not _is_written(item) and list(in_file) == file_genres_before_us(item))
    )


def file_is_ours(item: Item, in_file: Sequence[str]) -> bool:
    """Return True if what the file of a track holds is a genre of ours.

    It may be an older one, if the present one was not written; or the present one, that
    another program wrote for us.
    """
    in_both = joined(in_file) == joined(item.genres) and not track_is_ours(item)
    if in_both and item.get("genreclf_file_previous", with_album=False) is None:
        return False  # a user's, not what we were about to write
    ours = ("genreclf_genres", "genreclf_file_genres")
    written = {item.get(name, with_album=False) for name in ours}
    return bool(in_file) and joined(in_file) in written


def file_genres_before_us(item: Item) -> list[str]:
    """Return what to put back into the file of a track that is ours."""
    in_library = item.get("genreclf_previous", "", with_album=False)
    return _split_exactly(item.get("genreclf_file_previous", in_library, with_album=False))


def album_is_ours(album: Album) -> bool:
    """Return True if the genres of an album are what we set."""
    return _is_ours(album.genres, album.get("genreclf_album_genres"))


def album_genres_before_us(album: Album) -> list[str] | None:
    """Return the genres that ours replaced; None if the present ones are not ours."""
    if not album_is_ours(album):
        return None
    return split(album.get("genreclf_album_previous", ""))


def adopt_album(album: Album, first: Item) -> bool:
    """Claim an album whose genre comes from a track of ours.

    A re-import makes the album again and gives it the genres of its first track.

    Returns:
        Whether the album has to be stored.
    """
    if album_is_ours(album) or not track_is_ours(first):
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
    """Set the genres of an album, as :func:`claim_track` does for a track."""
    if not album_is_ours(album):
        album["genreclf_album_previous"] = joined(album.genres)
    album.genres = list(genres)
    album["genreclf_album_genres"] = joined(album.genres)


def forget(item_or_album: Item | Album) -> bool:
    """Remove every field of ours; say whether there was any."""
    # Not any(): each has to go.
    return bool([name for name in OUR_FIELDS if forget_field(item_or_album, name)])


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


def _joined_exactly(genres: Sequence[str]) -> str:
    """Return genres of a file as one text, also if one of them is "Rock; Pop"."""
    import json  # beets gets by without it

    plain = joined(genres)
    return plain if split(plain) == list(genres) else json.dumps(list(genres))


def _split_exactly(text: str) -> list[str]:
    """Undo :func:`_joined_exactly`."""
    import json

    return list(json.loads(text)) if text.startswith('["') else split(text)


def _is_ours(present: Sequence[str], written: str | None) -> bool:
    return bool(written) and joined(present) == written


def forget_field(item_or_album: Item | Album, name: str) -> bool:
    """Remove a field; say whether it was there."""
    try:
        del item_or_album[name]
    except KeyError:  # its own fields only: not what a track shows of its album
        return False
    return True
