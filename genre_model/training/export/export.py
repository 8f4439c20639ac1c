"""ONNX model files from trained networks."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genre_model.errors import ModelFileError, TrainingDivergedError
from genre_model.features.mel_frames import count_bands
from genre_model.features.segments import Segments
from genre_model.model.model_file import read_model, write_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import onnx
    from torch import nn

    from genre_model.model.card import Card
    from genre_model.model.model_file import Model

#: Largest difference of a logit between torch and ONNX Runtime on the same segments.
PARITY_TOLERANCE = 1e-3
N_PARITY_SEGMENTS = 8


def export_model(network: nn.Module, card: Card, path: Path) -> float:
    """Write a network as a model file, and return its largest difference from torch.

    Args:
        network: on the CPU, in evaluation mode.
        card: of the file.
        path: of the file; its folder is made.

    Raises:
        TrainingDivergedError: if weights are not finite.
        ModelFileError: if a logit differs by more than ``PARITY_TOLERANCE``; nothing is
            left at ``path``.
    """
    check_weights(network, path)
    front_end = card.front_end
    shape = (count_bands(front_end.mel), front_end.segment.segment_frames)
    # The final name means "complete", so it is given only to what was checked.
    unchecked = path.with_name(f"{path.stem}.unchecked.onnx")
    try:
        write_model(unchecked, _serialised(network.eval(), shape), card)
        difference = check_parity(network, read_model(unchecked), path)
        unchecked.replace(path)
    finally:
        unchecked.unlink(missing_ok=True)
    return difference


def check_weights(network: nn.Module, what: object) -> None:
    """Refuse weights that are not finite; random segments might not reach them.

    Raises:
        TrainingDivergedError: naming ``what`` was trained.
    """
    for name, values in network.state_dict().items():
        if not torch.isfinite(values).all():
            raise TrainingDivergedError(
                f"{what}: the training ended with weights that are no numbers ({name}): "
                'set training.precision to "32-true", or a lower learning rate'
            )


def check_parity(network: nn.Module, model: Model, path: Path) -> float:
    """Return the largest difference of a logit between torch and ONNX Runtime.

    Raises:
        ModelFileError: if it exceeds ``PARITY_TOLERANCE``.
    """
    rng = np.random.default_rng(0)
    shape = N_PARITY_SEGMENTS, *model.scorer.segment_shape
    values = rng.normal(-40, 15, shape).astype(np.float32)
    starts = np.zeros(N_PARITY_SEGMENTS, np.int64)
    exported = model.scorer.score(Segments(values, starts)).logits
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(values))
    difference = float(np.abs(exported - logits.float().numpy()).max())
    if not difference <= PARITY_TOLERANCE:
        raise ModelFileError(
            f"{path}: ONNX Runtime and torch differ by {difference:.2g} in a logit; at "
            f"most {PARITY_TOLERANCE:g} is accepted"
        )
    return difference


def _serialised(network: nn.Module, shape: tuple[int, int]) -> bytes:
    n_segments = torch.export.Dim("n_segments", min=1, max=65536)
    with _quiet_exporter():
        program: Any = torch.onnx.export(
            network,
            (torch.zeros(2, *shape),),
            dynamo=True,
            verbose=False,
            input_names=["segments"],
            output_names=["logits", "embedding"],
            dynamic_shapes=({0: n_segments},),
        )
    proto: onnx.ModelProto = program.model_proto
    _strip_traces(proto)
    content: bytes = proto.SerializeToString()
    return content


def _strip_traces(proto: onnx.ModelProto) -> None:
    """Remove the stack traces of the exporter: they name files of this machine."""
    proto.ClearField("metadata_props")
    for graph in (proto.graph, *proto.functions):
        for part in (graph, *graph.node, *graph.value_info):
            part.ClearField("metadata_props")
            part.ClearField("doc_string")
    for value in (*proto.graph.initializer, *proto.graph.input, *proto.graph.output):
        value.ClearField("metadata_props")


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter's notes about packages that we do not need."""
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter_log.setLevel(level)
