"""The CNNs of papers 000 and 003, which see segments as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from genre_model.training.networks.convolutions import Picture
from genre_model.training.networks.flat_encoder import FlatEncoder, FlatSettings
from genre_model.training.networks.genre_network import GenreHead, GenreNetwork
from genre_model.training.networks.segment_input import InputSettings, SegmentInput


@dataclass(frozen=True, kw_only=True)
class PictureCnnSettings(InputSettings, FlatSettings):
    """Options of a CNN on pictures: those of its parts."""


class PictureCnn(GenreNetwork):
    """Convolutions over a picture of the segment, flattened.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of ``settings_type``.
    """

    settings_type: ClassVar[type[PictureCnnSettings]]

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = self.settings_type(**options)
        prepare = SegmentInput(shape, settings)
        encoder = FlatEncoder(1, prepare.shape, settings)
        super().__init__(
            prepare,
            nn.Sequential(Picture(), encoder),
            GenreHead(encoder.n_out, n_genres, settings),
        )


@dataclass(frozen=True, kw_only=True)
class TwoBlockSettings(PictureCnnSettings):
    """Options of :class:`TwoBlockCnn`."""

    filters: tuple[int, ...] = (32, 64)
    pools: int | tuple[int | tuple[int, ...], ...] = 2
    conv_dropout: float | tuple[float, ...] = 0.25


class TwoBlockCnn(PictureCnn):
    """The CNN of paper 000 (section 3.3), on 128 bands x 128 frames.

    Pooling of 2 x 2, padding, and dropout (0.25, 0.25, 0.5) are not in the paper.
    """

    settings_type: ClassVar[type[PictureCnnSettings]] = TwoBlockSettings


@dataclass(frozen=True, kw_only=True)
class FiveBlockSettings(PictureCnnSettings):
    """Options of :class:`FiveBlockCnn`."""

    filters: tuple[int, ...] = (32, 64, 128, 256, 512)
    pools: int | tuple[int | tuple[int, ...], ...] = (2, 2, 2, 2)
    conv_dropout: float | tuple[float, ...] = (0.25, 0.25)


class FiveBlockCnn(PictureCnn):
    """The CNN of paper 003 (listing 1), on 128 bands x 128 frames.

    The text adds ``batch_norm = true``, dropout in all five blocks and kernels of 5,
    which the listing has not.
    """

    settings_type: ClassVar[type[PictureCnnSettings]] = FiveBlockSettings
