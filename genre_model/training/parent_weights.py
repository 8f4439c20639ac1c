"""Weights of a model file, for a network that goes on learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from genre_model.errors import ModelFileError
from genre_model.mel_frames import count_bands
from genre_model.model_file import read_model
from genre_model.model_source import DEFAULT_MODEL, read_network
from genre_model.segments import Segments
from genre_model.training.networks.residual_crnn import ResidualCrnn
from genre_model.training.onnx_weights import OnnxWeights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from genre_model.config import FrontEnd
    from genre_model.model_file import Model

#: Largest difference of an embedding between torch and ONNX Runtime.
PARITY_TOLERANCE = 1e-3
#: The same where ONNX Runtime rounds activations to 8 bits; values are up to 1.
INT8_PARITY_TOLERANCE = 0.3
N_PARITY_SEGMENTS = 8


class FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation whose statistics stay; its weight and bias still learn."""

    def train(self, mode: bool = True) -> FrozenNorm:  # noqa: ARG002
        """Stay in evaluation mode."""
        super().train(mode=False)
        return self


class QuickHead(nn.Linear):
    """A linear layer that learns faster than the network before it.

    The steps of Adam do not depend on the scale of a gradient, so a factor on the output
    is one on the learning rate. Weight and bias begin as zero, which favours no genre
    and lets the first steps change nothing but the head. Random ones would not be as
    random as they seem: the seed that the parent was trained with would give each genre
    the weights that one of the parent's began with.

    Args:
        n_in: number of inputs.
        n_out: number of outputs.
        rate: the factor.
    """

    def __init__(self, n_in: int, n_out: int, rate: float) -> None:
        super().__init__(n_in, n_out)
        self._rate = rate
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, values: Tensor) -> Tensor:
        """Map [shape=(n, n_in)] to [shape=(n, n_out)]."""
        return self._rate * super().forward(values)


@dataclass(frozen=True)
class ParentWeights:
    """Everything of a ``residual_crnn`` model file but its head.

    Of a fused model, the first network, which has to be a ``residual_crnn``; what the
    other one hears is lost.

    Attributes:
        front_end: what its segments are computed with.
        channels: of the residual blocks.
        gru_units: of the GRU in each direction.
        sha256: of the model file, 64 hexadecimal digits.
        weights: by the names of ``ResidualCrnn``, without the head.
    """

    front_end: FrontEnd
    channels: tuple[int, ...]
    gru_units: int
    sha256: str
    weights: dict[str, Tensor]

    def build(self, n_genres: int, dropout: float, head_rate: float) -> ResidualCrnn:
        """Build a network of these weights and a new head.

        The statistics of batch normalisation are frozen: those of the parent are part
        of its convolutions, and a small library makes poor ones.

        Args:
            n_genres: number of logits.
            dropout: on the embedding.
            head_rate: how many times as fast as the rest the head learns.

        Raises:
            ValueError: if no such network exists for the segments of the front end.
        """
        front_end = self.front_end
        shape = (count_bands(front_end.mel), front_end.segment.segment_frames)
        network = ResidualCrnn(shape, n_genres, self.channels, self.gru_units, dropout)
        for block in network.blocks:
            for name in ("norm1", "norm2"):
                channels = getattr(block, name).num_features
                setattr(block, name, FrozenNorm(channels))
        network.load_state_dict(self.weights, strict=False)
        network.head = QuickHead(2 * self.gru_units, n_genres, head_rate)
        return network


def read_parent_weights(model: str | Path | None = None) -> ParentWeights:
    """Read the weights of a model file and check that torch computes the same with them.

    Args:
        model: path of an ``.onnx`` file or name of a bundled model, as for
            ``read_model``; a model that only has a head of its own serves, too.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    parent = read_model(model)
    try:
        network = OnnxWeights(read_network(model))
        found = _weights_of(parent, network)
        tolerance = INT8_PARITY_TOLERANCE if network.is_int8 else PARITY_TOLERANCE
        _check(found, parent, tolerance, is_fused=network.is_fused)
    except (ModelFileError, ValueError, IndexError, RuntimeError) as error:
        raise ModelFileError(
            f"model file {model or DEFAULT_MODEL}: cannot be fine-tuned: {_line(error)}"
        ) from error
    return found


def _weights_of(parent: Model, network: OnnxWeights) -> ParentWeights:
    weights: dict[str, Tensor] = {}
    channels: list[int] = []
    while not channels or network.has(f"blocks.{len(channels)}.conv1.weight"):
        block = f"blocks.{len(channels)}"
        weights |= network.block(block)
        channels.append(len(weights[f"{block}.conv1.weight"]))
    weights |= network.gru()
    gru_units = weights["pooling.gru.weight_hh_l0"].shape[1]
    return ParentWeights(
        parent.card.front_end, tuple(channels), gru_units, parent.sha256, weights
    )


def _check(
    found: ParentWeights, parent: Model, tolerance: float, *, is_fused: bool
) -> None:
    """Compare the embeddings of torch and ONNX Runtime, on noise."""
    shape = (N_PARITY_SEGMENTS, *parent.scorer.segment_shape)
    values = np.random.default_rng(0).normal(-40, 15, shape).astype(np.float32)
    scores = parent.scorer.score(Segments(values, np.zeros(len(values), np.int64)))
    network = found.build(1, dropout=0.0, head_rate=1.0).eval()
    with torch.no_grad():
        _, embedding = network(torch.from_numpy(values))
    # What a network fused with it makes of segments stands behind its own embedding.
    theirs = scores.embedding[:, : embedding.shape[1]] if is_fused else scores.embedding
    if embedding.shape != theirs.shape:
        raise ModelFileError("its embedding has another size than torch's")
    difference = float(np.abs(theirs - embedding.numpy()).max())
    if not difference <= tolerance:
        raise ModelFileError(
            f"torch and ONNX Runtime differ by {difference:.2g} in its embedding; at most "
            f"{tolerance:g} is accepted"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
