"""Reads values of the configuration; a mistake is an error that names the option."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from confuse import ConfigValueError

from beetsplug.genreclf.models.active import is_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from confuse import Subview

    T = TypeVar("T")
    Reader = Callable[[Subview], T]

#: What would split a genre: in files, in ID3v2.3, in the database of beets.
UNSAFE_IN_GENRES = (";", "/", "\u2400")


def yes_or_no(view: Subview) -> bool:
    """Return a truth value."""
    return bool(_require(view, isinstance(view.get(), bool), "yes or no"))


def probability(view: Subview) -> float:
    """Return a number from 0 to 1."""
    value = _require(view, _is_number(view.get(), int | float), "a number")
    return float(_require(view, 0 <= value <= 1, "between 0 and 1"))


def whole_number(view: Subview, least: int = 1) -> int:
    """Return a whole number, at least ``least``."""
    value = _require(view, _is_number(view.get(), int), "a whole number")
    return int(_require(view, value >= least, f"{least} or more"))


def natural(view: Subview) -> int:
    """Return a whole number, at least 0."""
    value = view.get()
    is_natural = _is_number(value, int) and value >= 0
    return int(_require(view, is_natural, "a whole number from 0 on"))


def optional(read: Reader[T]) -> Reader[T | None]:
    """Let an option have no value."""
    return lambda view: None if view.get() is None else read(view)


def one_of(*choices: str) -> Reader[str]:
    """Return a reader of one of several words."""
    listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return lambda view: str(_require(view, view.get() in choices, listed))


def name(view: Subview) -> str:
    """Return a text that is not blank, without the spaces around it."""
    return str(_require(view, _is_text(view.get()), "a name")).strip()


def normalised_name(view: Subview) -> str:
    """Return a name in one of the two ways in which file systems spell accents."""
    return unicodedata.normalize("NFC", name(view))


def model(view: Subview) -> str | Path:
    """Return the name of a model or its path.

    As everywhere in beets, a path may start with ``~`` and is relative to the folder of
    the configuration file.
    """
    value = view.get()
    _require(view, _is_text(value), "the name of a model or a path")
    return Path(view.as_filename()) if is_path(value) else str(value)


def fallback(view: Subview) -> str | None:
    """Return a genre; None if nothing, or an empty text, is given."""
    value = view.get()
    return None if value in (None, "") else _genre(view, value)


def label_map(view: Subview) -> dict[str, tuple[str, ...]]:
    """Return the genres of each label, in lower case: none, one or several."""
    remedy = "give a list of genres, or spell it without"
    return {
        _label(view, label).lower(): tuple(
            _genre(view[label], genre, remedy) for genre in _listed(genres)
        )
        for label, genres in _mapping(view).items()
    }


def ignored_labels(view: Subview) -> dict[str, frozenset[str]]:
    """Return the labels to ignore by artist in lower case, ``*`` meaning all.

    A plain list is short for ``'*': [...]``.
    """
    value = view.get()
    by_artist = {"*": value} if isinstance(value, list | str) else _mapping(view)
    return {
        str(artist).lower(): frozenset(_label(view, each).lower() for each in _listed(own))
        for artist, own in by_artist.items()
    }


def aliases(view: Subview) -> bool | dict[str, list[str]]:
    """Return yes, no, or regular expressions by the name that they stand for."""
    if isinstance(view.get(), bool):
        return bool(view.get())
    return {
        str(canonical): [_pattern(view[canonical], each) for each in _listed(patterns)]
        for canonical, patterns in _mapping(view).items()
    }


def _require(view: Subview, is_good: bool, what: str) -> Any:
    """Return the value of an option.

    Raises:
        ConfigValueError: if it is not good, saying what it must be.
    """
    if not is_good:
        raise ConfigValueError(f"{view.name}: must be {what}, not {view.get()!r}")
    return view.get()


def _is_number(value: object, kind: Any) -> bool:
    # True and False are numbers to Python, and `min_confidence: yes` is a mistake.
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _mapping(view: Subview) -> dict[Any, Any]:
    value = view.get()
    _require(view, value is None or isinstance(value, dict), "a mapping")
    return value or {}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _label(view: Subview, value: Any) -> str:
    if not _is_text(value):
        raise ConfigValueError(f"{view.name}: {value!r} is no label of a model")
    return str(value).strip()


def _genre(view: Subview, value: Any, remedy: str = "spell it without") -> str:
    if not _is_text(value):
        raise ConfigValueError(f"{view.name}: must be a genre, not {value!r}")
    for separator in UNSAFE_IN_GENRES:
        if separator in value:
            raise ConfigValueError(
                f"{view.name}: {value!r} holds {separator!r}, which separates genres in "
                f"files; {remedy}"
            )
    return str(value).strip()


def _pattern(view: Subview, value: Any) -> str:
    from beetsplug.genreclf.policy.vocabulary import compile_aliases

    if not isinstance(value, str):
        raise ConfigValueError(f"{view.name}: must be a regular expression, not {value!r}")
    try:
        # With the name, which may refer to groups of the pattern.
        compile_aliases({str(view.key): [value]})
    except re.error as error:
        raise ConfigValueError(
            f"{view.name}: {value!r} is no regular expression: {error}"
        ) from error
    return value
