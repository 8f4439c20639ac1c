"""Checks model files of unknown origin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto

from genre_model.errors import ModelFileError
from genre_model.features.segments import Segments
from genre_model.model.card import card_from_json
from genre_model.model.card_text import printable
from genre_model.model.model_file import CARD_KEY, model_from_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from genre_model.features.config import FrontEnd
    from genre_model.model.model_file import Model

#: Operators that may never end.
CONTROL_FLOW = ("Loop", "Scan")
STANDARD_DOMAINS = ("", "ai.onnx")
#: ONNX Runtime has operators of these domains; no function of a file may replace one.
TAKEN_DOMAINS = ("ai.onnx", "com.microsoft", "com.ms", "org.pytorch")
#: Limits of a front end; larger values would fill memory or time.
MOST = {
    "sample_rate_hz": 192_000,
    "n_fft": 2**16,
    "hop_samples": 2**16,
    "n_mels": 512,
    "f_max_hz": 192_000,
    "keep_below_hz": 192_000,
    "segment_frames": 4096,
    "n_segments": 100,
    "whole_below_seconds": 600,
    "min_track_seconds": 600,
}
MAX_FRAMES_PER_SECOND = 1000
N_NOISE_SEGMENTS = 5


def check_untrusted_network(content: bytes) -> None:
    """Check that a model file does no harm, and that it works.

    Raises:
        ModelFileError: one line that says what is wrong with it.
    """
    try:
        _check_network(content)
        _check_answers(model_from_bytes(content))
    except Exception as error:
        kind = type(error) if isinstance(error, ModelFileError) else ModelFileError
        # ONNX quotes names from the file in its messages.
        raise kind(printable(str(error)) or type(error).__name__) from error


def _check_network(content: bytes) -> None:
    """Refuse networks that must not reach ONNX Runtime."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise ModelFileError(f"it is no ONNX network ({error})") from error
    local = {(function.domain, function.name) for function in model.functions}
    for part in (model.graph, *model.training_info):
        _check_parts(part, local)
    for function in model.functions:
        _check_function(function)
    try:
        onnx.checker.check_model(content)
    except Exception as error:
        raise ModelFileError(f"its network is invalid ({str(error)[:200]})") from error
    _check_types(model)
    cards = [entry.value for entry in model.metadata_props if entry.key == CARD_KEY]
    _check_front_end(card_from_json(cards[0] if cards else None).front_end)


def _check_function(function: FunctionProto) -> None:
    if function.domain in STANDARD_DOMAINS or function.domain.startswith(TAKEN_DOMAINS):
        raise ModelFileError(
            f"its function {function.name!r} poses as an operator of {function.domain!r}"
        )
    # Not even other functions of the file: calls could be circular.
    _check_parts(function, ())


def _check_parts(part: Any, local: Collection[tuple[str, str]]) -> None:
    for message in _messages(part):
        if isinstance(message, TensorProto):
            _check_tensor(message)
        elif isinstance(message, NodeProto):
            operator = message.domain, message.op_type
            if message.op_type in CONTROL_FLOW:
                raise ModelFileError(
                    f"its operator {message.op_type!r} may run for ever; no network of "
                    "genre_model needs one"
                )
            if message.domain not in STANDARD_DOMAINS and operator not in local:
                raise ModelFileError(
                    f"its operator {message.op_type!r} of {message.domain!r} is not one "
                    "of the ONNX standard"
                )


def _check_tensor(tensor: TensorProto) -> None:
    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        raise ModelFileError(
            f"its values {tensor.name!r} lie in another file; a model must be one file"
        )


def _messages(part: Any) -> Iterator[Any]:
    """Yield a part of a network and all parts nested in it."""
    pending = [part]
    while pending:
        message = pending.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                pending.extend([value] if hasattr(value, "ListFields") else value)


def _check_types(model: ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        is_ours = value.name in ("segments", "logits", "embedding")
        if is_ours and value.type.tensor_type.elem_type != TensorProto.FLOAT:
            raise ModelFileError(f"its {value.name} are no float32 numbers")


def _check_front_end(front_end: FrontEnd) -> None:
    for config in front_end.to_dict().values():
        for name, value in config.items():
            if value > MOST.get(name, value):
                raise ModelFileError(
                    f"its card has {name} {value:g}; at most {MOST[name]} is accepted"
                )
    if front_end.frames_per_second > MAX_FRAMES_PER_SECOND:
        raise ModelFileError(f"its card has hop_samples {front_end.mel.hop_samples}")


def _check_answers(model: Model) -> None:
    """Run the network on noise and on silence."""
    shape = model.scorer.segment_shape
    noise = np.random.default_rng(0).normal(-40, 15, (N_NOISE_SEGMENTS, *shape))
    silence_db = 10 * math.log10(model.card.front_end.mel.power_floor)
    for values in (noise, noise[:1], np.full((2, *shape), silence_db)):
        n_segments = len(values)
        starts = np.zeros(n_segments, np.int64)
        scores = model.scorer.score(Segments(values.astype(np.float32), starts))
        if scores.logits.shape != (n_segments, model.card.n_outputs):
            raise ModelFileError(
                f"its network gives logits of {scores.logits.shape} for {n_segments} "
                f"segments and {model.card.n_outputs} genres"
            )
        embedding = scores.embedding
        if embedding.shape[:-1] != (n_segments,) or not np.isfinite(embedding).all():
            raise ModelFileError("its network gives no embedding for each segment")
