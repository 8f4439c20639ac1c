"""Recipes: every setting of one training, read from TOML."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_model.errors import ModelFileError, RecipeError
from genre_model.features.config import FrontEnd
from genre_model.training.recipe_sections import (
    AugmentConfig,
    TrainingConfig,
    build_section,
    check_keys,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Recipe:
    """One training, complete but for data and seed."""

    name: str
    network: str
    network_options: dict[str, Any]
    front_end: FrontEnd
    training: TrainingConfig
    augment: AugmentConfig

    @property
    def settings_hash(self) -> str:
        """Identify the settings, not their name: 16 hexadecimal digits."""
        settings = asdict(self)
        del settings["name"]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


#: How the names of recipes begin that learn from published taggers, not from GTZAN.
DISTILLED = "distilled_"
#: How the names of files begin that are no recipes, but what several recipes extend.
BASE = "base_"
#: The table of a recipe that changes it where tracks are mel pictures, not audio.
PICTURES = "pictures"


def recipe_names() -> list[str]:
    """Return the names of the recipes for GTZAN that come with the package."""
    return [name for name in _bundled_names() if not name.startswith((DISTILLED, BASE))]


def read_recipe(
    name_or_path: str, changes: Sequence[str] = (), *, pictures: bool = False
) -> Recipe:
    """Read a recipe by its name, or from a TOML file.

    A recipe that begins with ``extends = "name"`` holds only what differs from a bundled
    one. Its table ``[pictures]`` holds what differs where there are mel pictures only,
    whose front end is given.

    Args:
        name_or_path: a name of :func:`recipe_names`, ``distilled_crnn``, or a path that
            ends in ``.toml``.
        changes: settings to change, such as ``training.epochs=20``. They become part of
            the recipe's name, so that nobody takes it for the original.
        pictures: whether the tracks are mel pictures.

    Raises:
        RecipeError: naming the file and the setting that is unknown or missing.
    """
    if name_or_path in _bundled_names():
        text = _bundled_text(name_or_path)
    elif name_or_path.endswith(".toml"):
        text = _read_text(Path(name_or_path))
    else:
        raise RecipeError(
            f"no recipe {name_or_path!r}; there is {', '.join(recipe_names())}, or give "
            "the path of a .toml file"
        )
    return recipe_from_toml(Path(name_or_path).stem, text, changes, pictures=pictures)


def recipe_from_toml(
    name: str, text: str, changes: Sequence[str] = (), *, pictures: bool = False
) -> Recipe:
    """Build a recipe from TOML text, with settings changed as in :func:`read_recipe`.

    Raises:
        RecipeError: naming the recipe and the setting that is unknown or missing.
    """
    try:
        values = _extended(tomllib.loads(text))
        of_pictures = values.pop(PICTURES, {})
        if pictures:
            values = _merged(values, of_pictures)
        for change in changes:
            _change(values, change)
        return _recipe_from_settings({"name": "+".join((name, *changes))} | values)
    except (tomllib.TOMLDecodeError, ModelFileError, RecipeError) as error:
        raise RecipeError(f"recipe {name}: {error}") from error


def _recipe_from_settings(values: dict[str, Any]) -> Recipe:
    """Build a recipe from all of its settings, as ``dataclasses.asdict`` gives them.

    Raises:
        RecipeError: naming the setting that is unknown, missing or impossible.
        ModelFileError: the same of the front end.
    """
    check_keys(values, {field.name for field in fields(Recipe)})
    return Recipe(
        name=values["name"],
        network=values["network"],
        network_options=values["network_options"],
        front_end=FrontEnd.from_dict(values["front_end"]),
        training=build_section(TrainingConfig, values["training"]),
        augment=build_section(AugmentConfig, values["augment"]),
    )


def _bundled_names() -> list[str]:
    folder = resources.files("genre_model.training") / "recipes"
    return sorted(Path(entry.name).stem for entry in folder.iterdir())


def _bundled_text(name: str) -> str:
    folder = resources.files("genre_model.training") / "recipes"
    return (folder / f"{name}.toml").read_text("utf-8")


def _extended(values: dict[str, Any]) -> dict[str, Any]:
    """Put the settings of a recipe into those of the one that it extends."""
    if "extends" not in values:
        return values
    parent = values.pop("extends")
    if parent not in _bundled_names():
        raise RecipeError(
            f"extends = {parent!r}; a recipe can extend {', '.join(_bundled_names())}"
        )
    base = _extended(tomllib.loads(_bundled_text(parent)))
    if values.get("network", base.get("network")) != base.get("network"):
        # Options of another network mean nothing.
        of_pictures = dict(base.get(PICTURES, {}), network_options={})
        base = base | {"network_options": {}, PICTURES: of_pictures}
    return _merged(base, values)


def _merged(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Put values into a copy of ``base``, table by table."""
    merged = dict(base)
    for name, value in values.items():
        inner = merged.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            value = _merged(inner, value)  # noqa: PLW2901
        merged[name] = value
    return merged


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


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read recipe {path}: {error}") from error
