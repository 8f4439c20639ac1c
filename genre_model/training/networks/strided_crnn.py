"""Convolutional recurrent network for segments of many short mel frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from genre_model.training.networks.segment_input import standardise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


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
