"""A network on covariances of MFCC alone, without convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genre_model.training.networks.covariance_pooling import (
    CovariancePooling,
    CovarianceSettings,
)
from genre_model.training.networks.genre_network import (
    GenreHead,
    GenreNetwork,
    HeadSettings,
)
from genre_model.training.networks.segment_input import InputSettings, SegmentInput


@dataclass(frozen=True, kw_only=True)
class MfccCovarianceSettings(InputSettings, CovarianceSettings, HeadSettings):
    """Options of :class:`MfccCovariance`: those of its parts."""


class MfccCovariance(GenreNetwork):
    """Covariances of MFCC, a dense layer, the logits.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of ``MfccCovarianceSettings``.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = MfccCovarianceSettings(**options)
        prepare = SegmentInput(shape, settings)
        pooling = CovariancePooling(prepare.shape, settings)
        super().__init__(prepare, pooling, GenreHead(pooling.n_out, n_genres, settings))
