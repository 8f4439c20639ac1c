"""Model files that join the network of one model to a new head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.utils import Extractor

from genre_model.errors import ModelFileError
from genre_model.model_file import model_from_bytes, with_card
from genre_model.model_source import read_network
from genre_model.segments import Segments

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.card import Card

#: Largest difference of a logit between numpy and ONNX Runtime, in logits of some 10.
PARITY_TOLERANCE = 1e-3
N_PARITY_SEGMENTS = 5
#: ReduceMean takes its axes as an input from here on.
MIN_OPSET = 18
#: Names of a head's numbers in a model file.
HEAD_VALUES = ("head_weights_of_mean", "head_weights_of_sd", "head_bias")


@dataclass(frozen=True)
class LinearHead:
    """Logits as a linear function of a track's embedding.

    Attributes:
        weights: the mean over segments first, then the standard deviation
            [shape=(n_genres, 2 * n_features)].
        bias: [shape=(n_genres,)].
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score track embeddings [shape=(n_tracks, 2 * n_features)]."""
        scores: NDArray[np.float32] = embeddings @ self.weights.T + self.bias
        return scores


def track_embedding(segment_embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean and standard deviation over segments.

    Args:
        segment_embeddings: [shape=(n_segments, n_features)].

    Returns:
        [shape=(2 * n_features,)].
    """
    mean, sd = segment_embeddings.mean(axis=0), segment_embeddings.std(axis=0)
    return np.concatenate([mean, sd]).astype(np.float32)


def head_model(parent: bytes, head: LinearHead, card: Card) -> bytes:
    """Make a model file: the network of another up to its embedding, and a head.

    The head is linear in mean and standard deviation over segments, so that each
    segment has logits of its own (with the standard deviation of all), and their mean
    is the track's: hence ``pool_logits``.

    Args:
        parent: content of the file of the model that gives the network.
        head: for the genres of the card.
        card: what the file will say of itself.

    Returns:
        The content of the file.

    Raises:
        ModelFileError: if ONNX Runtime does not make of the new file what the head says.
    """
    content = with_card(_joined(parent, head), card)
    difference = _difference(content, head)
    if not difference <= PARITY_TOLERANCE:
        raise ModelFileError(
            f"the new model: ONNX Runtime and numpy differ by {difference:.2g} in a logit; "
            f"at most {PARITY_TOLERANCE:g} is accepted"
        )
    return content


def head_of(content: bytes) -> LinearHead:
    """Read the head back from the content that :func:`head_model` returned."""
    tensors = onnx.load_model_from_string(content).graph.initializer
    values = {tensor.name: tensor for tensor in tensors if tensor.name in HEAD_VALUES}
    of_mean, of_sd, bias = (numpy_helper.to_array(values[name]) for name in HEAD_VALUES)
    return LinearHead(np.concatenate([of_mean, of_sd]).T, bias)


def parent_network(source: str | Path | None, model_id: str) -> bytes:
    """Read the file that a head will go on.

    Args:
        source: as for ``read_model``.
        model_id: that the file must have, for somebody may replace it meanwhile.

    Raises:
        ModelFileError: if it is another one by now, or no head can go on it.
    """
    content = read_network(source)
    if model_from_bytes(content).model_id != model_id:
        raise ModelFileError(f"model file {source} has changed meanwhile; start again")
    imported = onnx.load_model_from_string(content).opset_import
    opset = {each.domain: each.version for each in imported}.get("", 0)
    if opset < MIN_OPSET:
        raise ModelFileError(
            f"model {model_id} has ONNX opset {opset}; a head needs {MIN_OPSET} or later: "
            "take another --parent"
        )
    return content


def _joined(parent: bytes, head: LinearHead) -> bytes:
    model = onnx.load_model_from_string(parent)
    model = onnx.shape_inference.infer_shapes(model)
    model = Extractor(model).extract_model(["segments"], ["embedding"])
    n_genres, n_features = head.weights.shape[0], head.weights.shape[1] // 2
    constants = {
        "head_axis": np.array([0], np.int64),
        "head_weights_of_mean": head.weights[:, :n_features].T,
        "head_weights_of_sd": head.weights[:, n_features:].T,
        "head_bias": head.bias,
    }
    graph = model.graph
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(values), name)
        for name, values in constants.items()
    )
    node = helper.make_node
    graph.node.extend(
        [
            node("ReduceMean", ["embedding", "head_axis"], ["head_mean"], keepdims=1),
            node("Sub", ["embedding", "head_mean"], ["head_centred"]),
            node("Mul", ["head_centred", "head_centred"], ["head_squares"]),
            node("ReduceMean", ["head_squares", "head_axis"], ["head_var"], keepdims=1),
            node("Sqrt", ["head_var"], ["head_sd"]),
            node("MatMul", ["head_sd", "head_weights_of_sd"], ["head_of_sd"]),
            node("Add", ["head_of_sd", "head_bias"], ["head_of_track"]),
            node("MatMul", ["embedding", "head_weights_of_mean"], ["head_of_segment"]),
            node("Add", ["head_of_segment", "head_of_track"], ["logits"]),
        ]
    )
    n_segments = graph.input[0].type.tensor_type.shape.dim[0].dim_param or "n_segments"
    logits = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, [n_segments, n_genres]
    )
    graph.output.insert(0, logits)
    content: bytes = model.SerializeToString()
    return content


def _difference(content: bytes, head: LinearHead) -> float:
    """Return the largest difference of a track logit, on noise."""
    scorer = model_from_bytes(content).scorer
    rng = np.random.default_rng(0)
    shape = (N_PARITY_SEGMENTS, *scorer.segment_shape)
    values = rng.normal(-40, 15, shape).astype(np.float32)
    scores = scorer.score(Segments(values, np.zeros(N_PARITY_SEGMENTS, np.int64)))
    expected = head.logits(track_embedding(scores.embedding)[np.newaxis])[0]
    return float(np.abs(scores.logits.mean(axis=0) - expected).max())
