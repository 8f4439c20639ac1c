"""The size of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def count_parameters(network: nn.Module, *, trainable_only: bool = False) -> int:
    """Count the parameters of a network.

    Args:
        network: any.
        trainable_only: leave out frozen ones.
    """
    return sum(
        parameter.numel()
        for parameter in network.parameters()
        if parameter.requires_grad or not trainable_only
    )
