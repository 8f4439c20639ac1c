"""Convolutions, then recurrent layers: the frame of the CRNNs of papers 002 and 003."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from genre_model.training.networks.convolutions import ConvSettings, ConvStack, Picture
from genre_model.training.networks.genre_network import (
    GenreHead,
    GenreNetwork,
    HeadSettings,
)
from genre_model.training.networks.recurrence import Recurrence, RecurrentSettings
from genre_model.training.networks.segment_input import InputSettings, SegmentInput


@dataclass(frozen=True, kw_only=True)
class CrnnSettings(InputSettings, ConvSettings, RecurrentSettings, HeadSettings):
    """Options of a CRNN: those of its parts.

    Attributes:
        n_channels: how often the segment is repeated as a picture's channels.
        channel_norm: normalise these channels over the batch.
    """

    n_channels: int = 1
    channel_norm: bool = False


class Crnn(GenreNetwork):
    """Convolutions over a picture of the segment, then recurrent layers.

    A step is a column of the feature maps: their channels times their remaining rows.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of ``settings_type``.
    """

    settings_type: ClassVar[type[CrnnSettings]]

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = self.settings_type(**options)
        prepare = SegmentInput(shape, settings)
        picture = Picture(settings.n_channels, settings.channel_norm)
        convolutions = ConvStack(settings.n_channels, prepare.shape, settings)
        recurrence = Recurrence(convolutions.n_out, convolutions.sizes, settings)
        super().__init__(
            prepare,
            nn.Sequential(picture, convolutions, recurrence),
            GenreHead(recurrence.n_out, n_genres, settings),
        )
