"""The frame of every network of the papers: input, encoder, linear head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from genre_model.training.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class HeadSettings(NetworkSettings):
    """Options of the linear head.

    Attributes:
        dropout: on the embedding.
        softmax_output: returns probabilities in the place of logits. This repeats a bug
            of paper 002, whose cross-entropy takes the softmax of a softmax: its loss
            cannot fall below 1.4612 for ten genres. The output is then no linear
            function of the embedding.
    """

    dropout: float = 0.5
    softmax_output: bool = False


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
