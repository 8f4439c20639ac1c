"""The networks of the papers: functions that build them, and the papers' options.

Each function takes the shape of a segment (mel bands and frames, unless it says otherwise),
the number of logits and the options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from genre_model.training.networks.layers import (
    ConvSettings,
    ConvStack,
    FlatEncoder,
    FlatSettings,
    GenreHead,
    GenreNetwork,
    HeadSettings,
    Picture,
    Recurrence,
    RecurrentSettings,
)
from genre_model.training.networks.resnet18 import N_CHANNELS, ResNet18, load_weights
from genre_model.training.networks.segment_input import InputSettings, SegmentInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Shape = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class CnnSettings(InputSettings, FlatSettings):
    """Options of a CNN on segments: those of its parts."""


@dataclass(frozen=True, kw_only=True)
class CrnnSettings(InputSettings, ConvSettings, RecurrentSettings, HeadSettings):
    """Options of a CRNN: those of its parts.

    Attributes:
        n_channels: how often the segment is repeated as a picture's channels.
        channel_norm: normalise these channels over the batch.
    """

    n_channels: int = 1
    channel_norm: bool = False


@dataclass(frozen=True, kw_only=True)
class ResnetCrnnSettings(InputSettings, RecurrentSettings, HeadSettings):
    """Options of :func:`resnet_crnn`.

    Attributes:
        weights: of ResNet-18: ``"random"`` or ``"imagenet"``, which is downloaded once
            unless :func:`~genre_model.training.networks.resnet18.provide_weights` was
            given the file.
        frozen: parts of ResNet-18 whose weights do not learn. The paper freezes
            ``["conv1", "bn1", "layer1", "layer2"]``; the statistics of its batch
            normalisation still follow the data, as in the paper.
        average_pool: repeats a bug of the paper, which keeps ResNet's average over time
            *and* frequency: the recurrent layers see a single step.
    """

    weights: Literal["random", "imagenet"] = "random"
    frozen: tuple[str, ...] = ()
    average_pool: bool = False


@dataclass(frozen=True, kw_only=True)
class TablePictureSettings(FlatSettings):
    """Options of :func:`table_picture_cnn`: those of the branch on features, and these.

    Attributes:
        n_features: rows of the last column that are features; the rest is padding.
        picture_filters: of the branch on pictures, each with a pooling of 2 x 2.
        picture_dense: units of its fully connected layer.
    """

    n_features: int = 57
    picture_filters: tuple[int, ...] = (32, 64)
    picture_dense: int = 128


def picture_cnn(shape: Shape, n_genres: int, settings: CnnSettings) -> GenreNetwork:
    """Build convolutions over a picture of the segment, flattened."""
    prepare = SegmentInput(shape, settings)
    encoder = FlatEncoder(1, prepare.shape, settings)
    head = GenreHead(encoder.n_out, n_genres, settings)
    return GenreNetwork(prepare, nn.Sequential(Picture(), encoder), head)


def frame_cnn(shape: Shape, n_genres: int, settings: CnnSettings) -> GenreNetwork:
    """Build convolutions over time, with the bands as channels, flattened."""
    prepare = SegmentInput(shape, settings)
    n_bands, n_frames = prepare.shape
    encoder = FlatEncoder(n_bands, (n_frames,), settings)
    return GenreNetwork(prepare, encoder, GenreHead(encoder.n_out, n_genres, settings))


def crnn(shape: Shape, n_genres: int, settings: CrnnSettings) -> GenreNetwork:
    """Build convolutions over a picture of the segment, then recurrent layers.

    A step is a column of the feature maps: their channels times their remaining rows.
    """
    prepare = SegmentInput(shape, settings)
    picture = Picture(settings.n_channels, settings.channel_norm)
    convolutions = ConvStack(settings.n_channels, prepare.shape, settings)
    recurrence = Recurrence(convolutions.n_out, convolutions.sizes, settings)
    encoder = nn.Sequential(picture, convolutions, recurrence)
    return GenreNetwork(prepare, encoder, GenreHead(recurrence.n_out, n_genres, settings))


class MeanOverRows(nn.Module):
    """The mean of feature maps over frequency, or over time as well."""

    def __init__(self, over_time: bool) -> None:
        super().__init__()
        self.over_time = over_time

    def forward(self, features: Tensor) -> Tensor:
        """Map [shape=(n, n_channels, n_rows, n_columns)] to one row, of each column."""
        return features.mean(dim=(2, 3) if self.over_time else 2, keepdim=True)


def resnet_crnn(shape: Shape, n_genres: int, settings: ResnetCrnnSettings) -> GenreNetwork:
    """Build ResNet-18, the mean over frequency, recurrent layers.

    A step of these is a column of ResNet's last feature maps, which are 1/32 as fine as
    the segment.
    """
    if settings.recur_over != "time":
        raise ValueError('recur_over must be "time": one row of frequency is left')
    prepare = SegmentInput(shape, settings)
    backbone = ResNet18()
    load_weights(backbone, settings.weights)
    _freeze(backbone, settings.frozen)
    recurrence = Recurrence(N_CHANNELS, (1, 1), settings)
    mean = MeanOverRows(settings.average_pool)
    encoder = nn.Sequential(Picture(3), backbone, mean, recurrence)
    return GenreNetwork(prepare, encoder, GenreHead(recurrence.n_out, n_genres, settings))


def _freeze(backbone: nn.Module, frozen: tuple[str, ...]) -> None:
    parts = dict(backbone.named_children())
    if unknown := sorted(set(frozen) - set(parts)):
        raise ValueError(f"frozen has {unknown}; there is {list(parts)}")
    for name in frozen:
        parts[name].requires_grad_(requires_grad=False)


class TableRows(nn.Module):
    """Rows of a table as sequences of one channel."""

    def forward(self, rows: Tensor) -> Tensor:
        """Map [shape=(n, n_features, 1)] to [shape=(n, 1, n_features)]."""
        return rows.transpose(1, 2)


def table_cnn(shape: Shape, n_genres: int, settings: FlatSettings) -> GenreNetwork:
    """Build convolutions over the columns of a feature table, in their order.

    Features are standardised where the folds are known, not here. The shape is the number
    of features, and 1.
    """
    n_features, n_columns = shape
    if n_columns != 1:
        raise ValueError(f"a table row is n_features x 1, not {shape[0]} x {shape[1]}")
    encoder = FlatEncoder(1, (n_features,), settings)
    return GenreNetwork(TableRows(), encoder, GenreHead(encoder.n_out, n_genres, settings))


class TwoBranches(nn.Module):
    """Embeddings of picture and features, one behind the other.

    Attributes:
        n_out: size of the result.
    """

    def __init__(self, shape: Shape, settings: TablePictureSettings) -> None:
        super().__init__()
        self.n_features = settings.n_features
        picture_settings = FlatSettings(
            filters=settings.picture_filters,
            pools=2,
            conv_dropout=settings.conv_dropout,
            dense=settings.picture_dense,
        )
        picture = FlatEncoder(1, (shape[0], shape[1] - 1), picture_settings)
        table = FlatEncoder(1, (settings.n_features,), settings)
        self.picture = nn.Sequential(Picture(), picture)
        self.table = nn.Sequential(TableRows(), table)
        self.n_out = picture.n_out + table.n_out

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_rows, n_columns + 1)] to [shape=(n, n_out)]."""
        picture = self.picture(segments[:, :, :-1])
        table = self.table(segments[:, : self.n_features, -1:])
        return torch.cat([picture, table], dim=1)


