"""Variants of a recipe: some of its settings changed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genre_model.errors import RecipeError
from genre_model.training.data.gtzan import GENRES
from genre_model.training.networks import untrained_network
from genre_model.training.recipe import read_recipe
from genre_model.training.search.toml_text import toml_value

if TYPE_CHECKING:
    from genre_model.training.recipe import Recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Of the name of a folder; file systems take 255 bytes.
MAX_SLUG = 60


@dataclass(frozen=True)
class Variant:
    """A recipe, and the changes that made it.

    Attributes:
        changes: such as ``training.epochs=20``; none is the recipe that was started from.
        recipe: every setting.
    """

    changes: tuple[str, ...]
    recipe: Recipe

    @property
    def name(self) -> str:
        """What messages call it."""
        return ", ".join(self.changes) or "base"

    @property
    def folder_name(self) -> str:
        """A name for its runs, safe on every file system and different for others."""
        slug = re.sub(r"[^A-Za-z0-9]+", "_", "-".join(self.changes)).strip("_")
        return f"{slug[:MAX_SLUG] or 'base'}-{self.recipe.settings_hash}"

    def has_settings_of(self, other: Variant) -> bool:
        """Whether both are the same, apart from their names."""
        return self.recipe.settings_hash == other.recipe.settings_hash

    def check_network(self) -> None:
        """Build the network, so that impossible options are found before any training.

        Raises:
            RecipeError: naming the variant.
        """
        try:
            untrained_network(self.recipe, len(GENRES))
        except RecipeError as error:
            raise RecipeError(f"{self.name}: {error}") from error


@dataclass(frozen=True)
class BaseRecipe:
    """What variants are made of.

    Attributes:
        name: of a recipe, or path of a TOML file.
        changes: that all variants have in common.
        pictures: whether the tracks are mel pictures.
    """

    name: str
    changes: tuple[str, ...]
    pictures: bool

    def variant(self, *changes: tuple[str, Any]) -> Variant:
        """Change settings, given with their values.

        Raises:
            RecipeError: naming what is no setting, or no value of one.
        """
        texts = tuple(f"{name}={toml_value(value)}" for name, value in changes)
        recipe = read_recipe(self.name, [*self.changes, *texts], pictures=self.pictures)
        return Variant(texts, recipe)


def parse_variation(text: str) -> tuple[str, list[Any]]:
    """Read ``section.name=VALUES``.

    VALUES is the content of a TOML array, with its brackets or without: ``16,32`` and
    ``[16, 32]`` are two numbers, ``[3, 3],[5, 5]`` and ``[[3, 3], [5, 5]]`` two lists.

    Returns:
        The name of the setting and its values.

    Raises:
        RecipeError: quoting the text.
    """
    name, equals, listed = text.partition("=")
    if not (equals and name.strip() and listed.strip()):
        raise RecipeError(f"--vary {text!r}: write section.name=value,value")
    try:
        values: list[Any] = tomllib.loads(f"values = [{listed}]")["values"]
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            f"--vary {text!r}: {listed!r} are no TOML values with commas between (texts "
            f"need quotes): {error}"
        ) from error
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not values:
        raise RecipeError(f"--vary {text!r} gives no value")
    return name.strip(), values
