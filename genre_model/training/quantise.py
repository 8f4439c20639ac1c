"""Float networks to networks that compute convolutions with 8-bit integers."""

from __future__ import annotations

import logging
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from genre_model.classifier import GenreClassifier
from genre_model.errors import TrainingDataError
from genre_model.model_file import model_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.segments import Segments

#: What takes the time; the recurrent layers compute with floats as before.
OPERATORS = ["Conv", "MaxPool", "Add", "Relu"]


@dataclass(frozen=True)
class Difference:
    """How far probabilities of tracks moved.

    Attributes:
        n_tracks: that were compared.
        mean: of all genres.
        largest: of any genre of any track.
        n_other_genre: tracks whose most probable genre is another.
    """

    n_tracks: int
    mean: float
    largest: float
    n_other_genre: int


def quantised(content: bytes, segments: Sequence[Segments]) -> bytes:
    """Let the convolutions of a model compute with 8-bit integers.

    Weights have a scale for each output channel, activations one for each tensor, taken
    from what the network does with the given segments (Jacob et al. 2018). Weights use
    7 of the 8 bits: processors without an instruction for the products of bytes add two
    of them in 16 bits, which would overflow, and the answer would depend on the machine.

    Args:
        content: of a model file.
        segments: of some dozens of tracks that it was trained on.

    Returns:
        The content of a model file with the same card, less than half as large.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        paths = [Path(folder) / f"{name}.onnx" for name in ("float", "plain", "int8")]
        paths[0].write_bytes(content)
        quant_pre_process(paths[0], paths[1], skip_symbolic_shape=True)
        quantize_static(
            paths[1],
            paths[2],
            _Calibration(segments),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=OPERATORS,
        )
        return _without_unused_domains(paths[2].read_bytes())


def _without_unused_domains(content: bytes) -> bytes:
    """Take back what ONNX Runtime declares, and a careful reader would refuse."""
    model = onnx.load_model_from_string(content)
    used = {node.domain for node in model.graph.node}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    plain: bytes = model.SerializeToString()
    return plain


def difference_of(before: bytes, after: bytes, tracks: Sequence[Segments]) -> Difference:
    """Compare what two networks say of tracks.

    Raises:
        TrainingDataError: if there are no tracks.
    """
    if not tracks:
        raise TrainingDataError("no track is left to compare the two networks on")
    first, second = (_probabilities(content, tracks) for content in (before, after))
    distances = np.abs(first - second)
    return Difference(
        n_tracks=len(tracks),
        mean=float(distances.mean()),
        largest=float(distances.max()),
        n_other_genre=int((first.argmax(axis=1) != second.argmax(axis=1)).sum()),
    )


def _probabilities(content: bytes, tracks: Sequence[Segments]) -> NDArray[np.float32]:
    classifier = GenreClassifier(model_from_bytes(content))
    return np.stack(
        [classifier.predict_segments(Path(), one).probabilities for one in tracks]
    )


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Hands out segments as ONNX Runtime asks for them."""

    def __init__(self, tracks: Sequence[Segments]) -> None:
        self._inputs: Iterator[dict[str, Any]] = (
            {"segments": track.values} for track in tracks
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input, or None."""
        return next(self._inputs, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence advice that was followed already, given to the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
