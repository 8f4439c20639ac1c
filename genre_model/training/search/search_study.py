"""The study of a search: its trials in an SQLite file that several processes share."""

from __future__ import annotations

import json
import logging
import sqlite3
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model.training.search.search_space import SearchSpace

STUDY_NAME = "genre-model search"
#: A table of every study of Optuna.
TABLE = "studies"
#: Settings with which this many processes died are given up.
MAX_DEATHS = 3
#: Trials that came to an end: scored, or found impossible.
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """Settings to be tried."""

    number: int
    changes: list[tuple[str, Any]]


@dataclass(frozen=True)
class Standing:
    """How far a search is.

    Attributes:
        n_scored: trials with a score.
        n_impossible: trials that ended without one.
        best_number: of the trial with the lowest loss; None as long as there is none.
        best_loss: its loss.
        reason: why the last impossible one was so.
    """

    n_scored: int
    n_impossible: int
    best_number: int | None
    best_loss: float | None
    reason: str


class SearchStudy:
    """Hands out trials and takes their losses, for one process of perhaps many.

    Optuna's SQLite storage alone hands a waiting trial to two processes, and its journal
    does not survive a kill in the midst of a line. So SQLite it is, with a lock around
    every access. A process holds a second lock as long as it lives: trials of the
    dead are tried again.

    Args:
        path: the SQLite file; made if there is none.
        space: what may be changed.
        seed: of the sampler. A trial's randomness comes from the seed and its number.
    """

    def __init__(self, path: Path, space: SearchSpace, seed: int) -> None:
        self._path = path
        self._space = space
        self._seed = seed
        self._workers = path.with_name(f"{path.name}.workers")
        self._worker = uuid.uuid4().hex
        self._life = FileLock(self._lock_path(self._worker))
        self._lock = FileLock(path.with_name(f"{path.name}.lock"))

    def __enter__(self) -> SearchStudy:
        """Open the file, and be seen as alive.

        Raises:
            TrainingDataError: if the file is no study.
        """
        _quieten_optuna()
        self._workers.mkdir(parents=True, exist_ok=True)
        with self._lock:
            _check_file(self._path)
            # A path in an address would have to do without {, ? and other signs.
            connect = partial(sqlite3.connect, self._path)
            self._storage = RDBStorage("sqlite://", {"creator": connect})
            self._study = optuna.create_study(
                storage=self._storage, study_name=STUDY_NAME, load_if_exists=True
            )
        self._life.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Be gone; what was handed out and has no loss will be tried again."""
        self._storage.remove_session()
        self._storage.engine.dispose()
        self._life.release()
        self._lock_path(self._worker).unlink(missing_ok=True)

    def check(self, settings: dict[str, Any]) -> None:
        """Remember what is searched, or compare it with what was searched before.

        Raises:
            TrainingDataError: if the file is of another search.
        """
        text = json.dumps(settings, sort_keys=True)
        with self._locked() as study:
            before = study.user_attrs.get("settings")
            if before is None:
                study.set_user_attr("settings", text)
            elif before != text:
                raise TrainingDataError(
                    f"{self._path} is a search with another recipe, space, protocol, "
                    "source or number of seeds: choose another --study"
                )

    def next_trial(self, n_trials: int) -> Trial | None:
        """Return what to try next; None if enough trials have ended or are being tried."""
        with self._locked() as study:
            self._bury_dead(study)
            trials = study.get_trials(deepcopy=False)
            taken = [one for one in trials if one.state in (*ENDED, TrialState.RUNNING)]
            if len(taken) >= n_trials:
                return None
            seed = np.random.SeedSequence([self._seed, len(trials)]).generate_state(1)
            study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
            trial = study.ask()
            self._space.suggest(trial)
            trial.set_user_attr("worker", self._worker)
            return Trial(trial.number, self._space.changes_of(trial.params))

    def finish(self, trial: Trial, loss: float) -> Standing:
        """Write down the loss of a trial."""
        with self._locked() as study:
            study.tell(trial.number, loss)
            return _standing(study)

    def give_up(self, trial: Trial, reason: str) -> None:
        """Write down that a trial's settings are impossible: worse than any score."""
        with self._locked() as study:
            study.set_user_attr("last_reason", reason)
            study.tell(trial.number, state=TrialState.PRUNED)

    def standing(self) -> Standing:
        """Return how far the search is."""
        with self._locked() as study:
            return _standing(study)

    def best_changes(self) -> list[tuple[str, Any]]:
        """Return the settings of the lowest loss."""
        with self._locked() as study:
            return self._space.changes_of(study.best_params)

    @contextmanager
    def _locked(self) -> Iterator[optuna.Study]:
        """Let nobody else read or write."""
        with self._lock:
            try:
                yield self._study
            finally:
                self._storage.remove_session()

    def _lock_path(self, worker: str) -> Path:
        return self._workers / f"{worker}.lock"

    def _bury_dead(self, study: optuna.Study) -> None:
        """Queue again what processes were trying when they were killed."""
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            if self._is_alive(trial.user_attrs.get("worker")):
                continue
            study.tell(trial.number, state=TrialState.FAIL)
            failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
            n_deaths = sum(one.params == trial.params for one in failed)
            if len(trial.params) == len(self._space.settings) and n_deaths < MAX_DEATHS:
                log.info("trial %d was interrupted and is tried again", trial.number)
                study.enqueue_trial(trial.params)

    def _is_alive(self, worker: str | None) -> bool:
        """Return True if a process holds the lock of its life."""
        if worker == self._worker:
            return True
        # Without a name it was killed while asking, under the lock that is now ours.
        if worker is None or not self._lock_path(worker).exists():
            return False
        try:
            with FileLock(self._lock_path(worker), timeout=0):
                pass
        except Timeout:
            return True
        self._lock_path(worker).unlink(missing_ok=True)
        return False


def _check_file(path: Path) -> None:
    """Refuse to put a study into another file."""
    if not path.exists():
        return
    connection = sqlite3.connect(path)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise TrainingDataError(f"{path} is no study: {error}") from error
    finally:
        connection.close()
    if tables and TABLE not in tables:
        raise TrainingDataError(f"{path} is no study of Optuna, but another database")


def _standing(study: optuna.Study) -> Standing:
    trials = study.get_trials(deepcopy=False, states=ENDED)
    losses = {one.number: one.value for one in trials if one.value is not None}
    best = min(losses, key=losses.__getitem__) if losses else None
    return Standing(
        n_scored=len(losses),
        n_impossible=len(trials) - len(losses),
        best_number=best,
        best_loss=None if best is None else losses[best],
        reason=study.user_attrs.get("last_reason", ""),
    )


def _quieten_optuna() -> None:
    """Let Optuna's warnings take the way of ours; what its trials do, we say."""
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
