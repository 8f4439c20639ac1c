"""The commands that would make a model, or a figure about it, once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def training_command(training: dict[str, Any]) -> str:
    """Return the commands that make such a model.

    Args:
        training: what its card says of its training. Folders are ``DIR`` (the data)
            and those that the commands make.
    """
    seed = f" --first-seed {training.get('seed')}" * bool(training.get("seed"))
    return " && ".join(_commands(training, f"{training['protocol']}{seed}"))


def scoring_command(training: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the commands that give a figure.

    Args:
        training: what the card of the model says of its training.
        report: of models of the same recipe, as ``evaluate`` wrote it.
    """
    options = f"{report['protocol']} --seeds {report['seeds']}"
    run = _made("int8" in training and "fused" not in training)
    data = f"--data DIR --source {report['source']}"
    score = f"genre-model evaluate {run} {data} --protocol {options}"
    if report["combination"] != "mean":
        score += f" --combine {report['combination']}"
    return " && ".join([*_commands(training, options), score])


@dataclass(frozen=True)
class _Part:
    """A network of a model, and how it was made."""

    recipe: str
    int8: bool


@dataclass(frozen=True)
class _Common:
    """What holds for all networks of a model."""

    options: str
    data: str
    genres: str
    left_out: str


def _commands(training: dict[str, Any], options: str) -> list[str]:
    """Return the commands of all steps, by the options of a protocol."""
    genres = ",".join(training.get("genres", ()))
    common = _Common(
        options,
        f"--data DIR --source {training['source']}",
        f" --genres '{genres}'" * bool(genres),
        " --leave-out FILE" * bool(training.get("left_out")),
    )
    fused = training.get("fused")
    if fused is None:
        return _commands_of(_part_of(training), "", common)
    parts = _parts_of(fused)
    commands = [
        command
        for number, part in enumerate(parts, 1)
        for command in _commands_of(part, f"-{number}", common)
    ]
    runs = " ".join(f"{_made(part.int8)}-{number}" for number, part in enumerate(parts, 1))
    share = f"--share {fused['share']:g}"
    return [*commands, f"genre-model fuse {runs} {share} {common.data} --out RUN"]


def _part_of(training: dict[str, Any]) -> _Part:
    return _Part(training["recipe"], "int8" in training)


def _parts_of(fused: dict[str, Any]) -> list[_Part]:
    return [_Part(*one) for one in zip(fused["recipes"], fused["int8"], strict=True)]


def _commands_of(part: _Part, suffix: str, common: _Common) -> list[str]:
    """Return the commands that train one network."""
    train = (
        f"genre-model train {_with_changes(part.recipe)}{common.left_out}{common.genres}"
    )
    commands = [f"{train} {common.data} --out RUN{suffix} --protocol {common.options}"]
    if part.int8:
        commands.append(
            f"genre-model quantise RUN{suffix} {common.data} --out INT8{suffix}"
        )
    return commands


def _with_changes(recipe: str) -> str:
    name, *changes = recipe.split("+")
    return " ".join([name, *(f"--set {change}" for change in changes)])


def _made(int8: bool) -> str:
    return "INT8" if int8 else "RUN"
