"""A CRNN of inverted residuals, for machines that have little time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from genre_model.training.networks.convolutions import Picture
from genre_model.training.networks.genre_network import (
    GenreHead,
    GenreNetwork,
    HeadSettings,
)
from genre_model.training.networks.inverted_residuals import (
    InvertedSettings,
    InvertedStack,
)
from genre_model.training.networks.segment_input import InputSettings, SegmentInput
from genre_model.training.networks.time_pooling import PoolingSettings, TimePooling


@dataclass(frozen=True, kw_only=True)
class MobileCrnnSettings(InputSettings, InvertedSettings, PoolingSettings, HeadSettings):
    """Options of :class:`MobileCrnn`: those of its parts."""


class MobileCrnn(GenreNetwork):
    """Inverted residuals over the segment, then a summary of time.

    MobileNetV2's blocks (Sandler et al. 2018) with squeeze and excitation, as MobileNetV3
    has them, before the recurrence of a CRNN.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of ``MobileCrnnSettings``.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = MobileCrnnSettings(**options)
        convolutions = InvertedStack(1, settings)
        pooling = TimePooling(convolutions.n_out, settings)
        super().__init__(
            SegmentInput(shape, settings),
            nn.Sequential(Picture(), convolutions, pooling),
            GenreHead(pooling.n_out, n_genres, settings),
        )
