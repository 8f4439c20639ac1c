"""Recipes, and single values of them, written as TOML."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.training.recipe import Recipe


def recipe_toml(recipe: Recipe) -> str:
    """Return what ``read_recipe`` reads back, apart from the name, which is the file's."""
    values = asdict(recipe)
    del values["name"]
    return "\n".join(_lines(values, ())).strip() + "\n"


def toml_value(value: Any) -> str:
    """Write one value; what is equal is written alike."""
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        inner = (f"{_key(name)} = {toml_value(one)}" for name, one in value.items())
        return f"{{ {', '.join(inner)} }}"
    return repr(value) if isinstance(value, float) else str(value)


def _lines(values: dict[str, Any], place: tuple[str, ...]) -> Iterator[str]:
    """Write a table: its values first, since a header begins another one."""
    plain = {name: one for name, one in values.items() if not isinstance(one, dict)}
    if place and (plain or not values):
        yield from ("", f"[{'.'.join(map(_key, place))}]")
    yield from (f"{_key(name)} = {toml_value(one)}" for name, one in plain.items())
    for name, one in values.items():
        if isinstance(one, dict):
            yield from _lines(one, (*place, name))


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else toml_value(name)
