"""The CNN of paper 001 on a feature table together with mel pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from genre_model.training.networks.convolutions import Picture
from genre_model.training.networks.flat_encoder import FlatEncoder, FlatSettings
from genre_model.training.networks.genre_network import GenreHead, GenreNetwork
from genre_model.training.networks.table_cnn import TableCnnSettings, TableRows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class TablePictureSettings(TableCnnSettings):
    """Options of :class:`TablePictureCnn`: those of the branch on features, and these.

    Attributes:
        n_features: rows of the last column that are features; the rest is padding.
        picture_filters: of the branch on pictures, each with a pooling of 2 x 2.
        picture_dense: units of its fully connected layer.
    """

    n_features: int = 57
    picture_filters: tuple[int, ...] = (32, 64)
    picture_dense: int = 128


class TwoBranches(nn.Module):
    """Embeddings of picture and features, one behind the other.

    Attributes:
        n_out: size of the result.
    """

    def __init__(self, shape: tuple[int, int], settings: TablePictureSettings) -> None:
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


class TablePictureCnn(GenreNetwork):
    """The two branches of paper 001 (section 4), concatenated late.

    A segment is the mel picture of a track, 128 x 128 and scaled to [0, 1], with one more
    column that holds its standardised features. The branch on features is
    :class:`TableCnn`'s; the one on pictures is of the same layers in two dimensions, for
    the paper does not describe it.

    Args:
        shape: rows of the picture, and its columns plus one.
        n_genres: number of logits.
        options: of :class:`TablePictureSettings`.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = TablePictureSettings(**options)
        if not 1 <= settings.n_features <= shape[0]:
            raise ValueError(
                f"n_features is {settings.n_features}; one column holds 1 to {shape[0]}"
            )
        branches = TwoBranches(shape, settings)
        head = GenreHead(branches.n_out, n_genres, settings)
        super().__init__(nn.Identity(), branches, head)
