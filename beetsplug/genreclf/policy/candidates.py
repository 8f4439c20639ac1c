"""Candidates: genres that may be written, and why the best one may not.

Labels of a multi-label model do not exclude each other: each has a probability of its
own, and several can be right.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from genre_model import spelling_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from beetsplug.genreclf.config.options import Policy


@dataclass(frozen=True)
class Candidate:
    """A genre as the model or the label map spells it, and the labels written as it.

    The probability is that one of the labels is right; a lower bound if these do not
    exclude each other.
    """

    genre: str
    probability: float
    labels: frozenset[str]


def rank_genres(
    scores: Mapping[str, float],
    policy: Policy,
    *,
    multi_label: bool = False,
) -> list[Candidate]:
    """Return the genres that may be written, most probable first.

    Labels that are written as one genre add up if they exclude each other; if not, the
    most probable one counts.

    Args:
        scores: label -> probability.
        policy: what the user chose.
        multi_label: whether several labels can be right at once.
    """
    joined: Callable[[Iterable[float]], float] = max if multi_label else _sum
    # "Rock" that a user writes for metal, and the label "rock", are one genre.
    spellings: dict[str, str] = {}
    for genre in chain.from_iterable(policy.label_map.values()):
        spellings.setdefault(spelling_key(genre), genre)
    labels_of: defaultdict[str, set[str]] = defaultdict(set)
    for label in scores:
        if not policy.is_ignored(label):
            for genre in policy.genres_of(label):
                labels_of[spellings.get(spelling_key(genre), genre)].add(label)
    candidates = [
        Candidate(genre, joined(scores[label] for label in labels), frozenset(labels))
        for genre, labels in labels_of.items()
    ]
    return sorted(candidates, key=lambda candidate: -candidate.probability)


def reason_to_abstain(
    candidates: list[Candidate],
    scores: Mapping[str, float],
    policy: Policy,
    *,
    multi_label: bool = False,
) -> str | None:
    """Return why the best candidate cannot be written; None if it can.

    Where several labels can be right at once, none is a rival of another, and
    ``min_margin`` is ignored.
    """
    if not scores:
        return "too little to hear"
    if not candidates:
        return "every label is ignored or written as nothing"
    best = candidates[0]
    if best.probability < policy.min_confidence:
        # Rounded down where rounding would hide the difference: never "0.45 < 0.45".
        limit = policy.min_confidence
        shown = f"{best.genre} {_shown_below(best.probability, limit)} < {limit:g}"
        top = max(scores, key=scores.__getitem__)
        written = any(top in candidate.labels for candidate in candidates)
        return shown if written else f"{shown}; {top} {scores[top]:.2f} is not written"
    return None if multi_label else _find_rival(best, scores, policy)


def _find_rival(best: Candidate, scores: Mapping[str, float], policy: Policy) -> str | None:
    """Return which label comes too close to the best genre; None if none does."""
    named = f"{best.genre} {best.probability:.2f}"
    rivals = {label: value for label, value in scores.items() if label not in best.labels}
    rival, rivalling = max(rivals.items(), key=itemgetter(1), default=("", 0.0))
    lead = _sum((best.probability, -rivalling))
    if lead < 0:  # or it would be a genre, and the best one
        return f"{named} is behind {rival} {rivalling:.2f}, which is not written"
    if lead < policy.min_margin:
        shown = _shown_below(lead, policy.min_margin)
        return f"{named} leads {rival} {rivalling:.2f} by {shown} < {policy.min_margin:g}"
    return None


def _sum(values: Iterable[float]) -> float:
    """Add probabilities; 0.5 - 0.4 is 0.1 to people, who compare it with 0.1."""
    return round(sum(values), 6)


def _shown_below(value: float, limit: float) -> str:
    shown = f"{value:.2f}"
    return shown if float(shown) < limit else f"{math.floor(value * 100) / 100:.2f}"
