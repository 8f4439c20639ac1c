"""Which recipe a model is of: trainings of one recipe may be averaged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.model.card import Card

#: Behind the hash of a recipe that heard fewer tracks than its protocol has, and before
#: the hash of those that were left out.
LEFT_OUT_MARK = "-left-out-"


def recipe_of(card: Card) -> tuple[str, str]:
    """Return the name of a model's recipe, and the hash of its settings if known.

    The hash says so if tracks were left out of the training, for then the accuracy is
    another.
    """
    training = card.training
    left_out = training.get("left_out")
    mark = f"{LEFT_OUT_MARK}{_hash(left_out)}" if left_out else ""
    return training.get("recipe", ""), training.get("recipe_hash", "") + mark


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
