"""A CRNN of inverted residuals beside covariances of MFCC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from genre_model.training.networks.convolutions import Picture
from genre_model.training.networks.covariance_pooling import (
    CovariancePooling,
    CovarianceSettings,
)
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

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CovarianceCrnnSettings(
    InputSettings, InvertedSettings, PoolingSettings, CovarianceSettings, HeadSettings
):
    """Options of :class:`CovarianceCrnn`: those of its parts, and this.

    Attributes:
        convolutional: False leaves the covariances alone.
    """

    convolutional: bool = True


class BothBranches(nn.Module):
    """Embeddings of the branches, one behind the other."""

    def __init__(self, shape: tuple[int, int], settings: CovarianceCrnnSettings) -> None:
        super().__init__()
        self.covariances = CovariancePooling(shape, settings)
        self.n_out = self.covariances.n_out
        self.convolutions = None
        if settings.convolutional:
            stack = InvertedStack(1, settings)
            pooling = TimePooling(stack.n_out, settings)
            self.convolutions = nn.Sequential(Picture(), stack, pooling)
            self.n_out += pooling.n_out

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_bands, n_frames)] to [shape=(n, n_out)]."""
        varied: Tensor = self.covariances(segments)
        if self.convolutions is None:
            return varied
        return torch.cat([self.convolutions(segments).to(varied.dtype), varied], dim=1)


class CovarianceCrnn(GenreNetwork):
    """A CRNN of inverted residuals (Sandler et al. 2018) beside covariances of MFCC.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        options: of ``CovarianceCrnnSettings``.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = CovarianceCrnnSettings(**options)
        prepare = SegmentInput(shape, settings)
        branches = BothBranches(prepare.shape, settings)
        super().__init__(prepare, branches, GenreHead(branches.n_out, n_genres, settings))
