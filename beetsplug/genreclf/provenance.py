"""Which genres are ours: what we wrote, how sure we were, what stood there before.

A genre is *ours* if the present genres equal what ``genreclf_genres`` says we wrote.
Anything else belongs to the person or to another plugin.

Albums use field names of their own. A track without a flexible field shows its album's,
and a re-import copies an album's flexible fields onto all tracks, so a shared name
would put one track's facts on another.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    "genreclf_previous": types.STRING,
}

ALBUM_TYPES: dict[str, types.Type[Any, Any]] = {
    "genreclf_album_genres": types.STRING,
    "genreclf_album_previous": types.STRING,
}


@dataclass(frozen=True)
class Listening:
    """What listening to a track gave.

    Attributes:
        model_id: the model, by name and content.
        confidence: probability of the best genre.
        scores: the best genres with their probabilities, for people.
    """

    model_id: str
    confidence: float
    scores: str


def track_is_ours(item: Item) -> bool:
    """Say whether the genres of a track are what we wrote."""
    return _is_ours(item.genres, item.get("genreclf_genres", with_album=False))


def claim_track(item: Item, genres: Sequence[str]) -> None:
    """Set the genres of a track and remember that they are ours, and what they replace.

    Replacing a genre of our own keeps the memory of what stood there before us.
    """
    if not track_is_ours(item):
        item["genreclf_previous"] = _joined(item.genres)
    item.genres = list(genres)
    item["genreclf_genres"] = _joined(item.genres)


def note_listening(item: Item, listening: Listening) -> None:
    """Remember that a model heard this track, whatever came of it."""
    item["genreclf_model"] = listening.model_id
    item["genreclf_confidence"] = listening.confidence
    item["genreclf_scores"] = listening.scores


def last_listening(item: Item) -> Listening | None:
    """Return what the last model to hear this track said; None if none did."""
    model_id = item.get("genreclf_model", with_album=False)
    confidence = item.get("genreclf_confidence", with_album=False)
    if not model_id or confidence is None:
        return None
    scores = item.get("genreclf_scores", "", with_album=False)
    return Listening(model_id, confidence, scores)


def album_is_ours(album: Album) -> bool:
    """Say whether the genres of an album are what we set."""
    return _is_ours(album.genres, album.get("genreclf_album_genres"))


def claim_album(album: Album, genres: Sequence[str]) -> None:
    """Set the genres of an album, as :func:`claim_track` does for a track."""
    if not album_is_ours(album):
        album["genreclf_album_previous"] = _joined(album.genres)
    album.genres = list(genres)
    album["genreclf_album_genres"] = _joined(album.genres)


def _is_ours(present: Sequence[str], written: str | None) -> bool:
    return bool(written) and _joined(present) == written


def _joined(genres: Sequence[str]) -> str:
    # beets splits a genre that holds "; ", so this loses nothing.
    return "; ".join(genre for genre in genres if genre.strip())
