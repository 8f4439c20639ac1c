"""Spaces of settings to search, read from TOML."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genre_model.errors import RecipeError
from genre_model.training.search.toml_text import toml_value

if TYPE_CHECKING:
    from pathlib import Path

    from optuna import Trial

    from genre_model.training.search.variants import BaseRecipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS_OF_RANGE = {"name", "low", "high", "log", "step"}
KEYS_OF_CHOICES = {"name", "choices"}


@dataclass(frozen=True)
class Choices:
    """A setting that takes one of several values."""

    name: str
    choices: tuple[Any, ...]

    def suggest(self, trial: Trial) -> None:
        """Let the sampler choose; it is shown texts, since it takes no lists."""
        texts = list(dict.fromkeys(map(toml_value, self.choices)))
        trial.suggest_categorical(self.name, texts)

    def value_of(self, suggested: Any) -> Any:
        """Return the choice that was shown as this text."""
        return next(one for one in self.choices if toml_value(one) == suggested)

    def examples(self) -> tuple[Any, ...]:
        """Return values to be tried on the recipe."""
        return self.choices


@dataclass(frozen=True)
class Range:
    """A setting between two numbers: a whole one, if both of them are.

    Attributes:
        name: of the setting.
        low: the lowest value.
        high: the highest value.
        log: whether factors count, not differences.
        step: between neighbouring values; None takes any.
    """

    name: str
    low: float
    high: float
    log: bool
    step: float | None

    def suggest(self, trial: Trial) -> None:
        """Let the sampler choose."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            step = int(self.step or 1)
            trial.suggest_int(self.name, self.low, self.high, log=self.log, step=step)
        else:
            trial.suggest_float(
                self.name, self.low, self.high, log=self.log, step=self.step
            )

    def value_of(self, suggested: Any) -> Any:
        """Return the number itself."""
        return suggested

    def examples(self) -> tuple[Any, ...]:
        """Return values to be tried on the recipe."""
        return (self.low, self.high)


Setting = Choices | Range


@dataclass(frozen=True)
class SearchSpace:
    """What a search may change."""

    settings: tuple[Setting, ...]

    def suggest(self, trial: Trial) -> None:
        """Let the sampler choose a value for each setting."""
        for setting in self.settings:
            setting.suggest(trial)

    def changes_of(self, suggested: dict[str, Any]) -> list[tuple[str, Any]]:
        """Return each setting with the value that was chosen."""
        return [(one.name, one.value_of(suggested[one.name])) for one in self.settings]

    def check(self, base: BaseRecipe) -> None:
        """Try the ends of each range, and each choice, on the recipe.

        Raises:
            RecipeError: naming the setting that the recipe lacks or that cannot be so.
        """
        for setting in self.settings:
            for value in setting.examples():
                base.variant((setting.name, value)).check_network()


def read_search_space(path: Path) -> SearchSpace:
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
        settings = tuple(map(_setting, entries))
        names = [setting.name for setting in settings]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise RecipeError(f"setting {twice[0]} is there twice")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read search space {path}: {error}") from error
    except (tomllib.TOMLDecodeError, RecipeError) as error:
        raise RecipeError(f"search space {path}: {error}") from error
    return SearchSpace(settings)


def _setting(entry: Any) -> Setting:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise RecipeError(f"{entry!r}: name is missing, such as training.learning_rate")
    name = entry["name"]
    keys = KEYS_OF_CHOICES if "choices" in entry else KEYS_OF_RANGE
    if unknown := sorted(set(entry) - keys):
        raise RecipeError(
            f"{name}: unknown key {unknown[0]} beside {', '.join(sorted(keys))}"
        )
    if "choices" in entry:
        return _choices(name, entry["choices"])
    return _range(name, entry)


def _choices(name: str, choices: Any) -> Choices:
    if not isinstance(choices, list) or not choices:
        raise RecipeError(f"{name}: choices is {choices!r}; expected an array of values")
    return Choices(name, tuple(choices))


def _range(name: str, entry: dict[str, Any]) -> Range:
    low, high = (_number(name, entry, key) for key in ("low", "high"))
    step = _number(name, entry, "step") if "step" in entry else None
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise RecipeError(f"{name}: log is {log!r}; expected true or false")
    if low >= high:
        raise RecipeError(f"{name}: low is {low}, which is not below high, {high}")
    if log and (low <= 0 or step is not None):
        raise RecipeError(f"{name}: log needs a positive low and no step")
    if step is not None:
        _check_step(name, low, high, step)
    return Range(name, low, high, log, step)


def _number(name: str, entry: dict[str, Any], key: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found = "missing" if value is None else repr(value)
        raise RecipeError(f"{name}: {key} is {found}; expected a number, or choices")
    if not math.isfinite(value):
        raise RecipeError(f"{name}: {key} is {value}; expected a finite number")
    return value


def _check_step(name: str, low: float, high: float, step: float) -> None:
    is_whole = isinstance(low, int) and isinstance(high, int)
    if step <= 0 or (is_whole and not isinstance(step, int)):
        raise RecipeError(
            f"{name}: step is {step}; expected a positive number, whole as low and high"
        )
    n_steps = (high - low) / step
    if not math.isclose(n_steps, round(n_steps), abs_tol=1e-9):
        raise RecipeError(
            f"{name}: no number of steps of {step} leads from {low} to {high}"
        )
