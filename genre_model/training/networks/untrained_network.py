"""The network of a recipe, before it has learned anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.features.mel_frames import count_bands
from genre_model.training.networks import build_network

if TYPE_CHECKING:
    from torch import nn

    from genre_model.training.recipe import Recipe


def untrained_network(recipe: Recipe, n_genres: int) -> nn.Module:
    """Build a recipe's network with random weights.

    Raises:
        RecipeError: if network or options are unknown, or segments are too small for it.
    """
    front_end = recipe.front_end
    shape = (count_bands(front_end.mel), front_end.segment.segment_frames)
    return build_network(recipe.network, shape, n_genres, recipe.network_options)
