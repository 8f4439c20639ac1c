"""What a value of the configuration must be, and the mistake that names the option."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confuse import ConfigTypeError, ConfigValueError

from beetsplug.genreclf.models.active import is_path
from beetsplug.genreclf.policy.aliases import compile_aliases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confuse import Subview

#: What would split a genre: in files, in ID3v2.3, in the database of beets.
UNSAFE_IN_GENRES = (";", "/", "\u2400")


def probability(view: Subview) -> float:
    """Return a number from 0 to 1."""
    value = view.get()
    # True and False are numbers to Python, and `min_confidence: yes` is a mistake.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigTypeError(f"{view.name}: must be a number, not {value!r}")
    if not 0 <= value <= 1:
        raise ConfigValueError(f"{view.name}: must be between 0 and 1, not {value}")
    return float(value)


def yes_or_no(view: Subview) -> bool:
    """Return a truth value."""
    value = view.get()
    if not isinstance(value, bool):
        raise ConfigTypeError(f"{view.name}: must be yes or no, not {value!r}")
    return value


def positive_int(view: Subview) -> int:
    """Return a whole number, 1 or more."""
    value = view.get()
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigTypeError(f"{view.name}: must be a whole number, not {value!r}")
    if value < 1:
        raise ConfigValueError(f"{view.name}: must be 1 or more, not {value}")
    return value


def positive_int_or_none(view: Subview) -> int | None:
    """Return a whole number, 1 or more; None if nothing is given."""
    return None if view.get() is None else positive_int(view)


def one_of(view: Subview, choices: Sequence[str]) -> str:
    """Return one of several words."""
    value = view.get()
    if value not in choices:
        listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ConfigValueError(f"{view.name}: must be {listed}, not {value!r}")
    return str(value)


def model(view: Subview) -> str | Path | None:
    """Tell the name of a model from a path.

    A path is what ends in .onnx or has a separator; as everywhere in beets, it may
    start with ``~`` and is relative to the folder of the configuration file.
    """
    value = view.get()
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ConfigTypeError(
            f"{view.name}: must be the name of a model or a path, not {value!r}"
        )
    if is_path(value):
        return Path(view.as_filename())
    return value


def fallback(view: Subview) -> str | None:
    """Return a genre; None if nothing, or an empty text, is given."""
    value = view.get()
    return None if value in (None, "") else _genre(view, value)


def label_map(view: Subview) -> dict[str, tuple[str, ...]]:
    """Return the genres of each label, in lower case: none, one or several."""
    return {
        _label(view, label).lower(): _genres(view[label], value)
        for label, value in _mapping(view).items()
    }


def ignored_labels(view: Subview) -> dict[str, frozenset[str]]:
    """Return the labels to ignore by artist in lower case, ``*`` meaning all.

    A plain list is short for ``'*': [...]``.
    """
    value = view.get()
    by_artist = {"*": value} if isinstance(value, list | str) else _mapping(view)
    return {
        str(artist).lower(): frozenset(
            _label(view, label).lower() for label in _listed(labels)
        )
        for artist, labels in by_artist.items()
    }


def aliases(view: Subview) -> bool | dict[str, list[str]]:
    """Return yes, no, or regular expressions by the name that they stand for."""
    if isinstance(view.get(), bool):
        return bool(view.get())
    return {
        str(name): [_pattern(view[name], each) for each in _listed(patterns)]
        for name, patterns in _mapping(view).items()
    }


def _mapping(view: Subview) -> dict[Any, Any]:
    value = view.get()
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigTypeError(f"{view.name}: must be a mapping, not {value!r}")
    return value


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _label(view: Subview, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigTypeError(f"{view.name}: {value!r} is no label of a model")
    return value.strip()


def _genre(view: Subview, value: Any, remedy: str = "spell it without") -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigTypeError(f"{view.name}: must be a genre, not {value!r}")
    for separator in UNSAFE_IN_GENRES:
        if separator in value:
            raise ConfigValueError(
                f"{view.name}: {value!r} holds {separator!r}, which separates genres in "
                f"files; {remedy}"
            )
    return value.strip()


def _genres(view: Subview, value: Any) -> tuple[str, ...]:
    remedy = "give a list of genres, or spell it without"
    return tuple(_genre(view, each, remedy) for each in _listed(value))


def _pattern(view: Subview, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigTypeError(f"{view.name}: must be a regular expression, not {value!r}")
    try:
        # With the name, which may refer to groups of the pattern.
        compile_aliases({str(view.key): [value]})
    except re.error as error:
        raise ConfigValueError(
            f"{view.name}: {value!r} is no regular expression: {error}"
        ) from error
    return value
