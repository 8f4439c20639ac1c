"""Model files for distribution: a run's network with measured accuracy in its card."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.model_file import read_model, write_model
from genre_model.training.run_folder import RunFolder
from genre_model.training.systems import recipe_of

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.card import Card

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


def publish(run_path: Path, report_paths: list[Path], name: str, out: Path) -> None:
    """Write a model whose card carries what was measured of its recipe.

    A model trained on every track can be scored on none. It takes accuracy and
    temperature from trainings of the same recipe that held test tracks out.

    Args:
        run_path: folder of one complete training.
        report_paths: ``report.json`` files that ``evaluate`` wrote.
        name: of the model.
        out: the ``.onnx`` file.

    Raises:
        TrainingDataError: if the run is incomplete, or a report is of another recipe or
            scored tracks that its models had seen.
    """
    run = RunFolder(run_path)
    if not run.is_complete:
        raise TrainingDataError(f"{run_path} holds no complete training (model.onnx)")
    card = measured_card(read_model(run.model_path).card, report_paths)
    write_model(out, run.model_path.read_bytes(), replace(card, name=name))


def measured_card(card: Card, report_paths: list[Path]) -> Card:
    """Add to a card what was measured of its recipe.

    Raises:
        TrainingDataError: if a report is of another recipe, or scored tracks that its
            models had seen.
    """
    recipe = recipe_of(card)
    reports = [_read_report(path, recipe) for path in report_paths]
    if len({report["protocol"] for report in reports}) < len(reports):
        raise TrainingDataError("two reports are of the same protocol; give each once")
    metrics = {
        report["protocol"]: {key: report[key] for key in REPORTED}
        | {"command": _command_of(report, card.training)}
        for report in reports
    }
    command = " && ".join(_train_commands(card.training, card.training["protocol"]))
    return replace(
        card,
        metrics=metrics,
        temperature=reports[0]["temperature"],
        training=card.training | {"command": command},
    )


def _train_commands(training: dict[str, Any], options: str) -> list[str]:
    """Return the commands that make such runs, by the options of a protocol."""
    fused = training.get("fused")
    if fused is None:
        return _commands_of(_part_of(training), "", options)
    parts = _parts_of(fused, training.get("left_out"))
    commands = [
        command
        for number, part in enumerate(parts, 1)
        for command in _commands_of(part, f"-{number}", options)
    ]
    runs = " ".join(f"{_made(part.int8)}-{number}" for number, part in enumerate(parts, 1))
    share = f"--share {fused['share']:g}"
    return [*commands, f"genre-model fuse {runs} {share} --data DIR --out RUN"]


@dataclass(frozen=True)
class _Part:
    """A network of a model, and how it was made."""

    recipe: str
    int8: bool
    pretrained: dict[str, Any] | None
    left_out: bool


def _part_of(training: dict[str, Any]) -> _Part:
    return _Part(
        training["recipe"],
        "int8" in training,
        training.get("pretrained"),
        bool(training.get("left_out")),
    )


def _parts_of(fused: dict[str, Any], left_out: Any) -> list[_Part]:
    pretrained = fused.get("pretrained", [None, None])  # models that are older have none
    columns = zip(fused["recipes"], fused["int8"], pretrained, strict=True)
    return [_Part(*column, bool(left_out)) for column in columns]


def _commands_of(part: _Part, suffix: str, options: str) -> list[str]:
    """Return the commands that train one network."""
    name, *changes = part.recipe.split("+")
    words = [name, *(f"--set {change}" for change in changes)]
    commands = []
    if part.pretrained:
        told = _pretraining_words(part.pretrained)
        protocol = options.partition(" ")[0]
        commands.append(
            f"genre-model pretrain {' '.join(told)} --data DIR --out PRE{suffix} "
            f"--protocol {protocol}{' --leave-out FILE' * part.left_out}"
        )
        words.append(f"--pretrained PRE{suffix}")
    if part.left_out:
        words.append("--leave-out FILE")
    commands.append(
        f"genre-model train {' '.join(words)} --data DIR --out RUN{suffix} "
        f"--protocol {options}"
    )
    if part.int8:
        made = f"--data DIR --out INT8{suffix}"
        commands.append(f"genre-model quantise RUN{suffix} {made}")
    return commands


def _pretraining_words(about: dict[str, Any]) -> list[str]:
    name, *changes = about["recipe"].split("+")
    words = [name, *(f"--set {change}" for change in changes)]
    numbers = f"--mixtures {about['n_mixtures']} --epochs {about['epochs']}"
    music = ["--music DIR2"] * (about["n_files"] > len(about["track_ids"]))
    seed = [f"--seed {about['seed']}"] * (about["seed"] != 0)
    return [*words, f"--backbone {about['backbone']}", numbers, *music, *seed]


def _made(int8: bool) -> str:
    return "INT8" if int8 else "RUN"


def _command_of(report: dict[str, Any], training: dict[str, Any]) -> str:
    options = f"{report['protocol']} --seeds {report['seeds']}"
    steps = _train_commands(training, options)
    run = _made("int8" in training and "fused" not in training)
    steps.append(f"genre-model evaluate {run} --data DIR --protocol {options}")
    return " && ".join(steps)


def _read_report(path: Path, recipe: tuple[str, str]) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"cannot read report {path}: {error}") from error
    found = report if isinstance(report, dict) else {}
    if (found.get("recipe"), found.get("recipe_hash", "")) != recipe:
        raise TrainingDataError(
            f"report {path} is not of the recipe {recipe[0]!r} that the model is of, or of "
            "other settings of it, or only one of them computes with 8-bit integers, or "
            "was pretrained, or they were so otherwise"
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
