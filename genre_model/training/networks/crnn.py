"""The convolutional recurrent networks of this project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn
from torch.nn import functional

from genre_model.training.networks.segment_input import standardise
from genre_model.training.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


#: Keeps the gradient of a standard deviation finite where nothing varies.
LEAST_VARIANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class PoolingSettings(Settings):
    """Options of the summary.

    Attributes:
        pooling: ``"gru"`` reads the steps in both directions and averages its outputs,
            ``"mean"`` averages the steps, ``"mean_std"`` joins mean and standard
            deviation (statistics pooling, Snyder et al. 2018), ``"attention"`` weighs the
            steps of each channel by what they hold (Okabe et al. 2018).
        units: of the GRU in each direction.
    """

    pooling: Literal["gru", "mean", "mean_std", "attention"] = "gru"
    units: int = 96


class TimePooling(nn.Module):
    """Summarises feature maps as an embedding of size ``n_out``."""

    def __init__(self, n_channels: int, settings: PoolingSettings) -> None:
        super().__init__()
        self.pooling = settings.pooling
        n_out = {"gru": 2 * settings.units, "mean_std": 2 * n_channels}
        self.n_out = n_out.get(settings.pooling, n_channels)
        if settings.pooling == "gru":
            self.gru = nn.GRU(
                n_channels, settings.units, batch_first=True, bidirectional=True
            )
        elif settings.pooling == "attention":
            self.attention = nn.Linear(n_channels, n_channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to [shape=(n, n_out)]."""
        steps = features.mean(dim=2).transpose(1, 2)
        if self.pooling == "gru":
            steps, _ = self.gru(steps)
        elif self.pooling == "attention":
            weights = self.attention(steps).softmax(dim=1)
            weighed: Tensor = (weights * steps).sum(dim=1)
            return weighed
        mean = steps.mean(dim=1)
        if self.pooling != "mean_std":
            return mean
        variance = (steps - mean.unsqueeze(1)).square().mean(dim=1)
        return torch.cat([mean, (variance + LEAST_VARIANCE).sqrt()], dim=1)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation and a projected shortcut.

    The block of He et al. (2015, figure 2) followed by max pooling of frequency and
    time, so that each block halves both.
    """

    def __init__(self, n_in: int, n_out: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Conv2d(n_in, n_out, 1, bias=False)
        self.pool = nn.MaxPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map [shape=(n, n_in, n_mels, n_frames)] to its pooled residual features."""
        y = functional.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        pooled: Tensor = self.pool(functional.relu(y + self.shortcut(x)))
        return pooled


class ResidualCrnn(nn.Module):
    """Residual blocks, the mean over frequency, a bidirectional GRU, the mean over time.

    The layout of the CRNN of paper 002 (convolutions, then recurrence over time), with
    residual blocks in place of plain ones and *every* GRU output used. Each segment is
    standardised first, which removes gain and picture scale, so the same weights serve
    decibels from audio and grey values from mel pictures.

    Args:
        shape: mel bands and frames of a segment; at least one is left of each halving.
        n_genres: number of logits.
        channels: output channels of each residual block; each halves frequency, all but
            the last halve time.
        gru_units: units of the GRU in each direction.
        dropout: dropout on the embedding.
        pooling: another summary of time than the GRU, as in ``PoolingSettings``.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_genres: int,
        channels: Sequence[int] = (24, 48, 96, 160),
        gru_units: int = 96,
        dropout: float = 0.5,
        pooling: Literal["gru", "mean", "mean_std", "attention"] = "gru",
    ) -> None:
        super().__init__()
        n_mels, n_frames = shape
        if n_mels < 2 ** len(channels) or 2 * n_frames < 2 ** len(channels):
            raise ValueError(
                f"{n_mels} mel bands x {n_frames} frames are too few for {len(channels)} "
                "blocks"
            )
        pools = [(2, 2)] * (len(channels) - 1) + [(2, 1)]
        widths = [1, *channels]
        self.blocks = nn.ModuleList(
            ResidualBlock(n_in, n_out, pool)
            for n_in, n_out, pool in zip(widths[:-1], widths[1:], pools, strict=True)
        )
        settings = PoolingSettings(pooling=pooling, units=gru_units)
        self.pooling = TimePooling(channels[-1], settings)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.pooling.n_out, n_genres)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [shape=(n, n_genres)] and the embedding before the linear head.

        Args:
            segments: log-mel values [shape=(n, n_mels, n_frames), dB at any gain].
        """
        x = standardise(segments).unsqueeze(1)
        for block in self.blocks:
            x = block(x)
        embedding = self.pooling(x)
        return self.head(self.dropout(embedding)), embedding


