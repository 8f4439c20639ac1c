"""Model files for distribution: a run's network with measured accuracy in its card."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.model.model_file import read_model, write_model
from genre_model.training.recipe import recipe_of
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model.card import Card


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
