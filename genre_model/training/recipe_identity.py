"""Which recipe a model is of: trainings of one recipe may be averaged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.card import Card

#: Behind the hash of a recipe whose network computes with 8-bit integers.
INT8_MARK = "-int8"
#: Likewise, of one that heard fewer tracks than its protocol has, and before their hash.
LEFT_OUT_MARK = "-left-out-"


def recipe_of(card: Card) -> tuple[str, str]:
    """Return the name of a model's recipe, and the hash of its settings if known.

    The hash says so if the network was quantised, or tracks were left out of its
    training, for then its accuracy is another.
    """
    training = card.training
    # The hash of a fused model is of both its networks, marks included.
    left_out = [] if "fused" in training else training.get("left_out")
    mark = f"{LEFT_OUT_MARK}{_hash(left_out)}" if left_out else ""
    mark += INT8_MARK * ("int8" in training)
    return training.get("recipe", ""), training.get("recipe_hash", "") + mark


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