def table_picture_cnn(
    shape: Shape, n_genres: int, settings: TablePictureSettings
) -> GenreNetwork:
    """Build two branches, on a mel picture and on features, concatenated late.

    A segment is the mel picture of a track, 128 x 128 and scaled to [0, 1], with one more
    column that holds its standardised features. The shape is that of both together.
    """
    if not 1 <= settings.n_features <= shape[0]:
        raise ValueError(
            f"n_features is {settings.n_features}; one column holds 1 to {shape[0]}"
        )
    branches = TwoBranches(shape, settings)
    head = GenreHead(branches.n_out, n_genres, settings)
    return GenreNetwork(nn.Identity(), branches, head)


#: How each network is built, and its options where a recipe names no others.
PAPER_NETWORKS: dict[str, tuple[Callable[..., GenreNetwork], Any]] = {
    # Paper 000, section 3.3, on 128 bands x 128 frames. Pooling, padding and dropout are
    # not in the paper.
    "two_block_cnn": (
        picture_cnn,
        CnnSettings(filters=(32, 64), pools=2, conv_dropout=0.25),
    ),
    # Paper 001, section 4. Filters, kernel, dense layer and dropout are not in the paper;
    # its deeper networks have more filters.
    "table_cnn": (
        table_cnn,
        FlatSettings(filters=(64, 128), pools=2, conv_dropout=0.3, dropout=0.3),
    ),
    # Paper 001, section 4, which does not describe the branch on pictures: it is of the
    # same layers in two dimensions.
    "table_picture_cnn": (
        table_picture_cnn,
        TablePictureSettings(filters=(64, 128), pools=2, conv_dropout=0.3, dropout=0.3),
    ),
    # Paper 002, table III, after Nasrullah & Zhao (2019), on pictures of 288 x 432. The
    # extended network has filters = [64, 128, 256, 512, 512] and pools = [[2, 2], [2, 2],
    # [2, 2], [4, 1], [4, 1]]. The paper's 372,048 and 3,914,064 parameters leave out the
    # GRU; with it there are 406,224 and 4,021,968. Its dense layer of "20 units" has 10, as
    # the text and these counts say. As published, with its bugs: softmax_output = true and
    # gru_output = "first_layer_state".
    "elu_crnn": (
        crnn,
        CrnnSettings(
            n_channels=3,
            channel_norm=True,
            filters=(64, 128, 128, 128),
            padding="same",
            pools=((2, 2), (4, 2), (4, 2), (4, 2)),
            activation="elu",
            batch_norm=True,
            conv_dropout=0.1,
            channel_dropout=True,
            units=(32, 32),
            rnn_dropout=0.3,
            dropout=0.0,
        ),
    ),
    # Paper 002, section III.B.5. 11,241,930 parameters; the paper's 58,144,138 are those
    # of ResNet-152 with a dense layer.
    "resnet_crnn": (
        resnet_crnn,
        ResnetCrnnSettings(units=(32, 32, 32), rnn_dropout=0.3, dropout=0.0),
    ),
    # Paper 003, listing 1, on 128 bands x 128 frames. The text adds batch_norm = true,
    # dropout in all five blocks and kernels of 5.
    "five_block_cnn": (
        picture_cnn,
        CnnSettings(
            filters=(32, 64, 128, 256, 512), pools=(2, 2, 2, 2), conv_dropout=(0.25, 0.25)
        ),
    ),
    # Paper 003, table 2: two LSTM layers on 13 MFCC of each frame. The paper says nothing
    # of the head.
    "mfcc_lstm": (crnn, CrnnSettings(n_mfcc=13, filters=(), cell="lstm", units=(128, 128))),
    # Paper 003, section 4.2, listing 2, on 128 bands x 128 frames. The text has three
    # convolutions where the listing has two, and five are the best of table 1. The listing
    # cannot run, for it gives four dimensions to a GRU; read as steps of rows x channels it
    # has 3,456,266 parameters. As published, with its bug: recur_over = "frequency".
    "cnn_bigru": (
        crnn,
        CrnnSettings(
            filters=(64, 128),
            kernel_size=5,
            pools=2,
            conv_dropout=0.25,
            units=(128, 128),
            bidirectional=True,
        ),
    ),
    # Paper 004, section IV, on 599 frames of 128 bands. Widths, kernels, pooling and
    # dropout are not in the paper. Its second network takes MFCC: n_mfcc = 13, say.
    "frame_cnn": (
        frame_cnn,
        CnnSettings(
            filters=(128, 128, 128), kernel_size=5, padding="same", pools=(4, 4), dense=0
        ),
    ),
}
