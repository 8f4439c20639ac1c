"""Which recipe a model is of: trainings of one recipe may be averaged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.card import Card

#: Behind the hash of a recipe whose network computes with 8-bit integers.
INT8_MARK = "-int8"
#: Likewise, of one that learned from teachers, and before the hash of them.
TAUGHT_MARK = "-taught-"
#: Likewise, of one that heard fewer tracks than its protocol has, before their hash.
LEFT_OUT_MARK = "-left-out-"


def recipe_of(card: Card) -> tuple[str, str]:
    """Return the name of a model's recipe, and the hash of its settings if known.

    The hash says so if the network was taught or quantised, or tracks were left out of
    its training, for then its accuracy is another.
    """
    training = card.training
    # The hash of a fused model is of both its networks, marks included.
    mark = "" if "fused" in training else _marks(training)
    mark += INT8_MARK * ("int8" in training)
    return training.get("recipe", ""), training.get("recipe_hash", "") + mark


def _marks(training: dict[str, Any]) -> str:
    """Say how a network was trained otherwise than its recipe has it."""
    marks = ""
    for what, mark in (("teaching", TAUGHT_MARK), ("left_out", LEFT_OUT_MARK)):
        if said := training.get(what):
            marks += f"{mark}{_hash(_without_models(said))}"
    return marks


def _without_models(said: Any) -> Any:
    """Forget which files taught: those of each fold are others, of the same recipes."""
    if not isinstance(said, dict):
        return said
    return {name: value for name, value in said.items() if name != "models"}


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]
