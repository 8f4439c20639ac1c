"""The input of networks: standardised segments, MFCC."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genre_model.training.settings import Settings

#: Segments whose values spread less than this (in dB) count as flat: digital silence.
FLAT_DB = 1e-3


@dataclass(frozen=True, kw_only=True)
class InputSettings(Settings):
    """Options of the input.

    Attributes:
        resize: rows and columns that segments are stretched to, such as those of a
            paper's pictures; empty keeps their own.
        n_mfcc: MFCC taken of each frame in place of its bands; 0 takes the bands.
        band_norm: standardise each band (or MFCC) by its mean and spread over the
            training data (paper 003), in place of each segment by its own. Gain then
            matters, and so does whether values are decibels or grey.
    """

    resize: tuple[int, ...] = ()
    n_mfcc: int = 0
    band_norm: bool = False


class SegmentInput(nn.Module):
    """Segments standardised, and if wished stretched and turned into MFCC.

    Attributes:
        shape: rows and columns of the result.
    """

    def __init__(self, shape: tuple[int, int], settings: InputSettings) -> None:
        super().__init__()
        if len(settings.resize) not in (0, 2):
            raise ValueError(f"resize is {settings.resize!r}; expected [rows, columns]")
        self.size = tuple(settings.resize)
        n_rows, n_columns = self.size or shape
        self.cepstrum = Cepstrum(n_rows, settings.n_mfcc) if settings.n_mfcc else None
        self.shape = (settings.n_mfcc or n_rows, n_columns)
        # Without momentum the statistics are those of everything seen in training.
        norm = nn.BatchNorm1d(self.shape[0], affine=False, momentum=None)
        self.band_norm = norm if settings.band_norm else None

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_mels, n_frames), dB] to [shape=(n, *self.shape)]."""
        x = standardise(segments) if self.band_norm is None else segments
        if self.size:
            x = functional.interpolate(x.unsqueeze(1), self.size, mode="bilinear")
            x = x.squeeze(1)
        if self.cepstrum is not None:
            x = self.cepstrum(x)
        return x if self.band_norm is None else self.band_norm(x)


class Cepstrum(nn.Module):
    """The first MFCC of log-mel frames: an orthonormal discrete cosine transform (II).

    Args:
        n_bands: bands of a frame.
        n_mfcc: coefficients kept, the lowest (the mean of the bands) included.
    """

    basis: Tensor

    def __init__(self, n_bands: int, n_mfcc: int) -> None:
        super().__init__()
        if n_mfcc > n_bands:
            raise ValueError(f"n_mfcc is {n_mfcc}; of {n_bands} bands there are no more")
        order = torch.arange(n_mfcc, dtype=torch.float64).unsqueeze(1)
        place = 2 * torch.arange(n_bands, dtype=torch.float64) + 1
        basis = math.sqrt(2 / n_bands) * torch.cos(math.pi * order * place / (2 * n_bands))
        basis[0] /= math.sqrt(2)
        self.register_buffer("basis", basis.float(), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Map [shape=(n, n_bands, n_frames), dB] to [shape=(n, n_mfcc, n_frames)]."""
        return self.basis @ frames


def standardise(segments: Tensor) -> Tensor:
    """Give every segment mean 0 and standard deviation 1 [shape=(n, n_mels, n_frames)]."""
    centred = segments - segments.mean(dim=(1, 2), keepdim=True)
    spread = centred.square().mean(dim=(1, 2), keepdim=True).sqrt()
    return centred / spread.clamp(min=FLAT_DB)
