"""Settings that come from TOML, each checked by the type of its field."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of settings: every value is of its field's type, finite and not negative.

    Lists may replace tuples, and whole numbers fractions, as TOML writes them.

    Raises:
        TypeError: if a value is of another type.
        ValueError: if a number is negative or infinite, or one in a list of counts 0.
    """

    def __post_init__(self) -> None:
        """Check every value."""
        hints = get_type_hints(type(self))
        for field in fields(self):
            name, value, kind = field.name, getattr(self, field.name), hints[field.name]
            if not _fits(value, kind):
                choices = " or ".join(map(repr, get_args(kind)))
                expected = choices if get_origin(kind) is Literal else field.type
                raise TypeError(f"{name} is {value!r}; expected {expected}")
            if isinstance(value, (int, float)) and not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value!r}; it must be 0 or more")
            if isinstance(value, (list, tuple)) and not all(map(_is_count, value)):
                raise ValueError(f"{name} is {value!r}; counts in it must be 1 or more")


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in inner
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, (list, tuple)) and all(_fits(v, inner[0]) for v in value)
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _is_count(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_count, value))
    return not isinstance(value, (int, float)) or value >= (isinstance(value, int))
