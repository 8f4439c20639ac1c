"""What a value on the command line must be."""

from __future__ import annotations

import argparse
import unicodedata
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.model.card_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

#: Between several labels, as in tags.
LABEL_SEPARATOR = ";"


def natural(text: str) -> int:
    """Take a whole number from 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive(text: str) -> int:
    """Take a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def several(text: str) -> int:
    """Take a whole number from 2."""
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f"{text} is less than 2")
    return value


def share(text: str) -> float:
    """Take a number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def renaming(text: str) -> tuple[str, tuple[str, ...]]:
    """Take ``OLD=NEW``, where NEW is any number of names with semicolons between."""
    old, equals, new = unicodedata.normalize("NFC", text).partition("=")
    if not equals or not printable(old):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OLD=NEW")
    names = filter(None, map(printable, new.split(LABEL_SEPARATOR)))
    return printable(old), tuple(names)


def path_to(suffix: str) -> Callable[[str], Path]:
    """Return what takes the path of a file with this suffix."""
    return partial(_path_to, suffix)


def _path_to(suffix: str, text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != suffix:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {suffix}")
    return path
