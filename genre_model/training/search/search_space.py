"""Spaces of settings to search, read from TOML."""

from __future__ import annotations

import math
import sys
import warnings
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from genre_model.errors import RecipeError
from genre_model.training.search.variants import toml_value

if TYPE_CHECKING:
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Values = CategoricalDistribution | FloatDistribution | IntDistribution
#: Settings and the values that they may take; choices are texts, written as in TOML.
Space = dict[str, Values]


def read_search_space(path: Path) -> Space:
    """Read a list of ``[[setting]]``, each with ``choices`` or with ``low`` and ``high``.

    Raises:
        RecipeError: naming the file and the key.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        entries = values.pop("setting", None)
        if values:
            raise RecipeError(f"unknown key {', '.join(values)}; write [[setting]]")
        if not isinstance(entries, list) or not entries:
            raise RecipeError("no [[setting]]")
        space: Space = {}
        for entry in entries:
            name, kind = _setting(entry)
            if name in space:
                raise RecipeError(f"setting {name} is there twice")
            space[name] = kind
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read search space {path}: {error}") from error
    except (tomllib.TOMLDecodeError, RecipeError) as error:
        raise RecipeError(f"search space {path}: {error}") from error
    return space


def _setting(entry: Any) -> tuple[str, Values]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise RecipeError(f"{entry!r}: name is missing, such as training.learning_rate")
    values = dict(entry)
    name = values.pop("name")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of steps that do not end at high
            return name, _values(**values)
    except (TypeError, ValueError, UserWarning) as error:
        raise RecipeError(
            f"{name}: {error}; give the numbers low and high, perhaps log or step, or an "
            "array of choices"
        ) from error


def _values(*, choices: Any = None, **limits: Any) -> Values:
    """Return a choice, or a range: of whole numbers, if all limits are whole."""
    if choices is not None:
        if not isinstance(choices, list):
            raise TypeError(f"choices is {choices!r}")
        return CategoricalDistribution(
            tuple(dict.fromkeys(map(toml_value, choices))), **limits
        )
    numbers = {name: value for name, value in limits.items() if name != "log"}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} is {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
    is_whole = all(isinstance(value, int) for value in numbers.values())
    return IntDistribution(**limits) if is_whole else FloatDistribution(**limits)


def change_of(name: str, kind: Values, value: Any) -> str:
    """Return a change of a recipe, such as ``training.epochs=20``."""
    is_choice = isinstance(kind, CategoricalDistribution)
    return f"{name}={value if is_choice else toml_value(value)}"


def ends_of(kind: Values) -> tuple[Any, ...]:
    """Return both ends of a range, or all choices."""
    if isinstance(kind, CategoricalDistribution):
        return kind.choices
    return kind.low, kind.high
