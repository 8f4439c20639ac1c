"""The policy: what the model heard and what stands there decide the genres of a track.

Nothing here knows audio, files or beets objects.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from beetsplug.genreclf.options import Policy


class Outcome(Enum):
    """What became of a track; the value is the wording of the summary."""

    TAGGED = "tagged"
    ABSTAINED = "abstained"
    UNREADABLE = "unreadable"
    FALLBACK = "given the fallback"
    NOT_WRITTEN = "not written"
    CAUGHT_UP = "written into the file"
    UNCHANGED = "unchanged"
    ABSTAINED_AGAIN = "abstained as before"
    HAD_GENRE = "already had a genre"
    NOT_OURS = "not written by genreclf"
    UP_TO_DATE = "already by this model"
    REVERTED = "reverted"
    CHANGED_SINCE = "changed since, left alone"


ALWAYS_COUNTED = (Outcome.TAGGED, Outcome.ABSTAINED, Outcome.UNREADABLE)
FAILURES = (Outcome.UNREADABLE, Outcome.NOT_WRITTEN)


class Tally(Counter[Outcome]):
    """How many tracks came to each outcome."""

    def summary(self, always: Collection[Outcome] = ALWAYS_COUNTED) -> str:
        """Say it in one line, such as ``5 tagged, 1 abstained, 1 unreadable``."""
        return ", ".join(
            f"{self[outcome]} {outcome.value}"
            for outcome in Outcome
            if self[outcome] or outcome in always
        )

    def failures(self) -> int:
        """Return how many tracks could not be read or written."""
        return sum(self[outcome] for outcome in FAILURES)


@dataclass(frozen=True)
class Decision:
    """What to do with one track.

    Attributes:
        outcome: how the summary counts it.
        genres: the genres to write; None leaves what stands there alone.
        reason: for people, such as ``abstained: rock 0.31 < 0.45``.
    """

    outcome: Outcome
    genres: tuple[str, ...] | None
    reason: str


@dataclass(frozen=True)
class Candidate:
    """A genre that may be written.

    Attributes:
        genre: as the model or the label map spells it.
        probability: summed over its labels, which exclude each other.
        labels: that are written as this genre.
    """

    genre: str
    probability: float
    labels: frozenset[str]


def has_genre(genres: Sequence[str]) -> bool:
    """Say whether any genre stands there.

    A cleared APEv2 tag (WavPack, Monkey's Audio) is read back as one empty genre.
    """
    return any(genre.strip() for genre in genres)


def choose_tags(
    scores: Mapping[str, float],
    present: Sequence[str],
    policy: Policy,
    *,
    artists: Collection[str] = (),
    before_us: Sequence[str] | None = None,
) -> Decision:
    """Decide about one track; a genre is never erased.

    Args:
        scores: label of the model -> probability, best first; none if there was too
            little to hear.
        present: the genres that the track carries now.
        policy: what the person chose.
        artists: of the track, for labels that are ignored for one artist.
        before_us: the genres that ours replaced; None if the present ones are not ours.

    Returns:
        The genres to write, or None to leave what stands there; and why.
    """
    standing = tuple(genre for genre in present if genre.strip())
    if standing and not policy.force:
        return Decision(Outcome.HAD_GENRE, None, f"already {', '.join(standing)}")
    candidates = rank_genres(scores, policy, artists)
    if doubt := _doubt(candidates, scores, policy):
        return _abstain(standing, doubt, policy)
    kept: tuple[str, ...] = ()
    if policy.keep_existing:
        kept = standing if before_us is None else tuple(before_us)
    chosen = [each for each in candidates if each.probability >= policy.min_confidence]
    return _write(kept, standing, chosen, policy)


def rank_genres(
    scores: Mapping[str, float], policy: Policy, artists: Collection[str] = ()
) -> list[Candidate]:
    """Turn labels of the model into genres that may be written, most probable first."""
    ignored = policy.ignore.get("*", frozenset()).union(
        *(policy.ignore.get(artist.lower(), ()) for artist in artists)
    )
    # "Rock" that a person writes for metal, and the label "rock", are one genre.
    spellings: dict[str, str] = {}
    for genre in chain.from_iterable(policy.label_map.values()):
        spellings.setdefault(genre.casefold(), genre)
    labels_of: defaultdict[str, set[str]] = defaultdict(set)
    for label in scores:
        if label.lower() not in ignored:
            for genre in policy.label_map.get(label.lower(), (label,)):
                labels_of[spellings.get(genre.casefold(), genre)].add(label)
    candidates = [
        Candidate(genre, _sum(scores[label] for label in labels), frozenset(labels))
        for genre, labels in labels_of.items()
    ]
    return sorted(candidates, key=lambda candidate: -candidate.probability)


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


def _doubt(
    candidates: list[Candidate], scores: Mapping[str, float], policy: Policy
) -> str | None:
    """Say why the best genre cannot be written; None if it can."""
    if not scores:
        return "too little to hear"
    if not candidates:
        return "every label is ignored or written as nothing"
    best = candidates[0]
    named = f"{best.genre} {best.probability:.2f}"
    if best.probability < policy.min_confidence:
        # Rounded down where rounding would hide the difference: never "0.45 < 0.45".
        limit = policy.min_confidence
        shown = f"{best.genre} {_shown_below(best.probability, limit)} < {limit:g}"
        top = max(scores, key=scores.__getitem__)
        written = any(top in candidate.labels for candidate in candidates)
        return shown if written else f"{shown}; {top} {scores[top]:.2f} is not written"
    rivals = {label: value for label, value in scores.items() if label not in best.labels}
    rival, rivalling = max(rivals.items(), key=itemgetter(1), default=("", 0.0))
    lead = _sum((best.probability, -rivalling))
    if lead < 0:  # or it would be a genre, and the best one
        return f"{named} is behind {rival} {rivalling:.2f}, which is not written"
    if lead < policy.min_margin:
        shown = _shown_below(lead, policy.min_margin)
        return f"{named} leads {rival} {rivalling:.2f} by {shown} < {policy.min_margin:g}"
    return None


def _abstain(standing: tuple[str, ...], doubt: str, policy: Policy) -> Decision:
    if policy.fallback is not None and not standing:
        reason = f"{policy.fallback}, the fallback ({doubt})"
        return Decision(Outcome.FALLBACK, (policy.fallback,), reason)
    return Decision(Outcome.ABSTAINED, None, f"abstained: {doubt}")


def _write(
    kept: tuple[str, ...],
    standing: tuple[str, ...],
    chosen: list[Candidate],
    policy: Policy,
) -> Decision:
    known = {genre.casefold() for genre in kept}
    new = [
        (_spelled(candidate.genre, policy), candidate.probability)
        for candidate in chosen
        if candidate.genre.casefold() not in known
    ][: max(0, policy.count - len(kept))]
    genres = (*kept, *(genre for genre, _ in new))
    words = ", ".join(f"{genre} {probability:.2f}" for genre, probability in new)
    if kept:
        words = f"{words or 'nothing new'} (kept: {', '.join(kept)})"
    elif standing and standing != genres:
        words = f"{words} (was: {', '.join(standing)})"
    if standing == genres:
        return Decision(Outcome.UNCHANGED, None, f"{words} (unchanged)")
    return Decision(Outcome.TAGGED, genres, words)


def _sum(values: Iterable[float]) -> float:
    """Add probabilities; 0.5 - 0.4 is 0.1 to people, who compare it with 0.1."""
    return round(sum(values), 6)


def _spelled(genre: str, policy: Policy) -> str:
    """Capitalise what is written in lower case; people mean their own capitals."""
    return genre.title() if policy.title_case and genre == genre.lower() else genre


def _shown_below(value: float, limit: float) -> str:
    shown = f"{value:.2f}"
    return shown if float(shown) < limit else f"{math.floor(value * 100) / 100:.2f}"
