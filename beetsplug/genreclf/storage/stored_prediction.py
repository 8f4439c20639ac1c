"""Predictions as the library stores them.

Decisions are made from the stored, rounded form, also for a new prediction. So a decision
does not depend on the age of the prediction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy import provenance

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from beets.library import Item

#: Decimals of a stored probability.
DECIMALS = 4
#: A file whose length moved by more is another recording.
LENGTH_TOLERANCE_SECONDS = 0.5
#: Between two stored scores; a label may hold a semicolon, too.
SEPARATOR = re.compile(rf"(?<= \d\.\d{{{DECIMALS}}}); ")


@dataclass(frozen=True)
class StoredPrediction:
    """The scores of a track.

    Attributes:
        model_id: the model, by name and content.
        scores: label -> probability, best first, rounded to ``DECIMALS``; empty if there
            is too little audio.
        strangeness: odds of what the model rejects against the best label, rounded too;
            None if the model rejects nothing.
    """

    model_id: str
    scores: Mapping[str, float]
    strangeness: float | None = None

    @property
    def confidence(self) -> float:
        """The probability of the best label; 0 where it means nothing."""
        if self.unknown_because:
            return 0.0
        return max(self.scores.values(), default=0.0)

    @property
    def unknown_because(self) -> str | None:
        """Why the model rejects the track; None if it does not."""
        if self.strangeness is None or self.strangeness <= 1:
            return None
        shown = max(self.strangeness, 1.01)  # never "1.00 > 1"
        return f"unknown: no music that the model names (strangeness {shown:.2f} > 1)"


def prediction_from(
    model_id: str, ranked: list[tuple[str, float]], strangeness: float | None = None
) -> StoredPrediction:
    """Round scores, best first, to what is stored."""
    rounded = {label: round(float(value), DECIMALS) for label, value in ranked}
    if strangeness is not None:
        strangeness = round(strangeness, DECIMALS)
    return StoredPrediction(model_id, rounded, strangeness)


def remember(item: Item, prediction: StoredPrediction) -> bool:
    """Set the fields of a prediction.

    Returns:
        False if the track has it already.
    """
    if recall(item, prediction.model_id, prediction.scores) == prediction:
        return False
    item["genreclf_model"] = prediction.model_id
    item["genreclf_confidence"] = prediction.confidence
    item["genreclf_scores"] = "; ".join(
        f"{label} {value:.{DECIMALS}f}" for label, value in prediction.scores.items()
    )
    item["genreclf_length"] = float(item.length or 0.0)
    if prediction.strangeness is not None:
        item["genreclf_strangeness"] = prediction.strangeness
    else:
        provenance.forget_field(item, "genreclf_strangeness")
    return True


def recall(
    item: Item,
    model_id: str,
    labels: Collection[str],
    *,
    with_strangeness: bool = False,
) -> StoredPrediction | None:
    """Return the stored prediction of this model; None if there is no valid one.

    The length stands for the recording: a re-import copies these fields onto any
    file that lies at the same path now.

    Args:
        item: the track.
        model_id: the model, by name and content.
        labels: of the model. Scores that name others, or not all, were edited; no scores
            mean too little audio.
        with_strangeness: the model computes it, so that scores without it were edited.
    """
    if item.get("genreclf_model", with_album=False) != model_id:
        return None
    length = item.get("genreclf_length", with_album=False)
    if length is None or abs(length - (item.length or 0.0)) > LENGTH_TOLERANCE_SECONDS:
        return None
    scores = _parsed(item.get("genreclf_scores", with_album=False))
    if scores is None or (scores and scores.keys() != set(labels)):
        return None
    strangeness = item.get("genreclf_strangeness", with_album=False)
    if with_strangeness and scores and strangeness is None:
        return None
    return StoredPrediction(model_id, scores, strangeness)


def _parsed(text: str | None) -> dict[str, float] | None:
    parts = SEPARATOR.split(text) if text else []
    try:
        scores = {
            label: float(value)
            for label, _, value in (part.rpartition(" ") for part in parts)
        }
    except ValueError:  # edited by hand
        return None
    is_sound = text is not None and all(0 <= value <= 1 for value in scores.values())
    return scores if is_sound else None
