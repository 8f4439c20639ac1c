"""Convolutions whose feature maps are flattened."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import nn

from genre_model.training.networks.convolutions import ConvSettings, ConvStack
from genre_model.training.networks.genre_network import HeadSettings


@dataclass(frozen=True, kw_only=True)
class FlatSettings(ConvSettings, HeadSettings):
    """Options of flattened convolutions.

    Attributes:
        dense: units of a fully connected layer behind them; 0 leaves it out.
    """

    dense: int = 128


class FlatEncoder(nn.Sequential):
    """Convolutions, their feature maps flattened, a fully connected layer.

    Args:
        n_in: input channels.
        sizes: rows and columns of the input, or its length alone.
        settings: the options.

    Attributes:
        n_out: size of the result.
    """

    def __init__(self, n_in: int, sizes: tuple[int, ...], settings: FlatSettings) -> None:
        convolutions = ConvStack(n_in, sizes, settings)
        super().__init__(convolutions, nn.Flatten())
        self.n_out = convolutions.n_out * prod(convolutions.sizes)
        if settings.dense:
            self.extend([nn.Linear(self.n_out, settings.dense), nn.ReLU()])
            self.n_out = settings.dense
