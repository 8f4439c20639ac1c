"""Rows of the papers, one after the other: what is done is not done again."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import GenreModelError, JobsFailedError, TrainingDataError
from genre_model.papers.checks import CHECKS
from genre_model.papers.network_rows import network_outcome, trainings_of_row
from genre_model.papers.outcome import Outcome
from genre_model.papers.row_key import needed_rows, row_key
from genre_model.papers.table_rows import table_outcome
from genre_model.training.fit.job_pool import run_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.fit.experiment import Training
    from genre_model.training.fit.job_pool import Job

log = logging.getLogger(__name__)


def reproduce(
    rows: list[Row], reproduction: Reproduction, n_processes: int
) -> Iterator[tuple[Row, Outcome]]:
    """Train what the rows need, then compute one after the other.

    A training or a row that fails costs the rows that need it, which become absent and
    say why; the others go on.

    Args:
        rows: in the order of the result.
        reproduction: data and thoroughness.
        n_processes: trainings at once, then rows at once.

    Yields:
        Each row with what came of it; also written to ``rows/<id>.json``.
    """
    done = _finished(rows, reproduction)
    missing = [row for row in rows if row.id not in done]
    tables = [row for row in missing if row.kind == "tables"]
    jobs = [RowJob(row, reproduction) for row in tables]
    trainings = _trainings(missing, reproduction)
    failed = dict(_failures([*jobs, *trainings], n_processes, "trainings"))
    if n_processes > 1:
        jobs += [
            RowJob(row, reproduction, dict(failed)) for row in missing if row.is_scored
        ]
        failed |= _failures(jobs[len(tables) :], n_processes, "rows")
    computed = [job.row for job in jobs if job.name not in failed]
    done |= remembered(computed, reproduction)
    for row in rows:
        yield row, done.get(row.id) or _outcome_of(row, reproduction, failed)


def remembered(rows: list[Row], reproduction: Reproduction) -> dict[str, Outcome]:
    """Return what was computed before of the same rows, settings and data, by ID."""
    outcomes = {row.id: _read(row, reproduction) for row in rows}
    return {name: outcome for name, outcome in outcomes.items() if outcome is not None}


@dataclass(frozen=True)
class RowJob:
    """A row whose networks are trained, or that trains what it needs by itself.

    Attributes:
        row: of networks, feature tables or a check.
        reproduction: data and thoroughness.
        failed: why trainings failed, by their names.
    """

    row: Row
    reproduction: Reproduction
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.row.id

    def run(self) -> None:
        """Compute the row, and write what came of it.

        Raises:
            TrainingDataError: if nothing came of it.
        """
        outcome = _compute(self.row, self.reproduction, self.failed)
        if outcome.absent:
            raise TrainingDataError(outcome.absent)


def _finished(rows: list[Row], reproduction: Reproduction) -> dict[str, Outcome]:
    """Return what is done; what could not be run in part may be possible now."""
    known = remembered(rows, reproduction)
    return {name: outcome for name, outcome in known.items() if not outcome.not_run}


def _failures(jobs: Sequence[Job], n_processes: int, describe: str) -> Mapping[str, str]:
    """Run everything that can run side by side; return why some failed, by name."""
    try:
        run_jobs(jobs, n_processes, describe)
    except JobsFailedError as error:
        return error.reasons
    return {}


def _trainings(rows: list[Row], reproduction: Reproduction) -> list[Training]:
    """List the trainings of rows, each once, neighbours on the same data.

    Complete ones are among them: they see whether their tracks are still the same.
    """
    wanted: dict[Path, Training] = {}
    for row in rows:
        for needed in (row, *needed_rows(row)):
            for training in _trainings_of(needed, reproduction):
                wanted.setdefault(training.run_folder.path, training)
    return sorted(wanted.values(), key=lambda one: str(one.experiment.recipe.front_end))


def _trainings_of(row: Row, reproduction: Reproduction) -> list[Training]:
    try:
        return trainings_of_row(row, reproduction) if row.kind == "networks" else []
    except GenreModelError:
        return []  # the row itself will say why


def _outcome_of(row: Row, reproduction: Reproduction, failed: Mapping[str, str]) -> Outcome:
    if reason := failed.get(row.id):
        return Outcome(row.id, absent=reason)
    return _compute(row, reproduction, failed)


def _compute(row: Row, reproduction: Reproduction, failed: Mapping[str, str]) -> Outcome:
    start_seconds = time.monotonic()
    if row.kind != "absent":
        log.info("computing %s", row.id)
    try:
        _check_trainings(row, reproduction, failed)
        outcome = _outcome(row, reproduction)
        key = row_key(row, reproduction)
    except GenreModelError as error:
        return Outcome(row.id, absent=reproduction.reason_of(error))
    seconds = round(time.monotonic() - start_seconds, 1)
    outcome = replace(outcome, seconds=seconds, settings=key)
    text = json.dumps(outcome.to_dict(), indent=1)
    write_atomically(_path(row, reproduction), text.encode())
    return outcome


def _check_trainings(
    row: Row, reproduction: Reproduction, failed: Mapping[str, str]
) -> None:
    """Refuse a row one of whose trainings failed: an old run may lie in its place."""
    for needed in (row, *needed_rows(row)):
        for training in _trainings_of(needed, reproduction) if failed else ():
            if reason := failed.get(training.name):
                raise TrainingDataError(f"{training.name}: {reason}")


def _outcome(row: Row, reproduction: Reproduction) -> Outcome:
    if row.kind == "absent":
        return Outcome(row.id, absent=row.note)
    if row.kind == "networks":
        return network_outcome(row, reproduction)
    if row.kind == "tables":
        return table_outcome(row, reproduction)
    return CHECKS[row.id](row, reproduction)


def _read(row: Row, reproduction: Reproduction) -> Outcome | None:
    try:
        text = _path(row, reproduction).read_text("utf-8")
        outcome = Outcome.from_dict(json.loads(text))
        return outcome if outcome.settings == row_key(row, reproduction) else None
    except (OSError, ValueError, KeyError, TypeError, GenreModelError):
        return None


def _path(row: Row, reproduction: Reproduction) -> Path:
    return reproduction.out / "rows" / f"{row.id}.json"
