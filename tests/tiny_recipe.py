"""A recipe whose network is trained and exported within two seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gtzan_folder import quick_recipe

if TYPE_CHECKING:
    from genre_model.training.recipe import Recipe


def tiny_recipe() -> Recipe:
    """Return a convolutional network of few filters: recurrent ones export slowly."""
    options = {"filters": [2, 4], "dense": 8, "padding": "valid", "conv_dropout": 0.0}
    return replace(
        quick_recipe(epochs=1, steps_per_epoch=2, batch_size=4),
        network="two_block_cnn",
        network_options=options,
    )
