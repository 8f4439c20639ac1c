"""Networks from log-mel segments to logits, by the name that recipes use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genre_model.errors import RecipeError
from genre_model.features.mel_frames import count_bands
from genre_model.training.networks.crnn import ResidualCrnn, StridedCrnn
from genre_model.training.networks.paper_networks import PAPER_NETWORKS

if TYPE_CHECKING:
    from torch import nn

    from genre_model.training.recipe import Recipe

#: The networks of this project.
OWN_NETWORKS: dict[str, type[nn.Module]] = {
    "residual_crnn": ResidualCrnn,
    "strided_crnn": StridedCrnn,
}
NETWORKS = (*sorted({*PAPER_NETWORKS, *OWN_NETWORKS}),)


def build_network(
    name: str, shape: tuple[int, int], n_genres: int, options: dict[str, Any]
) -> nn.Module:
    """Build an untrained network.

    Args:
        name: one of :data:`NETWORKS`.
        shape: rows and columns of a segment: mel bands and frames.
        n_genres: number of logits.
        options: of the network.

    Raises:
        RecipeError: if the name or an option is unknown, or nothing of a segment of this
            shape would reach the last layer.
    """
    if name not in NETWORKS:
        raise RecipeError(f"unknown network {name!r}; there is {list(NETWORKS)}")
    try:
        if name in OWN_NETWORKS:
            return OWN_NETWORKS[name](shape, n_genres, **options)
        build, settings = PAPER_NETWORKS[name]
        return build(shape, n_genres, replace(settings, **options))
    except (TypeError, ValueError) as error:
        raise RecipeError(f"network {name}: {error}") from error


def untrained_network(recipe: Recipe, n_genres: int) -> nn.Module:
    """Build a recipe's network with random weights, as :func:`build_network`."""
    front_end = recipe.front_end
    shape = (count_bands(front_end.mel), front_end.segment.segment_frames)
    return build_network(recipe.network, shape, n_genres, recipe.network_options)


def count_parameters(network: nn.Module, *, trainable_only: bool = False) -> int:
    """Count the parameters of a network; frozen ones can be left out."""
    return sum(
        parameter.numel()
        for parameter in network.parameters()
        if parameter.requires_grad or not trainable_only
    )
