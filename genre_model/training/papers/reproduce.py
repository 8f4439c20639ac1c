"""Rows of the papers, one after the other: what is done is not done again."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import GenreModelError
from genre_model.training.job_pool import run_jobs
from genre_model.training.papers.checks import CHECKS
from genre_model.training.papers.network_rows import network_outcome, trainings_of_row
from genre_model.training.papers.outcome import Outcome
from genre_model.training.papers.rows import chosen_rows
from genre_model.training.papers.table_rows import table_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model.training.experiment import Training
    from genre_model.training.papers.reproduction import Reproduction
    from genre_model.training.papers.rows import Row

log = logging.getLogger(__name__)


def reproduce(
    rows: list[Row], reproduction: Reproduction, n_processes: int
) -> Iterator[tuple[Row, Outcome]]:
    """Train what the rows need, then compute one after the other.

    A row that cannot be computed becomes an absent one that says why; the others go on.

    Args:
        rows: in the order of the result.
        reproduction: data and thoroughness.
        n_processes: trainings at once.

    Yields:
        Each row with what came of it; also written to ``rows/<id>.json``.

    Raises:
        GenreModelError: if trainings failed, after all others are done.
    """
    missing = [row for row in rows if _read(row, reproduction) is None]
    run_jobs(_trainings(missing, reproduction), n_processes, "trainings")
    for row in rows:
        done = _read(row, reproduction)
        yield row, done or _compute(row, reproduction)


def _trainings(rows: list[Row], reproduction: Reproduction) -> list[Training]:
    """List the trainings that are not complete, each once, neighbours on the same data."""
    wanted: dict[Path, Training] = {}
    for row in rows:
        for needed in (row, *_needs(row)):
            if needed.kind == "networks":
                for training in trainings_of_row(needed, reproduction):
                    wanted.setdefault(training.run_folder.path, training)
    todo = [one for one in wanted.values() if not one.run_folder.is_complete]
    return sorted(todo, key=lambda one: str(one.experiment.recipe.front_end))


def _needs(row: Row) -> list[Row]:
    """Return the rows whose networks a check looks at."""
    return chosen_rows(list(row.needs)) if row.needs else []


def _compute(row: Row, reproduction: Reproduction) -> Outcome:
    start_seconds = time.monotonic()
    try:
        outcome = _outcome(row, reproduction)
    except GenreModelError as error:
        log.warning("%s: %s", row.id, error)
        return Outcome(row.id, absent=reproduction.reason_of(error))
    outcome = replace(
        outcome,
        seconds=round(time.monotonic() - start_seconds, 1),
        settings=_settings_of(row, reproduction),
    )
    text = json.dumps(outcome.to_dict(), indent=1)
    write_atomically(_path(row, reproduction), text.encode())
    return outcome


def _outcome(row: Row, reproduction: Reproduction) -> Outcome:
    if row.kind == "absent":
        return Outcome(row.id, absent=row.note)
    if row.kind == "networks":
        return network_outcome(row, reproduction)
    if row.kind == "tables":
        return table_outcome(row, reproduction)
    return CHECKS[row.id](row, reproduction)


def _read(row: Row, reproduction: Reproduction) -> Outcome | None:
    """Return what was computed before with the same settings."""
    path = _path(row, reproduction)
    try:
        outcome = Outcome.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outcome if outcome.settings == _settings_of(row, reproduction) else None


def _path(row: Row, reproduction: Reproduction) -> Path:
    return reproduction.out / "rows" / f"{row.id}.json"


def _settings_of(row: Row, reproduction: Reproduction) -> str:
    """Identify everything that a row's outcome depends on, but for the data."""
    recipes = [
        reproduction.recipe(system).settings_hash
        for one in (row, *_needs(row))
        for system in one.systems
        if system.recipe
    ]
    plain = asdict(reproduction) | {"out": "", "row": asdict(row), "recipes": recipes}
    text = json.dumps(plain, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]
