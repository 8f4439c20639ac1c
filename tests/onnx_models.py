"""Small ONNX model files, made without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from genre_model.features.config import FrontEnd, MelConfig, SegmentConfig, WaveformConfig
from genre_model.features.mel_frames import count_bands
from genre_model.model.card import Card
from genre_model.model.model_file import write_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: The front end of GTZAN's mel pictures.
PICTURE_MEL = MelConfig(
    n_fft=2048,
    hop_samples=1920,
    n_mels=96,
    f_min_hz=30.0,
    f_max_hz=11025.0,
    keep_below_hz=7700.0,
    band_value="mean_of_db",
    power_floor=1e-6,
)
FRONT_END = FrontEnd(
    WaveformConfig(sample_rate_hz=22050),
    PICTURE_MEL,
    SegmentConfig(
        segment_frames=112, n_segments=7, whole_below_seconds=60.0, min_track_seconds=3.0
    ),
)
GENRES = ("low", "high")


def spectral_balance_network(
    front_end: FrontEnd = FRONT_END, weights: NDArray[np.float32] | None = None
) -> bytes:
    """Serialise a network that tells low sounds from high ones by their mean spectrum."""
    n_mels, n_frames = count_bands(front_end.mel), front_end.segment.segment_frames
    if weights is None:
        slope = np.linspace(-1, 1, n_mels, dtype=np.float32) / n_mels
        weights = np.stack([-slope, slope], axis=1)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["segments", "axes"], ["embedding"], keepdims=0),
            helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
        ],
        "spectral_balance",
        [_tensor("segments", ["n", n_mels, n_frames])],
        [_tensor("logits", ["n", weights.shape[1]]), _tensor("embedding", ["n", n_mels])],
        [
            numpy_helper.from_array(np.array([2], np.int64), "axes"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def write_small_model(path: Path, **changes: object) -> Path:
    """Write a two-genre model file whose card has some values changed."""
    values: dict[str, object] = {
        "name": "small",
        "genres": GENRES,
        "front_end": FRONT_END,
        "temperature": 1.0,
    }
    write_model(path, spectral_balance_network(), Card(**(values | changes)))  # type: ignore[arg-type]
    return path


def rewrite_card(path: Path, text: str | None) -> None:
    """Replace the card of a model file by any text, or remove it."""
    model = onnx.load(path)
    del model.metadata_props[:]
    if text is not None:
        helper.set_model_props(model, {"card": text})
    onnx.save(model, path)


def _tensor(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
