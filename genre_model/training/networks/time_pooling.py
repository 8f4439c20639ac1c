"""From feature maps to one embedding: the mean over frequency, then a summary of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor

#: Keeps the gradient of a standard deviation finite where nothing varies.
LEAST_VARIANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class PoolingSettings(NetworkSettings):
    """Options of the summary.

    Attributes:
        pooling: ``"gru"`` reads the steps in both directions and averages its outputs,
            ``"mean"`` averages the steps, ``"mean_std"`` joins mean and standard
            deviation (statistics pooling, Snyder et al. 2018), ``"attention"`` weighs the
            steps of each channel by what they hold (Okabe et al. 2018).
        units: of the GRU in each direction.
    """

    pooling: Literal["gru", "mean", "mean_std", "attention"] = "gru"
    units: int = 96


class TimePooling(nn.Module):
    """Summarises feature maps.

    Args:
        n_channels: of the feature maps.
        settings: the options.

    Attributes:
        n_out: size of the embedding.
    """

    def __init__(self, n_channels: int, settings: PoolingSettings) -> None:
        super().__init__()
        self.pooling = settings.pooling
        n_out = {"gru": 2 * settings.units, "mean_std": 2 * n_channels}
        self.n_out = n_out.get(settings.pooling, n_channels)
        if settings.pooling == "gru":
            self.gru = nn.GRU(
                n_channels, settings.units, batch_first=True, bidirectional=True
            )
        elif settings.pooling == "attention":
            self.attention = nn.Linear(n_channels, n_channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to [shape=(n, n_out)]."""
        steps = features.mean(dim=2).transpose(1, 2)
        if self.pooling == "gru":
            steps, _ = self.gru(steps)
        elif self.pooling == "attention":
            weights = self.attention(steps).softmax(dim=1)
            weighed: Tensor = (weights * steps).sum(dim=1)
            return weighed
        mean = steps.mean(dim=1)
        if self.pooling != "mean_std":
            return mean
        variance = (steps - mean.unsqueeze(1)).square().mean(dim=1)
        return torch.cat([mean, (variance + LEAST_VARIANCE).sqrt()], dim=1)
