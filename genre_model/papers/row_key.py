"""What identifies everything that the outcome of a row depends on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.papers.rows import chosen_rows
from genre_model.papers.tables.feature_table import FILE_NAMES, find_feature_table
from genre_model.training.data.gtzan import find_tracks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.data.gtzan import Source


def row_key(row: Row, reproduction: Reproduction) -> str:
    """Hash the row, those it needs, their recipes, the data and the version.

    Raises:
        RecipeError: if a change of the row does not fit its recipe.
    """
    rows = [row, *needed_rows(row)]
    recipes = [
        reproduction.recipe(system).settings_hash
        for one in rows
        for system in one.systems
        if system.recipe
    ]
    plain = asdict(reproduction) | {
        "out": "",
        "data_dir": data_key(reproduction.data_dir),
        "version": version("beets-genreclf"),
        "rows": [asdict(one) for one in rows],
        "recipes": recipes,
    }
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def needed_rows(row: Row) -> list[Row]:
    """Return the rows whose networks a check looks at."""
    return chosen_rows(list(row.needs)) if row.needs else []


@cache
def data_key(data_dir: Path) -> str:
    """Hash names, sizes and times of all files of a data folder that rows look at."""
    digest = sha256()
    for path in _files(data_dir):
        status = path.stat()
        name = path.relative_to(path.parents[1]).as_posix()
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _files(data_dir: Path) -> Iterator[Path]:
    sources: tuple[Source, ...] = ("audio", "pictures")
    for source in sources:
        with suppress(TrainingDataError):
            yield from (track.path for track in find_tracks(data_dir, source))
    for seconds in FILE_NAMES:
        with suppress(TrainingDataError):
            yield find_feature_table(data_dir, seconds)
