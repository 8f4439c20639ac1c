"""From mel frames to one embedding: how cepstral coefficients vary together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings
from genre_model.training.networks.segment_input import Cepstrum

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CovarianceSettings(NetworkSettings):
    """Options of the covariances.

    Attributes:
        coefficients: MFCC of each frame, the mean of the bands included.
        delays: frames between the copies of the coefficients that are compared; with
            ``(0, 1)``, each frame stands beside the next one.
        ridge: added to each variance, in squared standard deviations of a segment: a
            segment of few frames does not tell small variances.
        root_iterations: of each square root.
        hidden: units that the covariances are mapped to; 0 leaves them as they are.
        covariance_dropout: on the covariances.
    """

    coefficients: int = 24
    delays: tuple[int, ...] = (1,)
    ridge: float = 0.1
    root_iterations: int = 5
    hidden: int = 96
    covariance_dropout: float = 0.3


class CovariancePooling(nn.Module):
    """Covariances of MFCC within and between frames, their fourth root, a dense layer.

    Second-order pooling (Li, Xie, Wang & Gao 2018, "Towards faster training of global
    covariance pooling networks by iterative matrix square root normalization"), on MFCC
    in the place of learned features. A root of a covariance matrix compares matrices
    nearly as their logarithm does (Arsigny et al. 2007), but needs only products.

    Args:
        shape: bands and frames of the segments.
        settings: the options.

    Attributes:
        n_out: size of the embedding.

    Raises:
        ValueError: if so many coefficients, or so long a delay, are not in a segment.
    """

    upper: Tensor

    def __init__(self, shape: tuple[int, int], settings: CovarianceSettings) -> None:
        super().__init__()
        _check(shape, settings)
        self.cepstrum = Cepstrum(shape[0], settings.coefficients)
        self.delays = (0, *settings.delays)
        self.ridge = settings.ridge
        self.iterations = settings.root_iterations
        size = settings.coefficients * len(self.delays)
        rows, columns = torch.triu_indices(size, size)
        self.register_buffer("upper", rows * size + columns, persistent=False)
        # Each covariance is standardised: small ones tell genres apart as large ones do.
        self.project = nn.Sequential(
            nn.BatchNorm1d(len(rows), affine=False),
            nn.Dropout(settings.covariance_dropout),
        )
        self.n_out = settings.hidden or len(rows)
        if settings.hidden:
            dense = nn.Linear(len(rows), settings.hidden, bias=False)
            self.project.extend([dense, nn.BatchNorm1d(settings.hidden), nn.ReLU()])

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_bands, n_frames)] to [shape=(n, n_out)]."""
        # Small variances are lost in 16 bits.
        with torch.autocast(segments.device.type, enabled=False):
            frames = self._delayed(self.cepstrum(segments.float()))
            roots = fourth_root(self._covariances(frames), self.iterations)
            picked = roots.flatten(1)[:, self.upper]
        embedding: Tensor = self.project(picked)
        return embedding

    def _delayed(self, frames: Tensor) -> Tensor:
        n_frames = frames.shape[2] - max(self.delays)
        return torch.cat([frames[:, :, d : d + n_frames] for d in self.delays], dim=1)

    def _covariances(self, frames: Tensor) -> Tensor:
        centred = frames - frames.mean(dim=2, keepdim=True)
        products = centred @ centred.transpose(1, 2) / frames.shape[2]
        return products + self.ridge * torch.eye(frames.shape[1], device=frames.device)


def _check(shape: tuple[int, int], settings: CovarianceSettings) -> None:
    n_bands, n_frames = shape
    if settings.coefficients > n_bands:
        raise ValueError(
            f"coefficients is {settings.coefficients}; of {n_bands} bands there are no more"
        )
    if max(settings.delays, default=0) >= n_frames:
        raise ValueError(
            f"delays has {settings.delays!r}; segments are of {n_frames} frames"
        )


def fourth_root(matrices: Tensor, n_iterations: int) -> Tensor:
    """Return the fourth root of positive definite matrices [shape=(n, size, size)]."""
    return square_root(square_root(matrices, n_iterations), n_iterations)


def square_root(matrices: Tensor, n_iterations: int) -> Tensor:
    """Approach the square root of positive definite matrices (Newton, Schulz).

    Equation 4 of Li et al. (2018). Few iterations leave eigenvalues that are far less
    than the largest too small, but in their order.

    Args:
        matrices: [shape=(n, size, size)].
        n_iterations: how many.
    """
    identity = torch.eye(matrices.shape[1], device=matrices.device)
    trace = (matrices * identity).sum(dim=(1, 2), keepdim=True)
    root, inverse = matrices / trace, identity.expand_as(matrices)
    for _ in range(n_iterations):
        step = 1.5 * identity - 0.5 * inverse @ root
        root, inverse = root @ step, step @ inverse
    return root * trace.sqrt()
