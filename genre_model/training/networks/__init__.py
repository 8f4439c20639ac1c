"""Networks from log-mel segments to logits, by the name that recipes use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genre_model.errors import RecipeError
from genre_model.training.networks.residual_crnn import ResidualCrnn

if TYPE_CHECKING:
    from torch import nn

NETWORKS: dict[str, type[nn.Module]] = {"residual_crnn": ResidualCrnn}


def build_network(
    name: str, n_mels: int, n_genres: int, options: dict[str, Any]
) -> nn.Module:
    """Build an untrained network.

    Raises:
        RecipeError: if the name or an option is unknown.
    """
    if name not in NETWORKS:
        raise RecipeError(f"unknown network {name!r}; there is {sorted(NETWORKS)}")
    try:
        return NETWORKS[name](n_mels, n_genres, **options)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"network {name}: {error}") from error
