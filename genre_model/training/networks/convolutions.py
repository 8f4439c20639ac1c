"""Stacks of convolutions, in one dimension or two."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ConvSettings(NetworkSettings):
    """Options of a stack of convolutions.

    Attributes:
        filters: output channels of each layer; as many layers as numbers.
        kernel_size: of all layers, in each dimension.
        padding: ``"valid"`` loses a margin in each layer (the default of Keras),
            ``"same"`` none.
        pools: max pooling after each layer: ``[rows, columns]``, or one number for both;
            layers beyond the list have none. One number alone is for all layers.
        activation: after each convolution.
        batch_norm: normalise after each activation.
        conv_dropout: after each layer; in a list, layers beyond it have none.
        channel_dropout: drop whole channels, not values.
    """

    filters: tuple[int, ...]
    kernel_size: int = 3
    padding: Literal["valid", "same"] = "valid"
    pools: int | tuple[int | tuple[int, ...], ...] = ()
    activation: Literal["relu", "elu"] = "relu"
    batch_norm: bool = False
    conv_dropout: float | tuple[float, ...] = 0.0
    channel_dropout: bool = False


@dataclass(frozen=True)
class _Kind:
    """The layers of one number of dimensions."""

    convolution: type[nn.Conv1d | nn.Conv2d]
    norm: type[nn.BatchNorm1d | nn.BatchNorm2d]
    pool: type[nn.MaxPool1d | nn.MaxPool2d]
    channel_dropout: type[nn.Dropout1d | nn.Dropout2d]


_KINDS = {
    1: _Kind(nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d, nn.Dropout1d),
    2: _Kind(nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.Dropout2d),
}
_ACTIVATIONS = {"relu": nn.ReLU, "elu": nn.ELU}


class Picture(nn.Module):
    """Segments as pictures, all of whose channels are the same.

    Args:
        n_channels: of the picture.
        norm: normalise each channel over the batch.
    """

    def __init__(self, n_channels: int = 1, norm: bool = False) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.norm = nn.BatchNorm2d(n_channels) if norm else nn.Identity()

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_rows, n_columns)] to [shape=(n, n_channels, ...)]."""
        channels: Tensor = self.norm(
            segments.unsqueeze(1).expand(-1, self.n_channels, -1, -1)
        )
        return channels


class ConvBlock(nn.Sequential):
    """Convolution, activation, batch normalisation, max pooling, dropout, in this order.

    Args:
        n_in: input channels.
        n_out: output channels.
        pool: sizes of the pooling; its length is the number of dimensions.
        dropout: after the pooling.
        settings: the rest.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        pool: tuple[int, ...],
        dropout: float,
        settings: ConvSettings,
    ) -> None:
        kind = _KINDS[len(pool)]
        drop = kind.channel_dropout if settings.channel_dropout else nn.Dropout
        layers: dict[str, nn.Module] = {
            "convolution": kind.convolution(
                n_in, n_out, settings.kernel_size, padding=settings.padding
            ),
            "activation": _ACTIVATIONS[settings.activation](),
        }
        if settings.batch_norm:
            layers["norm"] = kind.norm(n_out)
        if max(pool) > 1:
            layers["pool"] = kind.pool(pool)
        layers["dropout"] = drop(dropout)
        super().__init__(OrderedDict(layers))


class ConvStack(nn.Sequential):
    """Blocks of convolutions one after another; none of them leaves the input as it is.

    Args:
        n_in: input channels.
        sizes: rows and columns of the input, or its length alone.
        settings: of the blocks.

    Attributes:
        n_out: output channels.
        sizes: of the output.

    Raises:
        ValueError: if nothing of the input would be left.
    """

    def __init__(self, n_in: int, sizes: tuple[int, ...], settings: ConvSettings) -> None:
        _check_kernel(settings)
        blocks = []
        left = sizes
        for place, (n_out, pool, dropout) in enumerate(_layers(len(sizes), settings), 1):
            left = _sizes_after(left, pool, settings)
            if min(left) < 1:
                raise ValueError(
                    f"layer {place} leaves nothing of an input of {_text(sizes)}: give "
                    'smaller pools, padding = "same" or, for segments, resize'
                )
            blocks.append(ConvBlock(n_in, n_out, pool, dropout, settings))
            n_in = n_out
        super().__init__(*blocks)
        self.n_out = n_in
        self.sizes = left


def _layers(
    n_dims: int, settings: ConvSettings
) -> list[tuple[int, tuple[int, ...], float]]:
    """List channels, pooling and dropout of each layer."""
    n_layers = len(settings.filters)
    pools = [_pool(pool, n_dims) for pool in _per_layer(settings.pools, n_layers)]
    dropouts = _per_layer(settings.conv_dropout, n_layers)
    if max(len(pools), len(dropouts)) > n_layers:
        raise ValueError(
            f"pools or conv_dropout are of more layers than {n_layers} filters"
        )
    layers = zip_longest(settings.filters, pools, dropouts)
    return [(n, pool or (1,) * n_dims, drop or 0.0) for n, pool, drop in layers]


def _per_layer(value: float | tuple[Any, ...], n_layers: int) -> tuple[Any, ...]:
    return (value,) * n_layers if isinstance(value, (int, float)) else tuple(value)


def _pool(pool: int | tuple[int, ...], n_dims: int) -> tuple[int, ...]:
    sizes = (pool,) * n_dims if isinstance(pool, int) else tuple(pool)
    if len(sizes) != n_dims:
        raise ValueError(f"pools has {pool!r}; expected {n_dims} numbers or one")
    return sizes


def _check_kernel(settings: ConvSettings) -> None:
    size = settings.kernel_size
    if size < 1 or (settings.padding == "same" and size % 2 == 0):
        raise ValueError(
            f'kernel_size is {size}; it must be 1 or more, and odd with padding = "same"'
        )


def _sizes_after(
    sizes: tuple[int, ...], pool: tuple[int, ...], settings: ConvSettings
) -> tuple[int, ...]:
    margin = settings.kernel_size - 1 if settings.padding == "valid" else 0
    return tuple(max(size - margin, 0) // by for size, by in zip(sizes, pool, strict=True))


def _text(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))
