"""The policy: what the model says and what stands there decide what a track is tagged.

Nothing here knows audio, files or beets objects.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beetsplug.genreclf.options import Options


class Outcome(Enum):
    """What became of a track; the value is the wording of the summary."""

    TAGGED = "tagged"
    UNSURE = "unsure"
    UNREADABLE = "unreadable"
    NOT_WRITTEN = "not written"
    UNCHANGED = "unchanged"
    STILL_UNSURE = "still unsure"
    HAD_GENRE = "already had a genre"


ALWAYS_COUNTED = (Outcome.TAGGED, Outcome.UNSURE, Outcome.UNREADABLE)


class Tally(Counter[Outcome]):
    """How many tracks came to each outcome."""

    def summary(self) -> str:
        """Say it in one line, such as ``5 tagged, 1 unsure, 1 unreadable``."""
        return ", ".join(
            f"{self[outcome]} {outcome.value}"
            for outcome in Outcome
            if self[outcome] or outcome in ALWAYS_COUNTED
        )


@dataclass(frozen=True)
class Decision:
    """What to do with one track.

    Attributes:
        outcome: how the summary counts it.
        genres: the genres to write; None leaves what stands there alone.
        reason: for people, such as ``unsure (rock 0.31 < 0.45)``.
    """

    outcome: Outcome
    genres: tuple[str, ...] | None
    reason: str


def has_genre(genres: Sequence[str]) -> bool:
    """Say whether any genre stands there.

    A cleared APEv2 tag (WavPack, Monkey's Audio) is read back as one empty genre.
    """
    return any(genre.strip() for genre in genres)


def choose_tags(
    ranked: Sequence[tuple[str, float]], present: Sequence[str], options: Options
) -> Decision:
    """Decide about one track; a genre is never erased.

    Args:
        ranked: the model's genres and their probabilities, best first.
        present: the genres that the track carries now.
        options: ``force``, ``min_confidence`` and ``title_case`` matter.
    """
    genre, confidence = ranked[0]
    standing = [tag for tag in present if tag.strip()]
    if standing and not options.force:
        return Decision(Outcome.HAD_GENRE, None, f"already {', '.join(standing)}")
    if not confidence >= options.min_confidence:
        shown = f"{confidence:.2f}"
        if float(shown) >= options.min_confidence:
            # Rounded down, so that 0.449 never reads "0.45 < 0.45".
            shown = f"{math.floor(confidence * 100) / 100:.2f}"
        reason = f"unsure ({genre} {shown} < {options.min_confidence:g})"
        return Decision(Outcome.UNSURE, None, reason)
    tag = genre.title() if options.title_case else genre
    if standing == [tag]:
        return Decision(Outcome.UNCHANGED, None, f"{tag} {confidence:.2f} (unchanged)")
    was = f" (was: {', '.join(standing)})" if standing else ""
    return Decision(Outcome.TAGGED, (tag,), f"{tag} {confidence:.2f}{was}")


def choose_album_genre(tracks: Iterable[tuple[Sequence[str], float]]) -> str | None:
    """Choose the genre that most tracks of an album carry.

    Args:
        tracks: for each track its genres, and our confidence in them (0 if not ours).

    Returns:
        The most frequent genre; of equally frequent ones the one with the higher summed
        confidence, then the one that comes first. None if no track has a genre.
    """
    votes: defaultdict[str, list[float]] = defaultdict(list)
    for genres, confidence in tracks:
        for genre in genres:
            if genre.strip():
                votes[genre].append(confidence)
    return max(
        votes, key=lambda genre: (len(votes[genre]), sum(votes[genre])), default=None
    )
