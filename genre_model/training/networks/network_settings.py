"""Options of networks, checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Base of the options of a network: every value is of its field's type, none negative.

    Options come from TOML, so lists stand for tuples, and whole numbers for fractions.

    Raises:
        TypeError: if a value is of another type.
        ValueError: if a number is negative, or one in a list of counts 0.
    """

    def __post_init__(self) -> None:
        """Check every option."""
        hints = get_type_hints(type(self))
        for field in fields(self):
            value = getattr(self, field.name)
            if not _fits(value, hints[field.name]):
                raise TypeError(f"{field.name} is {value!r}; expected {field.type}")
            if isinstance(value, (int, float)) and value < 0:
                raise ValueError(f"{field.name} is {value!r}; it must be 0 or more")
            if isinstance(value, (list, tuple)) and not all(map(_is_count, value)):
                raise ValueError(
                    f"{field.name} is {value!r}; counts in it must be 1 or more"
                )


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
