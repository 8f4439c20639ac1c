"""Recurrent layers over a sequence, and what of them is the embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class RecurrentSettings(NetworkSettings):
    """Options of the recurrent layers.

    Attributes:
        cell: of all layers.
        units: of each layer, in each direction; as many layers as numbers.
        bidirectional: read the steps backwards, too.
        rnn_dropout: between two layers.
        gru_output: what the embedding is, for each cell: ``"last"`` the top layer's
            state after the last step (of each direction), ``"mean"`` the mean of its
            outputs over the steps. ``"first_layer_state"`` repeats a bug of paper 002,
            which takes the first layer's state: the layers above learn nothing.
        recur_over: which axis the steps are. ``"frequency"`` repeats a bug of paper 003's
            listing 2, which takes the rows of a band x frame picture for time.
    """

    cell: Literal["gru", "lstm"] = "gru"
    units: tuple[int, ...] = (128, 128)
    bidirectional: bool = False
    rnn_dropout: float = 0.0
    gru_output: Literal["last", "mean", "first_layer_state"] = "last"
    recur_over: Literal["time", "frequency"] = "time"


class Recurrence(nn.Module):
    """Recurrent layers over the steps of feature maps.

    Args:
        n_channels: of the feature maps.
        sizes: their rows (frequency) and columns (time).
        settings: the options.

    Attributes:
        n_out: size of the embedding.
    """

    def __init__(
        self, n_channels: int, sizes: tuple[int, ...], settings: RecurrentSettings
    ) -> None:
        super().__init__()
        if not settings.units:
            raise ValueError("units is empty; at least one recurrent layer is needed")
        over_time = settings.recur_over == "time"
        self.order = (0, 3, 1, 2) if over_time else (0, 2, 1, 3)
        self.output = settings.gru_output
        n_directions = 2 if settings.bidirectional else 1
        cell = nn.LSTM if settings.cell == "lstm" else nn.GRU
        widths = [n_directions * n_units for n_units in settings.units]
        inputs = [n_channels * sizes[0 if over_time else 1], *widths[:-1]]
        self.layers = nn.ModuleList(
            cell(n_in, n_units, batch_first=True, bidirectional=settings.bidirectional)
            for n_in, n_units in zip(inputs, settings.units, strict=True)
        )
        self.dropout = nn.Dropout(settings.rnn_dropout)
        self.n_out = widths[0 if self.output == "first_layer_state" else -1]

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to [shape=(n, n_out)]."""
        steps = features.permute(self.order).flatten(2)
        states = []
        for place, layer in enumerate(self.layers):
            steps, state = layer(self.dropout(steps) if place else steps)
            states.append(_per_segment(state))
        if self.output == "mean":
            return steps.mean(dim=1)
        return states[0 if self.output == "first_layer_state" else -1]


def _per_segment(state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """Join the directions of a state [shape=(n_directions, n, n_units)]."""
    hidden = state[0] if isinstance(state, tuple) else state
    return hidden.transpose(0, 1).flatten(1)
