"""Segment probabilities: an ONNX network over segments, then its activation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# ONNX Runtime sends telemetry unless this is set before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime

from genre_model.errors import ModelFileError

onnxruntime.disable_telemetry_events()
# It would print every error that it also raises.
onnxruntime.set_default_logger_severity(4)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.features.segments import Segments


@dataclass(frozen=True)
class SegmentScores:
    """Outputs of the network for each segment.

    Attributes:
        logits: unnormalised [shape=(n_segments, n_outputs)].
        embedding: the last layer, or layers, below the logits
            [shape=(n_segments, n_features)].
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class SegmentScorer:
    """Runs a network with ONNX Runtime; one instance may serve many threads.

    Args:
        network: serialised ONNX model with input ``segments`` and outputs ``logits`` and
            ``embedding``.

    Attributes:
        metadata: of the file.
        segment_shape: mel bands and frames of a segment.
        n_outputs: number of logits.
        n_features: length of the embedding.

    Raises:
        ModelFileError: if ONNX Runtime refuses the model.
    """

    def __init__(self, network: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # files are spread over threads instead
        options.inter_op_num_threads = 1
        # One block for all of its arrays would be a fifth more memory, and no faster.
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                network, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelFileError(f"it is no ONNX network ({_line(error)})") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self._check_names(inputs, outputs)
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.segment_shape: tuple[int, int] = tuple(inputs[0].shape[1:])
        self.n_outputs: int = outputs[0].shape[1]
        self.n_features: int = outputs[1].shape[1]

    @staticmethod
    def _check_names(inputs: list[Any], outputs: list[Any]) -> None:
        found = (
            [(node.name, len(node.shape)) for node in inputs],
            [(node.name, len(node.shape)) for node in outputs],
        )
        expected = [("segments", 3)], [("logits", 2), ("embedding", 2)]
        if found != expected:
            raise ModelFileError(
                f"its network maps {found[0]} to {found[1]}; expected {expected[0]} to "
                f"{expected[1]}"
            )

    def score(self, segments: Segments) -> SegmentScores:
        """Run the network.

        Raises:
            ModelFileError: if the network does not take such segments, or returns NaN.
        """
        try:
            logits, embedding = self._session.run(
                ["logits", "embedding"], {"segments": segments.values}
            )
        except Exception as error:
            raise ModelFileError(f"the network failed: {_line(error)}") from error
        if not np.isfinite(logits).all():
            raise ModelFileError("the network returned values that are no numbers")
        return SegmentScores(logits, embedding)


def activate(
    logits: NDArray[np.float32], temperature: float, *, multi_label: bool
) -> NDArray[np.float32]:
    """Turn logits into probabilities of the same shape.

    Args:
        logits: [shape=(..., n_genres)].
        temperature: divides the logits (Guo et al. 2017).
        multi_label: a sigmoid for each genre instead of a softmax over all.
    """
    if not multi_label:
        return softmax(logits, temperature)
    # Written with tanh, which never overflows.
    half = logits / np.float32(2 * temperature)
    probabilities: NDArray[np.float32] = (1 + np.tanh(half)) / 2
    return probabilities


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return the softmax of logits over the last axis, divided by a temperature."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / np.float32(temperature)
    exponentials = np.exp(scaled)
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(
        axis=-1, keepdims=True
    )
    return probabilities


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
