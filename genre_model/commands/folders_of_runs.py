"""What commands do to each model of a folder of runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from genre_model.errors import GenreModelError, TrainingDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def check_out_elsewhere(out: Path, folder: Path) -> None:
    """Refuse to write into a folder that is read from.

    Raises:
        TrainingDataError: if ``--out`` lies in it.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise TrainingDataError(
            f"--out {out} lies in {folder}, whose models it would replace or be taken "
            "for: choose a folder elsewhere"
        )


def do_each(places: Iterable[Path], do: Callable[[Path], None]) -> int:
    """Do something at each place; one that fails is told, and stops no other.

    Returns:
        The exit status: 1 if any failed.
    """
    status = 0
    for place in places:
        status |= _do(place, do)
    return status


def _do(place: Path, do: Callable[[Path], None]) -> int:
    try:
        do(place)
    except GenreModelError as error:
        print(f"genre-model: {error}", file=sys.stderr)
        return 1
    return 0
