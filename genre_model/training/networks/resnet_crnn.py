"""The transfer-learning CRNN of paper 002."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from genre_model.training.networks.convolutions import Picture
from genre_model.training.networks.genre_network import (
    GenreHead,
    GenreNetwork,
    HeadSettings,
)
from genre_model.training.networks.imagenet_weights import load_weights
from genre_model.training.networks.recurrence import Recurrence, RecurrentSettings
from genre_model.training.networks.resnet18 import N_CHANNELS, ResNet18
from genre_model.training.networks.segment_input import InputSettings, SegmentInput

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ResnetCrnnSettings(InputSettings, RecurrentSettings, HeadSettings):
    """Options of :class:`ResnetCrnn`.

    Attributes:
        weights: of ResNet-18: ``"random"`` or ``"imagenet"``, which is downloaded once
            unless :func:`~genre_model.training.networks.imagenet_weights.provide_weights`
            was given the file.
        frozen: parts of ResNet-18 whose weights do not learn. The paper freezes
            ``["conv1", "bn1", "layer1", "layer2"]``; the statistics of its batch
            normalisation follow the data nevertheless, here as there.
        average_pool: repeats a bug of the paper, which keeps ResNet's average over time
            *and* frequency: the recurrent layers see a single step.
    """

    weights: Literal["random", "imagenet"] = "random"
    frozen: tuple[str, ...] = ()
    average_pool: bool = False
    units: tuple[int, ...] = (32, 32, 32)
    rnn_dropout: float = 0.3
    dropout: float = 0.0


class MeanOverRows(nn.Module):
    """The mean of feature maps over frequency, or over time as well."""

    def __init__(self, over_time: bool) -> None:
        super().__init__()
        self.over_time = over_time

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to one row, of each column."""
        return features.mean(dim=(2, 3) if self.over_time else 2, keepdim=True)


class ResnetCrnn(GenreNetwork):
    """ResNet-18, the mean over frequency, three GRU layers (paper 002, section III.B.5).

    11,241,930 parameters; the paper's 58,144,138 are those of ResNet-152 with a dense
    layer. A step of the recurrent layers is a column of ResNet's last feature maps, which
    are 1/32 as fine as the segment.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of :class:`ResnetCrnnSettings`.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = ResnetCrnnSettings(**options)
        if settings.recur_over != "time":
            raise ValueError('recur_over must be "time": one row of frequency is left')
        prepare = SegmentInput(shape, settings)
        backbone = ResNet18()
        load_weights(backbone, settings.weights)
        _freeze(backbone, settings.frozen)
        recurrence = Recurrence(N_CHANNELS, (1, 1), settings)
        mean = MeanOverRows(settings.average_pool)
        super().__init__(
            prepare,
            nn.Sequential(Picture(3), backbone, mean, recurrence),
            GenreHead(recurrence.n_out, n_genres, settings),
        )


def _freeze(backbone: nn.Module, frozen: tuple[str, ...]) -> None:
    parts = dict(backbone.named_children())
    if unknown := sorted(set(frozen) - set(parts)):
        raise ValueError(f"frozen has {unknown}; there is {list(parts)}")
    for name in frozen:
        parts[name].requires_grad_(requires_grad=False)
