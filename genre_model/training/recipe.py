"""Recipes: every setting of one training, read from TOML."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from importlib import resources
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from genre_model.config import FrontEnd
from genre_model.errors import ModelFileError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class TrainingConfig:
    """The optimisation.

    Attributes:
        epochs: passes of ``steps_per_epoch`` batches; the length of the schedule.
        steps_per_epoch: batches per epoch, whatever the number of tracks.
        batch_size: random crops per batch.
        genre_balance: 0 shows each track equally often, 1 each genre; in between, a
            track's share is its genre's number of tracks to the power of the negative
            balance.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW.
        label_smoothing: probability spread over all genres.
        ema_decay: of the exponential moving average of the weights, which is kept.
        validate_every_epochs: how often whole validation tracks are scored.
        patience_epochs: stop after so many epochs without a better validation loss and
            keep the best weights; 0 runs the whole schedule and keeps the last.
        precision: of Lightning Fabric, such as ``"32-true"`` or ``"bf16-mixed"``.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    genre_balance: float
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    ema_decay: float
    validate_every_epochs: int
    patience_epochs: int
    precision: str


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of training crops, in bands, frames and standard deviations.

    Attributes:
        time_stretch: largest share by which time runs faster or slower.
        mixup_alpha: of the Beta distribution of mixup (Zhang et al. 2018); 0 is off.
        shift_bands: largest shift of the frequency axis.
        eq_std: standard deviation of the knots of a random smooth equaliser curve.
        noise_std: standard deviation of noise on every value.
        floor_probability: how often quiet values are raised to a random floor.
        time_masks: masks over time (SpecAugment, Park et al. 2019).
        time_mask_frames: largest width of one.
        band_masks: masks over frequency.
        band_mask_bands: largest width of one.
    """

    time_stretch: float
    mixup_alpha: float
    shift_bands: int
    eq_std: float
    noise_std: float
    floor_probability: float
    time_masks: int
    time_mask_frames: int
    band_masks: int
    band_mask_bands: int


@dataclass(frozen=True)
class Recipe:
    """One training, complete but for data and seed."""

    name: str
    network: str
    network_options: dict[str, Any]
    front_end: FrontEnd
    training: TrainingConfig
    augment: AugmentConfig


#: How the names of recipes begin that train on a person's own audio, not on GTZAN.
PERSONAL = "personal_"


def recipe_names() -> list[str]:
    """Return the names of the recipes for GTZAN that come with the package."""
    return [name for name in _bundled_names() if not name.startswith(PERSONAL)]


def read_recipe(name_or_path: str, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe by its name, or from a TOML file.

    Args:
        name_or_path: a name of :func:`recipe_names`, ``personal_finetune``,
            ``personal_scratch``, or a path that ends in ``.toml``.
        changes: settings to change, such as ``training.epochs=20``. They become part of
            the recipe's name, so that nobody takes it for the original.

    Raises:
        RecipeError: naming the file and the setting that is unknown or missing.
    """
    if name_or_path in _bundled_names():
        folder = resources.files("genre_model.training") / "recipes"
        text = (folder / f"{name_or_path}.toml").read_text("utf-8")
    elif name_or_path.endswith(".toml"):
        text = _read_text(Path(name_or_path))
    else:
        raise RecipeError(
            f"no recipe {name_or_path!r}; there is {', '.join(recipe_names())}, or give "
            "the path of a .toml file"
        )
    return recipe_from_toml(Path(name_or_path).stem, text, changes)


def recipe_from_toml(name: str, text: str, changes: Sequence[str] = ()) -> Recipe:
    """Build a recipe from TOML text, with settings changed as in :func:`read_recipe`.

    Raises:
        RecipeError: naming the recipe and the setting that is unknown or missing.
    """
    try:
        values = tomllib.loads(text)
        for change in changes:
            _change(values, change)
        _check_keys(values, {field.name for field in fields(Recipe)} - {"name"})
        return Recipe(
            name="+".join((name, *changes)),
            network=values["network"],
            network_options=values["network_options"],
            front_end=FrontEnd.from_dict(values["front_end"]),
            training=_build(TrainingConfig, values["training"]),
            augment=_build(AugmentConfig, values["augment"]),
        )
    except (tomllib.TOMLDecodeError, ModelFileError, RecipeError) as error:
        raise RecipeError(f"recipe {name}: {error}") from error


def _bundled_names() -> list[str]:
    folder = resources.files("genre_model.training") / "recipes"
    return sorted(Path(entry.name).stem for entry in folder.iterdir())


def _change(values: dict[str, Any], change: str) -> None:
    """Apply one ``section.name=value``; the value is written as in the recipe."""
    place, equals, text = change.partition("=")
    *sections, name = place.strip().split(".")
    for section in sections:
        inner = values.get(section)
        values = inner if isinstance(inner, dict) else {}
    if not equals or name not in values:
        raise RecipeError(f"{change!r} changes no setting; write section.name=value")
    try:
        values[name] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{change!r}: {text!r} is no TOML value: {error}") from error


SectionT = TypeVar("SectionT", TrainingConfig, AugmentConfig)


#: Counts that cannot be 0.
POSITIVE = ("epochs", "steps_per_epoch", "batch_size", "validate_every_epochs")


def _build(section: type[SectionT], values: dict[str, Any]) -> SectionT:
    _check_keys(values, {field.name for field in fields(section)})
    for field in fields(section):
        accepted = {"int": (int,), "float": (int, float), "str": (str,)}[str(field.type)]
        value = values[field.name]
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise RecipeError(f"{field.name} is {value!r}; expected {field.type}")
        if not isinstance(value, str) and not 0 <= value < inf:
            raise RecipeError(f"{field.name} is {value!r}; it must be 0 or more")
        if field.name in POSITIVE and value == 0:
            raise RecipeError(f"{field.name} is 0; at least 1 is needed")
    return section(**values)


def _check_keys(values: Any, expected: set[str]) -> None:
    if not isinstance(values, dict):
        raise RecipeError(f"{values!r} stands where {', '.join(sorted(expected))} belong")
    if unknown := sorted(set(values) - expected):
        raise RecipeError(f"unknown setting {', '.join(unknown)}")
    if missing := sorted(expected - set(values)):
        raise RecipeError(f"missing setting {', '.join(missing)}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read recipe {path}: {error}") from error
