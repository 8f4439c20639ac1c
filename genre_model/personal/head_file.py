"""Model files that join the network of one model to a new head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.utils import Extractor

from genre_model.errors import ModelFileError
from genre_model.features.segments import Segments
from genre_model.model.model_file import model_from_bytes, with_card
from genre_model.model.onnx_graph import OnnxGraph, free_name, set_output_aside
from genre_model.model.source import read_network
from genre_model.personal.heads import track_embedding
from genre_model.personal.open_set import NONE_OF_THESE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.model.card import Card
    from genre_model.personal.heads import LinearHead
    from genre_model.personal.open_set import OpenSet

#: Largest difference of a logit between numpy and ONNX Runtime, in logits of some 10.
PARITY_TOLERANCE = 1e-3
N_PARITY_SEGMENTS = 5
#: ReduceMean takes its axes as an input from here on.
MIN_OPSET = 18


def head_model(
    parent: bytes, head: LinearHead, card: Card, open_set: OpenSet | None = None
) -> bytes:
    """Return a model file: the network of another up to its embedding, and a head.

    The head is linear in mean and standard deviation over segments, so that each
    segment has logits of its own (with the standard deviation of all), and their mean
    is the track's: hence ``pool_logits``.

    Args:
        parent: content of the file of the model that gives the network.
        head: for the genres of the card.
        card: of the new file.
        open_set: gives one more output, which the model rejects.

    Raises:
        ModelFileError: if ONNX Runtime computes other logits than the head.
    """
    if open_set is not None:
        card = replace(card, rejected=(NONE_OF_THESE,))
    content = with_card(_joined(parent, head, card, open_set), card)
    difference = _difference(content, parent, head, open_set)
    if not difference <= PARITY_TOLERANCE:
        raise ModelFileError(
            f"the new model: ONNX Runtime and numpy differ by {difference:.2g} in a logit; "
            f"at most {PARITY_TOLERANCE:g} is accepted"
        )
    return content


def parent_network(source: str | Path | None, model_id: str) -> bytes:
    """Read the file of the model whose network a head uses.

    Args:
        source: as for ``read_model``.
        model_id: that the file must have, as another process may replace it meanwhile.

    Raises:
        ModelFileError: if it is another one by now, or takes no head.
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


def _joined(parent: bytes, head: LinearHead, card: Card, open_set: OpenSet | None) -> bytes:
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(parent))
    earlier = set_output_aside(model.graph, "logits")
    for value in model.graph.output:
        value.name = earlier if value.name == "logits" else value.name
    kept = ["embedding", *[earlier] * (open_set is not None)]
    model = Extractor(model).extract_model(["segments"], kept)
    # The parent may have a head itself.
    layers = OnnxGraph(free_name(model.graph, "head_"))
    logits = [_genre_logits(layers, head)]
    if open_set is not None:
        none = _none_logit(layers, logits[0], earlier, open_set, card)
        column = layers.constant(np.zeros((head.weights.shape[1] // 2, 1), np.float32))
        nothing = layers.add("MatMul", "embedding", column)  # a row per segment
        logits.append(layers.add("Add", nothing, none))
    layers.add("Concat", *logits, to="logits", axis=1)
    layers.add_to(model.graph)
    lengths = {"logits": card.n_outputs, "embedding": head.weights.shape[1] // 2}
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_segments", length])
        for name, length in lengths.items()
    )
    content: bytes = model.SerializeToString()
    return content


def _genre_logits(layers: OnnxGraph, head: LinearHead) -> str:
    of_mean, of_sd = np.split(head.weights.T, 2)
    centred = layers.add("Sub", "embedding", _mean_over_segments(layers, "embedding"))
    variance = _mean_over_segments(layers, layers.add("Mul", centred, centred))
    sd = layers.add("Sqrt", variance)
    parts = (
        layers.add("MatMul", source, layers.constant(weights))
        for source, weights in (("embedding", of_mean), (sd, of_sd))
    )
    return layers.add("Add", layers.add("Add", *parts), layers.constant(head.bias))


def _none_logit(
    layers: OnnxGraph, genres: str, earlier: str, open_set: OpenSet, card: Card
) -> str:
    """Add ``OpenSet.none_logits`` of the track [shape=(1, 1)]."""
    whitening = layers.constant(open_set.whitening)
    point = layers.add("MatMul", _mean_over_segments(layers, earlier), whitening)
    distance = _distance(layers, point, open_set.means, np.zeros(1, np.float32))
    limit = layers.constant(np.array([open_set.threshold], np.float32))
    if len(open_set.left_out):
        others = _distance(layers, point, open_set.left_out, open_set.handicaps)
        limit = layers.add("Min", limit, others)
    slope = layers.constant(np.array([card.temperature * open_set.slope], np.float32))
    none = layers.add("Mul", layers.add("Sub", distance, limit), slope)
    if card.multi_label:
        return none
    temperature = layers.constant(np.array([card.temperature], np.float32))
    of_track = layers.add("Div", _mean_over_segments(layers, genres), temperature)
    total = layers.add("ReduceLogSumExp", of_track, layers.integers(1), keepdims=1)
    return layers.add("Add", none, layers.add("Mul", total, temperature))


def _distance(
    layers: OnnxGraph,
    point: str,
    means: NDArray[np.float32],
    handicaps: NDArray[np.float32],
) -> str:
    """Add the distance to the nearest of some means [shape=(1, 1)]."""
    lag = layers.add("Sub", layers.constant(means), point)
    squares = layers.add("Mul", lag, lag)
    sums = layers.add("ReduceSum", squares, layers.integers(1), keepdims=1)
    sums = layers.add("Add", sums, layers.constant(handicaps[:, np.newaxis]))
    nearest = layers.add("ReduceMin", sums, layers.integers(0), keepdims=1)
    return layers.add("Sqrt", nearest)


def _mean_over_segments(layers: OnnxGraph, source: str) -> str:
    return layers.add("ReduceMean", source, layers.integers(0), keepdims=1)


def _difference(
    content: bytes, parent: bytes, head: LinearHead, open_set: OpenSet | None
) -> float:
    """Return the largest difference of a track logit, on noise."""
    model = model_from_bytes(content)
    rng = np.random.default_rng(0)
    shape = (N_PARITY_SEGMENTS, *model.scorer.segment_shape)
    values = rng.normal(-40, 15, shape).astype(np.float32)
    segments = Segments(values, np.zeros(N_PARITY_SEGMENTS, np.int64))
    scores = model.scorer.score(segments)
    expected = head.logits(track_embedding(scores.embedding)[np.newaxis])
    if open_set is not None:
        of_parent = model_from_bytes(parent).scorer.score(segments).logits
        none = open_set.none_logits(
            expected,
            of_parent.mean(axis=0, keepdims=True),
            model.card.temperature,
            multi_label=model.card.multi_label,
        )
        expected = np.hstack([expected, none[:, np.newaxis]])
    return float(np.abs(scores.logits.mean(axis=0) - expected[0]).max())
