"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn


class WeightAverage:
    """A second network whose weights follow another's slowly (Polyak averaging).

    The decay warms up as ``(1 + n) / (10 + n)``, so that the random start is forgotten.

    Args:
        network: the network to follow.
        decay: share of the average that each update keeps, in the end.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay
        self.n_updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the network's present weights and statistics."""
        self.n_updates += 1
        decay = min(self._decay, (1 + self.n_updates) / (10 + self.n_updates))
        present = network.state_dict()
        for name, average in self.network.state_dict().items():
            if average.is_floating_point():
                average.lerp_(present[name].to(average.dtype), 1 - decay)
            else:
                average.copy_(present[name])