#: Rows and columns, here and below.
STEM_STRIDE, STEM_POOL = (1, 2), (2, 2)


def block_pools(n_blocks: int) -> list[tuple[int, int]]:
    """Return the pooling of each block: all but the last halve time, too."""
    return [(2, 2)] * (n_blocks - 1) + [(2, 1)]


class ConvNorm(nn.Sequential):
    """A convolution without bias, and batch normalisation."""

    def __init__(
        self, n_in: int, n_out: int, kernel_size: int = 3, stride: tuple[int, int] = (1, 1)
    ) -> None:
        padding = kernel_size // 2
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel_size, stride, padding, bias=False),
            nn.BatchNorm2d(n_out),
        )


class Block(nn.Module):
    """Two 3x3 convolutions with a projected shortcut (He et al. 2015), then max pooling."""

    def __init__(self, n_in: int, n_out: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.first = ConvNorm(n_in, n_out)
        self.second = ConvNorm(n_out, n_out)
        self.shortcut = ConvNorm(n_in, n_out, kernel_size=1)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map [shape=(n, n_in, n_rows, n_columns)] to its pooled features."""
        y = self.second(functional.relu(self.first(x)))
        return functional.max_pool2d(functional.relu(y + self.shortcut(x)), self.pool)


class StridedCrnn(nn.Module):
    """A pooled stem, residual blocks and a bidirectional GRU over time.

    The stem halves frequency and quarters time, so that frames of 20 ms cost as little as
    longer ones. Mean and maximum are taken over frequency before the GRU, and over time
    after it.

    Args:
        shape: mel bands and frames of a segment.
        n_genres: number of logits.
        channels: of the stem and of each block. Each block halves frequency, and all but
            the last halve time.
        gru_units: units of the GRU in each direction.
        dropout: on the embedding, before the logits.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_genres: int,
        channels: Sequence[int] = (24, 48, 96, 160),
        gru_units: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        n_mels, n_frames = shape
        if n_mels < 2 ** len(channels) or n_frames < 2 ** len(channels):
            raise ValueError(
                f"{n_mels} mel bands x {n_frames} frames are too few for {len(channels)} "
                "halvings"
            )
        self.stem = ConvNorm(1, channels[0], stride=STEM_STRIDE)
        pools = block_pools(len(channels) - 1)
        self.blocks = nn.ModuleList(
            Block(n_in, n_out, pool)
            for n_in, n_out, pool in zip(channels[:-1], channels[1:], pools, strict=True)
        )
        self.gru = nn.GRU(2 * channels[-1], gru_units, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * gru_units, n_genres)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [shape=(n, n_genres)] and the embedding before the linear head.

        Args:
            segments: log-mel values [shape=(n, n_mels, n_frames), dB at any gain].
        """
        x = functional.relu(self.stem(standardise(segments).unsqueeze(1)))
        x = functional.max_pool2d(x, STEM_POOL)
        for block in self.blocks:
            x = block(x)
        steps = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1).transpose(1, 2)
        steps, _ = self.gru(steps)
        embedding = torch.cat([steps.mean(dim=1), steps.amax(dim=1)], dim=1)
        return self.head(self.dropout(embedding)), embedding
