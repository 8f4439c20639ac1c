"""The commands that would make a model, or a figure about it, once more."""

from __future__ import annotations

from typing import Any


def training_command(training: dict[str, Any]) -> str:
    """Return the command that makes such a model.

    Args:
        training: what its card says of its training. Folders are ``DIR`` (the data) and
            ``RUN``, which the command makes.
    """
    seed = f" --first-seed {training.get('seed')}" * bool(training.get("seed"))
    return _train(training, f"{training['protocol']}{seed}")


def scoring_command(training: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the commands that give a figure.

    Args:
        training: what the card of the model says of its training.
        report: of models of the same recipe, as ``evaluate`` wrote it.
    """
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
