"""Stacks of inverted residuals, which compute little for what they learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InvertedSettings(NetworkSettings):
    """Options of a stem and the stages behind it.

    Attributes:
        stem: channels of the first convolution, which halves bands and frames.
        filters: output channels of each stage; as many stages as numbers.
        repeats: blocks of each stage.
        strides: ``[bands, frames]`` of the first block of each stage.
        kernel_sizes: of the filters of each stage, odd.
        expansion: how many times as many channels a block has inside.
        excited: weight channels by a function of their means (squeeze and excitation).
    """

    stem: int = 16
    filters: tuple[int, ...] = (24, 40, 64, 96)
    repeats: tuple[int, ...] = (1, 2, 2, 2)
    strides: tuple[tuple[int, ...], ...] = ((1, 1), (2, 2), (2, 2), (2, 1))
    kernel_sizes: tuple[int, ...] = (3, 3, 5, 5)
    expansion: int = 4
    excited: bool = True


class Excitation(nn.Module):
    """Weights channels by a function of their means (Hu et al. 2018).

    Args:
        n_channels: of the feature maps.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        n_squeezed = max(8, n_channels // 4)
        self.squeeze = nn.Conv2d(n_channels, n_squeezed, 1)
        self.expand = nn.Conv2d(n_squeezed, n_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scale [shape=(n, n_channels, n_rows, n_columns)] by channel."""
        means = x.mean(dim=(2, 3), keepdim=True)
        weights: Tensor = self.expand(self.squeeze(means).relu()).sigmoid()
        return x * weights


class InvertedResidual(nn.Module):
    """Expand, filter each channel alone, project (Sandler et al. 2018, figure 3).

    Args:
        n_in: input channels.
        n_out: output channels.
        kernel_size: of the filters.
        stride: in bands and frames.
        settings: the rest.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_size: int,
        stride: tuple[int, ...],
        settings: InvertedSettings,
    ) -> None:
        super().__init__()
        n_inner = settings.expansion * n_in
        layers = [
            *convolution(n_in, n_inner, 1),
            *convolution(n_inner, n_inner, kernel_size, stride, groups=n_inner),
        ]
        if settings.excited:
            layers.append(Excitation(n_inner))
        layers += convolution(n_inner, n_out, 1)[:-1]
        self.layers = nn.Sequential(*layers)
        self.is_residual = n_in == n_out and max(stride) == 1

    def forward(self, x: Tensor) -> Tensor:
        """Map [shape=(n, n_in, n_rows, n_columns)] to its features."""
        features: Tensor = self.layers(x)
        return x + features if self.is_residual else features


class InvertedStack(nn.Sequential):
    """A convolution, then stages of inverted residuals.

    Args:
        n_in: input channels.
        settings: the options.

    Attributes:
        n_out: output channels.

    Raises:
        ValueError: if the lists are not of the same length, or a number in them makes no
            sense.
    """

    def __init__(self, n_in: int, settings: InvertedSettings) -> None:
        layers: list[nn.Module] = list(convolution(n_in, settings.stem, 3, (2, 2)))
        n_before = settings.stem
        for n_out, repeats, stride, size in _stages(settings):
            for place in range(repeats):
                step = stride if place == 0 else (1, 1)
                layers.append(InvertedResidual(n_before, n_out, size, step, settings))
                n_before = n_out
        super().__init__(*layers)
        self.n_out = n_before


def convolution(
    n_in: int,
    n_out: int,
    kernel_size: int,
    stride: tuple[int, ...] = (1, 1),
    groups: int = 1,
) -> list[nn.Module]:
    """Return a convolution, batch normalisation and ReLU; the size stays at stride 1."""
    padding = kernel_size // 2
    return [
        nn.Conv2d(
            n_in,
            n_out,
            kernel_size,
            (stride[0], stride[1]),
            padding,
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    ]


def _stages(
    settings: InvertedSettings,
) -> list[tuple[int, int, tuple[int, ...], int]]:
    lists = settings.filters, settings.repeats, settings.strides, settings.kernel_sizes
    if len(set(map(len, lists))) != 1 or not settings.filters:
        raise ValueError("filters, repeats, strides and kernel_sizes are of other lengths")
    if any(len(stride) != 2 for stride in settings.strides):
        raise ValueError(f"strides has {settings.strides!r}; expected pairs of numbers")
    if any(size % 2 == 0 for size in settings.kernel_sizes):
        raise ValueError(f"kernel_sizes is {settings.kernel_sizes!r}; they must be odd")
    return list(zip(*lists, strict=True))
