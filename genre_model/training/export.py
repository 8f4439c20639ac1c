"""Model files of trained networks: export to ONNX, and cards with measured accuracy."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genre_model.errors import ModelFileError, TrainingDataError, TrainingDivergedError
from genre_model.features.mel_frames import count_bands
from genre_model.features.segments import Segments
from genre_model.model.model_file import read_model, write_model
from genre_model.training.recipe import recipe_of
from genre_model.training.run_folder import RunFolder

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
    """Refuse weights that are not finite; random segments might not reach them."""
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


#: What the card keeps of a report.
REPORTED = (
    "accuracy",
    "sd",
    "seeds",
    "n_tracks",
    "macro_f1",
    "part",
    "source",
    "combination",
    "leaky",
)
#: What else is needed of it.
NEEDED = (*REPORTED, "protocol", "temperature", "genres", "n_seen")

log = logging.getLogger(__name__)


def publish(run_path: Path, report_paths: list[Path], name: str, out: Path) -> None:
    """Write a model whose card carries the measured accuracy of its recipe.

    A model trained on every track can be scored on none. It takes accuracy and
    temperature from trainings of the same recipe that held test tracks out.

    Args:
        run_path: folder of one complete training.
        report_paths: ``report.json`` files that ``evaluate`` wrote.
        name: of the model.
        out: the ``.onnx`` file.

    Raises:
        TrainingDataError: as :func:`measured_card`, or if the run is incomplete.
    """
    run = RunFolder(run_path)
    if not run.is_complete:
        raise TrainingDataError(f"{run_path} holds no complete training (model.onnx)")
    card = measured_card(read_model(run.model_path).card, report_paths)
    write_model(out, run.model_path.read_bytes(), replace(card, name=name))


def measured_card(card: Card, report_paths: list[Path]) -> Card:
    """Add to a card what was measured of its recipe.

    Raises:
        TrainingDataError: if a report is of another recipe or of other genres, or scored
            tracks that its models were trained on.
    """
    if "protocol" not in card.training:
        raise TrainingDataError(f"{card.name} was not trained on a protocol of GTZAN")
    reports = [_read_report(path, card) for path in report_paths]
    if len({report["protocol"] for report in reports}) < len(reports):
        raise TrainingDataError("two reports are of the same protocol; give each once")
    metrics = {
        report["protocol"]: {key: report[key] for key in REPORTED}
        | {"command": scoring_command(card.training, report)}
        for report in reports
    }
    return replace(
        card,
        metrics=metrics,
        temperature=_fitted_temperature(reports),
        training=card.training | {"command": training_command(card.training)},
    )


def _fitted_temperature(reports: list[dict[str, Any]]) -> float:
    """Return the first that was fitted; without validation tracks, all are just 1."""
    fitted = [one["temperature"] for one in reports if one["temperature"] != 1.0]
    if not fitted:
        log.warning(
            "no report is of models that had validation tracks to fit a temperature: "
            "confidences stay as the network has them"
        )
        return 1.0
    temperature: float = fitted[0]
    return temperature


def _read_report(path: Path, card: Card) -> dict[str, Any]:
    recipe = recipe_of(card)
    try:
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"cannot read report {path}: {error}") from error
    found = report if isinstance(report, dict) else {}
    if (found.get("recipe"), found.get("recipe_hash", "")) != recipe:
        raise TrainingDataError(
            f"report {path} is not of the recipe {recipe[0]!r} that the model is of, or of "
            "other settings of it, or other tracks were left out"
        )
    if missing := [name for name in NEEDED if name not in report]:
        raise TrainingDataError(
            f"report {path} lacks {', '.join(missing)}: make it with genre-model evaluate "
            "--out"
        )
    if [row["genre"] for row in report["genres"]] != list(card.genres):
        raise TrainingDataError(
            f"report {path} is of other genres than the model's {', '.join(card.genres)}"
        )
    if report.get("is_uncalibrated"):
        raise TrainingDataError(
            f"report {path} was made with --uncalibrated: make one without"
        )
    if report.get("part") != "test" or report.get("n_seen") != 0:
        raise TrainingDataError(
            f"report {path} must be of test tracks that no model was trained on"
        )
    return report


def training_command(training: dict[str, Any]) -> str:
    """Return the command that trains such a model; ``DIR`` is the data, ``RUN`` is made."""
    seed = f" --first-seed {training.get('seed')}" * bool(training.get("seed"))
    return _train(training, f"{training['protocol']}{seed}")


def scoring_command(training: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the commands that reproduce the figures of a report."""
    options = f"{report['protocol']} --seeds {report['seeds']}"
    data = f"--data DIR --source {report['source']}"
    score = f"genre-model evaluate RUN {data} --protocol {options}"
    if report["combination"] != "mean":
        score += f" --combine {report['combination']}"
    return f"{_train(training, options)} && {score}"


def _train(training: dict[str, Any], options: str) -> str:
    """Return the command that trains, by the options of a protocol."""
    command = f"genre-model train {_with_changes(training['recipe'])}"
    if training.get("left_out"):
        command += " --leave-out FILE"
    if genres := training.get("genres"):
        command += f" --genres '{','.join(genres)}'"
    data = f"--data DIR --source {training['source']}"
    return f"{command} {data} --out RUN --protocol {options}"


def _with_changes(recipe: str) -> str:
    name, *changes = recipe.split("+")
    return " ".join([name, *(f"--set {change}" for change in changes)])
