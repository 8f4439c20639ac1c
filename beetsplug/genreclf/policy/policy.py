"""The policy: a prediction and the current genres decide the genres of a track.

Nothing here knows audio, files or beets objects.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy.candidates import rank_genres, reason_to_abstain
from genre_model import spelling_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from beetsplug.genreclf.config.options import Policy
    from beetsplug.genreclf.policy.candidates import Candidate
    from beetsplug.genreclf.policy.vocabulary import GenreNames


class Outcome(Enum):
    """The outcome of a track; the value is the wording of the summary."""

    TAGGED = "tagged"
    ABSTAINED = "abstained"
    UNREADABLE = "unreadable"
    FALLBACK = "given the fallback"
    NOT_WRITTEN = "not written"
    CAUGHT_UP = "written into the file"
    UNCHANGED = "unchanged"
    ABSTAINED_AGAIN = "abstained as before"
    HAD_GENRE = "already had a genre"
    NOT_BY_PLUGIN = "not written by genreclf"
    UP_TO_DATE = "already by this model"
    REVERTED = "reverted"
    CHANGED_SINCE = "changed since, left alone"


ALWAYS_COUNTED = (Outcome.TAGGED, Outcome.ABSTAINED, Outcome.UNREADABLE)
FAILURES = (Outcome.UNREADABLE, Outcome.NOT_WRITTEN)
#: Outcomes that a line about a track names.
NAMED = (Outcome.UNCHANGED, Outcome.CAUGHT_UP)


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
        genres: the genres to write; None leaves the current genres alone.
        words: for people, such as ``abstained: rock 0.31 < 0.45``.
        notes: what else there is to say, each in brackets.
    """

    outcome: Outcome
    genres: tuple[str, ...] | None
    words: str
    notes: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The line for people."""
        named = (f"({self.outcome.value})",) if self.outcome in NAMED else ()
        return " ".join((self.words, *named, *self.notes))

    def with_note(self, note: str) -> Decision:
        """Return the decision with something more to say."""
        return replace(self, notes=(*self.notes, note))


def has_genre(genres: Sequence[str]) -> bool:
    """Return True if there is any genre.

    A cleared APEv2 tag (WavPack, Monkey's Audio) is read back as one empty genre.
    """
    return any(genre.strip() for genre in genres)


def choose_tags(
    scores: Mapping[str, float],
    present: Sequence[str],
    policy: Policy,
    *,
    previous: Sequence[str] | None = None,
    multi_label: bool = False,
    objection: str | None = None,
    names: GenreNames | None = None,
) -> Decision:
    """Decide about one track; a genre is never erased.

    Args:
        scores: label of the model -> probability, best first; none if there was too
            little to hear.
        present: the genres that the track carries now.
        policy: what the user chose, for the artists of the track.
        previous: the genres before those of the plugin; None if it did not write the
            current ones.
        multi_label: whether several labels can be right at once.
        objection: why the scores mean nothing, if they do.
        names: tell which labels the genres that stay are other names of.

    Returns:
        The genres to write, or None to leave the current genres; and why.
    """
    current = tuple(genre for genre in present if genre.strip())
    if current and not policy.force:
        return Decision(Outcome.HAD_GENRE, None, f"already {', '.join(current)}")
    candidates = rank_genres(scores, policy, multi_label=multi_label)
    objection = objection or reason_to_abstain(
        candidates, scores, policy, multi_label=multi_label
    )
    if objection:
        return _abstain(current, objection, policy)
    kept: tuple[str, ...] = ()
    if policy.keep_existing:
        kept = current if previous is None else tuple(previous)
    chosen = [each for each in candidates if each.probability >= policy.min_confidence]
    if names is not None:
        named = frozenset[str]().union(*map(names.labels_named, kept))
        chosen = [each for each in chosen if not each.labels <= named]
    return _write(kept, current, chosen, policy)


def choose_album_genre(tracks: Iterable[tuple[Sequence[str], float]]) -> str | None:
    """Choose the genre of an album that its tracks decide about.

    Args:
        tracks: for each track its genres, and its weight.

    Returns:
        The genre whose tracks have the most weight, if that is more than half the weight of
        all tracks; None if there is none.
    """
    spellings: Counter[str] = Counter()
    votes: defaultdict[str, list[float]] = defaultdict(list)
    total = []
    for genres, weight in tracks:
        named = {spelling_key(genre): genre for genre in genres if genre.strip()}
        spellings.update(named.values())
        total.append(weight)
        for key in named:
            votes[key].append(weight)
    # Sums do not depend on the order of the tracks, so that a tie is one.
    best = max(votes, key=lambda key: math.fsum(votes[key]), default=None)
    if best is None or 2 * math.fsum(votes[best]) <= math.fsum(total):
        return None
    return next(name for name, _ in spellings.most_common() if spelling_key(name) == best)


def _abstain(current: tuple[str, ...], objection: str, policy: Policy) -> Decision:
    if policy.fallback is not None and not current:
        reason = f"{policy.fallback}, the fallback ({objection})"
        return Decision(Outcome.FALLBACK, (policy.fallback,), reason)
    return Decision(Outcome.ABSTAINED, None, f"abstained: {objection}")


def _write(
    kept: tuple[str, ...],
    current: tuple[str, ...],
    chosen: list[Candidate],
    policy: Policy,
) -> Decision:
    known = set(map(spelling_key, kept))
    new = [
        (_spelled(candidate.genre, policy), candidate.probability)
        for candidate in chosen
        if spelling_key(candidate.genre) not in known
    ][: max(0, policy.count - len(kept))]
    genres = (*kept, *(genre for genre, _ in new))
    words = ", ".join(f"{genre} {probability:.2f}" for genre, probability in new)
    if kept:
        words = f"{words or 'nothing new'} (kept: {', '.join(kept)})"
    elif current and current != genres:
        words = f"{words} (was: {', '.join(current)})"
    if current == genres:
        return Decision(Outcome.UNCHANGED, None, words)
    return Decision(Outcome.TAGGED, genres, words)


def _spelled(genre: str, policy: Policy) -> str:
    """Capitalise what is written in lower case; people mean their own capitals."""
    return genre.title() if policy.title_case and genre == genre.lower() else genre
