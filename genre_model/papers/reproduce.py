"""Rows of the papers, one after the other: a finished row is not computed again."""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import GenreModelError, JobsFailedError, TrainingDataError
from genre_model.papers.checks import CHECKS
from genre_model.papers.network_rows import network_outcome, trainings_of_row
from genre_model.papers.outcome import Outcome
from genre_model.papers.table_rows import table_outcome
from genre_model.papers.tables.feature_table import FILE_NAMES, find_feature_table
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.fit.job_pool import run_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.data.gtzan import Source
    from genre_model.training.fit.experiment import Training
    from genre_model.training.fit.job_pool import Job

log = logging.getLogger(__name__)


def reproduce(
    rows: list[Row], reproduction: Reproduction, n_processes: int
) -> Iterator[tuple[Row, Outcome]]:
    """Train what the rows need, then compute one after the other.

    A training or a row that fails costs the rows that need it, which become absent and
    say why; the others go on. ``n_processes`` run at once: trainings first, then rows.

    Yields:
        Each row with its outcome; also written to ``rows/<id>.json``.
    """
    # The missing part of a row that ran in part may be possible now.
    known = remembered(rows, reproduction)
    done = {name: outcome for name, outcome in known.items() if not outcome.not_run}
    missing = [row for row in rows if row.id not in done]
    jobs = [RowJob(row, reproduction) for row in missing if row.kind == "tables"]
    trainings = _all_trainings(missing, reproduction)
    failed = dict(_failures([*jobs, *trainings], n_processes, "trainings"))
    if n_processes > 1:
        scored = [row for row in missing if row.kind in ("networks", "check")]
        later = [RowJob(row, reproduction, dict(failed)) for row in scored]
        failed |= _failures(later, n_processes, "rows")
        jobs += later
    computed = [job.row for job in jobs if job.name not in failed]
    done |= remembered(computed, reproduction)
    for row in rows:
        if row.id in done:
            yield row, done[row.id]
        elif row.id in failed:
            yield row, Outcome(row.id, absent=failed[row.id])
        else:
            yield row, _compute(row, reproduction, failed)


def remembered(rows: list[Row], reproduction: Reproduction) -> dict[str, Outcome]:
    """Return the outcomes of earlier runs of the same rows, settings and data, by ID."""
    outcomes = {row.id: _read(row, reproduction) for row in rows}
    return {name: outcome for name, outcome in outcomes.items() if outcome is not None}


@dataclass(frozen=True)
class RowJob:
    """A row that is computed in another process; ``failed`` says why trainings failed."""

    row: Row
    reproduction: Reproduction
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.row.id

    def run(self) -> None:
        """Compute the row and write its outcome, or raise a TrainingDataError."""
        outcome = _compute(self.row, self.reproduction, self.failed)
        if outcome.absent:
            raise TrainingDataError(outcome.absent)


def _failures(jobs: Sequence[Job], n_processes: int, describe: str) -> Mapping[str, str]:
    """Run everything that can run side by side; return why some failed, by name."""
    try:
        run_jobs(jobs, n_processes, describe)
    except JobsFailedError as error:
        return error.reasons
    return {}


def _all_trainings(rows: list[Row], reproduction: Reproduction) -> list[Training]:
    """List the trainings of rows, each once, neighbours on the same data.

    Complete ones are among them: they see whether their tracks are still the same.
    """
    wanted: dict[Path, Training] = {}
    for row in rows:
        for training in _trainings_of(row, reproduction):
            wanted.setdefault(training.run_folder.path, training)
    return sorted(wanted.values(), key=lambda one: str(one.experiment.recipe.front_end))


def _trainings_of(row: Row, reproduction: Reproduction) -> list[Training]:
    """List the trainings of a row and of those that it needs."""
    trainings: list[Training] = []
    for needed in (row, *row.needed_rows):
        if needed.kind == "networks":
            with suppress(GenreModelError):  # the row itself will say why
                trainings += trainings_of_row(needed, reproduction)
    return trainings


def _compute(row: Row, reproduction: Reproduction, failed: Mapping[str, str]) -> Outcome:
    start_seconds = time.monotonic()
    if row.kind != "absent":
        log.info("computing %s", row.id)
    try:
        for training in _trainings_of(row, reproduction) if failed else ():
            # An old run may be in its place.
            if reason := failed.get(training.name):
                raise TrainingDataError(f"{training.name}: {reason}")
        outcome = _outcome(row, reproduction)
        key = row_key(row, reproduction)
    except GenreModelError as error:
        return Outcome(row.id, absent=reproduction.reason_of(error))
    seconds = round(time.monotonic() - start_seconds, 1)
    outcome = replace(outcome, seconds=seconds, settings=key)
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
    try:
        text = _path(row, reproduction).read_text("utf-8")
        outcome = Outcome.from_dict(json.loads(text))
        return outcome if outcome.settings == row_key(row, reproduction) else None
    except (OSError, ValueError, KeyError, TypeError, GenreModelError):
        return None


def _path(row: Row, reproduction: Reproduction) -> Path:
    return reproduction.out / "rows" / f"{row.id}.json"


def row_key(row: Row, reproduction: Reproduction) -> str:
    """Hash the row, those it needs, their recipes, the data and the version.

    Raises:
        RecipeError: if a change of the row does not fit its recipe.
    """
    rows = [row, *row.needed_rows]
    systems = [system for one in rows for system in one.systems if system.recipe]
    plain = asdict(reproduction) | {
        "out": "",
        "data_dir": _data_key(reproduction.data_dir),
        "version": version("beets-genreclf"),
        "rows": [asdict(one) for one in rows],
        "recipes": [reproduction.recipe(system).settings_hash for system in systems],
    }
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _data_key(data_dir: Path) -> str:
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
