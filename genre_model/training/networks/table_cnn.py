"""The CNN of paper 001 on the rows of a feature table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from genre_model.training.networks.flat_encoder import FlatEncoder, FlatSettings
from genre_model.training.networks.genre_network import GenreHead, GenreNetwork

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class TableCnnSettings(FlatSettings):
    """Options of :class:`TableCnn`; each filter is a pair of convolution and pooling."""

    filters: tuple[int, ...] = (64, 128)
    pools: int | tuple[int | tuple[int, ...], ...] = 2
    conv_dropout: float | tuple[float, ...] = 0.3
    dropout: float = 0.3


class TableRows(nn.Module):
    """Rows of a table as sequences of one channel."""

    def forward(self, rows: Tensor) -> Tensor:
        """Map [shape=(n, n_features, 1)] to [shape=(n, 1, n_features)]."""
        return rows.transpose(1, 2)


class TableCnn(GenreNetwork):
    """The 1-D CNN of paper 001 (section 4), on standardised features of a track.

    It convolves over the columns of the table, in their order. Filters, kernel, dense
    layer and dropout are not in the paper; its deeper networks have more ``filters``.
    Features are standardised where the folds are known, not here.

    Args:
        shape: number of features, and 1.
        n_genres: number of logits.
        options: of :class:`TableCnnSettings`.
    """

    def __init__(self, shape: tuple[int, int], n_genres: int, **options: Any) -> None:
        settings = TableCnnSettings(**options)
        n_features, n_columns = shape
        if n_columns != 1:
            raise ValueError(f"a table row is n_features x 1, not {shape[0]} x {shape[1]}")
        encoder = FlatEncoder(1, (n_features,), settings)
        head = GenreHead(encoder.n_out, n_genres, settings)
        super().__init__(TableRows(), encoder, head)
