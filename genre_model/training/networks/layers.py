"""Parts of the papers' networks: convolutions, recurrent layers, heads."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import zip_longest
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from genre_model.training.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ConvSettings(Settings):
    """Options of a stack of convolutions.

    Attributes:
        filters: output channels of each layer.
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


#: Convolution, normalisation, pooling and dropout of channels by number of dimensions.
_LAYERS: dict[int, tuple[Any, Any, Any, Any]] = {
    1: (nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d, nn.Dropout1d),
    2: (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.Dropout2d),
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


def conv_block(
    n_in: int, n_out: int, pool: tuple[int, ...], dropout: float, settings: ConvSettings
) -> nn.Sequential:
    """Return convolution, activation, batch normalisation, max pooling and dropout."""
    convolution, norm, max_pool, channel_dropout = _LAYERS[len(pool)]
    layers: dict[str, nn.Module] = {
        "convolution": convolution(
            n_in, n_out, settings.kernel_size, padding=settings.padding
        ),
        "activation": _ACTIVATIONS[settings.activation](),
    }
    if settings.batch_norm:
        layers["norm"] = norm(n_out)
    if max(pool) > 1:
        layers["pool"] = max_pool(pool)
    drop = channel_dropout if settings.channel_dropout else nn.Dropout
    layers["dropout"] = drop(dropout)
    return nn.Sequential(OrderedDict(layers))


class ConvStack(nn.Sequential):
    """Blocks of convolutions one after another; without any, the input is the output.

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
                    f"layer {place} leaves nothing of an input of "
                    f"{' x '.join(map(str, sizes))}: give smaller pools, padding = "
                    '"same" or, for segments, resize'
                )
            blocks.append(conv_block(n_in, n_out, pool, dropout, settings))
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


@dataclass(frozen=True, kw_only=True)
class HeadSettings(Settings):
    """Options of the linear head.

    Attributes:
        dropout: on the embedding.
        softmax_output: returns probabilities instead of logits. This repeats a bug
            of paper 002, whose cross-entropy takes the softmax of a softmax: its loss
            cannot fall below 1.4612 for ten genres. The output is then no linear
            function of the embedding.
    """

    dropout: float = 0.5
    softmax_output: bool = False


@dataclass(frozen=True, kw_only=True)
class FlatSettings(ConvSettings, HeadSettings):
    """Options of flattened convolutions.

    Attributes:
        dense: units of a fully connected layer behind them; 0 leaves it out.
    """

    dense: int = 128


class FlatEncoder(nn.Sequential):
    """Convolutions, their feature maps flattened, a fully connected layer.

    Args:
        n_in: input channels.
        sizes: rows and columns of the input, or its length alone.
        settings: the options.

    Attributes:
        n_out: size of the result.
    """

    def __init__(self, n_in: int, sizes: tuple[int, ...], settings: FlatSettings) -> None:
        convolutions = ConvStack(n_in, sizes, settings)
        super().__init__(convolutions, nn.Flatten())
        self.n_out = convolutions.n_out * prod(convolutions.sizes)
        if settings.dense:
            self.extend([nn.Linear(self.n_out, settings.dense), nn.ReLU()])
            self.n_out = settings.dense


@dataclass(frozen=True, kw_only=True)
class RecurrentSettings(Settings):
    """Options of recurrent layers.

    Attributes:
        cell: of all layers.
        units: of each layer, in each direction.
        bidirectional: read the steps backwards, too.
        rnn_dropout: between two layers.
        gru_output: what the embedding is, for each cell: ``"last"`` the top layer's
            state after the last step (of each direction), ``"mean"`` the mean of its
            outputs over the steps. ``"first_layer_state"`` repeats a bug of paper 002,
            which takes the first layer's state: the layers above learn nothing.
        recur_over: which axis the steps are. ``"frequency"`` repeats a bug of paper 003's
            listing 2, which takes the rows of a band x frame picture for time.
    """

    cell: Literal["gru", "lstm"] = "gru"
    units: tuple[int, ...] = (128, 128)
    bidirectional: bool = False
    rnn_dropout: float = 0.0
    gru_output: Literal["last", "mean", "first_layer_state"] = "last"
    recur_over: Literal["time", "frequency"] = "time"


class Recurrence(nn.Module):
    """Recurrent layers over the steps of feature maps.

    Args:
        n_channels: of the feature maps.
        sizes: their rows (frequency) and columns (time).
        settings: the options.

    Attributes:
        n_out: size of the embedding.
    """

    def __init__(
        self, n_channels: int, sizes: tuple[int, ...], settings: RecurrentSettings
    ) -> None:
        super().__init__()
        if not settings.units:
            raise ValueError("units is empty; at least one recurrent layer is needed")
        over_time = settings.recur_over == "time"
        self.order = (0, 3, 1, 2) if over_time else (0, 2, 1, 3)
        self.output = settings.gru_output
        n_directions = 2 if settings.bidirectional else 1
        cell = nn.LSTM if settings.cell == "lstm" else nn.GRU
        widths = [n_directions * n_units for n_units in settings.units]
        inputs = [n_channels * sizes[0 if over_time else 1], *widths[:-1]]
        self.layers = nn.ModuleList(
            cell(n_in, n_units, batch_first=True, bidirectional=settings.bidirectional)
            for n_in, n_units in zip(inputs, settings.units, strict=True)
        )
        self.dropout = nn.Dropout(settings.rnn_dropout)
        self.n_out = widths[0 if self.output == "first_layer_state" else -1]

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to [shape=(n, n_out)]."""
        steps = features.permute(self.order).flatten(2)
        states = []
        for place, layer in enumerate(self.layers):
            steps, state = layer(self.dropout(steps) if place else steps)
            states.append(_per_segment(state))
        if self.output == "mean":
            return steps.mean(dim=1)
        return states[0 if self.output == "first_layer_state" else -1]


def _per_segment(state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """Join the directions of a state [shape=(n_directions, n, n_units)]."""
    hidden = state[0] if isinstance(state, tuple) else state
    return hidden.transpose(0, 1).flatten(1)


class GenreHead(nn.Sequential):
    """Dropout, then a linear layer from the embedding to logits."""

    def __init__(self, n_in: int, n_genres: int, settings: HeadSettings) -> None:
        super().__init__(nn.Dropout(settings.dropout), nn.Linear(n_in, n_genres))
        if settings.softmax_output:
            self.append(nn.Softmax(dim=1))


class GenreNetwork(nn.Module):
    """Segments, prepared, encoded as an embedding each, scored by a linear head.

    Args:
        prepare: maps segments to what the encoder takes.
        encoder: maps that to embeddings [shape=(n, n_embedding)].
        head: maps embeddings to logits.
    """

    def __init__(self, prepare: nn.Module, encoder: nn.Module, head: GenreHead) -> None:
        super().__init__()
        self.prepare = prepare
        self.encoder = encoder
        self.head = head

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Score segments.

        Args:
            segments: log-mel values [shape=(n, n_mels, n_frames), dB at any gain], or
                what else the network says that it takes.

        Returns:
            Unnormalised logits [shape=(n, n_genres)] and the embedding that they are a
            linear function of [shape=(n, n_embedding)].
        """
        embedding = self.encoder(self.prepare(segments))
        return self.head(embedding), embedding
