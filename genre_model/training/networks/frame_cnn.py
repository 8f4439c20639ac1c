"""The CNN of paper 004, which sees segments as sequences of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from genre_model.training.networks.flat_encoder import FlatEncoder, FlatSettings
from genre_model.training.networks.genre_network import GenreHead, GenreNetwork
from genre_model.training.networks.segment_input import InputSettings, SegmentInput


@dataclass(frozen=True, kw_only=True)
class FrameCnnSettings(InputSettings, FlatSettings):
    """Options of :class:`FrameCnn`."""

    filters: tuple[int, ...] = (128, 128, 128)
    kernel_size: int = 5
    padding: Literal["valid", "same"] = "same"
    pools: int | tuple[int | tuple[int, ...], ...] = (4, 4)
    dense: int = 0


class FrameCnn(GenreNetwork):
    """The CNN of paper 004 (section IV), on 599 frames of 128 bands.

    Three convolutions over time with the bands as channels, max pooling in between, and
    one fully connected layer, the one to the logits. Widths, kernels, pooling and dropout
    are not in the paper. Its second network takes MFCC: ``n_mfcc = 13``, say.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of :class:`FrameCnnSettings`.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = FrameCnnSettings(**options)
        prepare = SegmentInput(shape, settings)
        n_bands, n_frames = prepare.shape
        encoder = FlatEncoder(n_bands, (n_frames,), settings)
        super().__init__(prepare, encoder, GenreHead(encoder.n_out, n_genres, settings))
