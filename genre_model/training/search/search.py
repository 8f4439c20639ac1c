"""Searches for settings of a recipe by their loss on validation tracks, with Optuna."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import distribution_to_json
from optuna.trial import TrialState

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.search.search_space import change_of, ends_of
from genre_model.training.search.variants import VariantJob

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model.training.search.search_space import Space
    from genre_model.training.search.variants import BaseRecipe, Validation, Variant


STUDY_NAME = "genre-model search"
#: Settings with which this many processes died are given up.
MAX_DEATHS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """What is searched, and how.

    Attributes:
        base: the recipe.
        space: what may be changed.
        validation: what is trained on and scored with.
        study_path: SQLite file that remembers the trials.
        n_trials: that are to come to an end, those of earlier runs included.
        seed: of the sampler. A trial's randomness comes from the seed and its number.
    """

    base: BaseRecipe
    space: Space
    validation: Validation
    study_path: Path
    n_trials: int
    seed: int

    def variant(self, parameters: dict[str, Any]) -> Variant:
        """Return the recipe with the parameters of a trial."""
        return self.base.variant(
            *(change_of(name, kind, parameters[name]) for name, kind in self.space.items())
        )

    def check_space(self) -> None:
        """Try the ends of each range, and each choice, on the recipe."""
        for name, kind in self.space.items():
            for value in ends_of(kind):
                self.base.variant(change_of(name, kind, value)).check_network()

    def settings(self) -> str:
        """Identify what is searched."""
        space = {name: distribution_to_json(kind) for name, kind in self.space.items()}
        return json.dumps(
            {
                "recipe": self.base.variant().recipe.settings_hash,
                "space": space,
                "protocol": self.validation.protocol,
                "seeds": self.validation.n_seeds,
                "source": self.validation.source,
            },
            sort_keys=True,
        )


@dataclass(frozen=True)
class SearchResult:
    """The best settings that were found, and how many trials ended."""

    variant: Variant
    best_number: int
    best_loss: float
    n_scored: int
    n_impossible: int


def run_search(search: Search, n_workers: int) -> SearchResult:
    """Try settings until enough trials have ended, then return the best ones.

    Raises:
        RecipeError: if the recipe has no such settings, or no trial could be scored.
        TrainingDataError: if the study is of another search.
        GenreModelError: if a process failed; the others went on.
    """
    search.validation.check()
    search.check_space()
    with Study(search) as study:
        study.check()
        n_ended = len(study.ended())
    if n_ended < search.n_trials:
        workers = [SearchWorker(f"worker {n + 1}", search) for n in range(n_workers)]
        run_jobs(workers, n_workers, "workers")
    with Study(search) as study:
        return study.result()


@dataclass(frozen=True)
class SearchWorker:
    """One of the processes that try settings; a job for the pool."""

    name: str
    search: Search

    def run(self) -> None:
        """Try settings until enough have been tried."""
        with Study(self.search) as study:
            while True:
                with study.next_trial() as trial:
                    if trial is None:
                        return
                    self._try(trial, study)

    def _try(self, trial: optuna.Trial, study: Study) -> None:
        """Tell the study a loss, or that these settings train no network.

        RuntimeError is torch's: a kernel larger than its input, too little memory.
        """
        try:
            job = VariantJob(self.search.variant(trial.params), self.search.validation)
            job.run()
            scores = job.scores()
            if scores is None or not math.isfinite(scores.loss):
                raise RecipeError(f"{job.name}: the training diverged")
        except (RecipeError, RuntimeError) as error:
            log.warning("trial %d is impossible: %s", trial.number, error)
            study.give_up(trial, str(error))
            return
        best = study.finish(trial, scores.loss)
        log.info(
            "trial %d: loss %.4f, accuracy %.3f with %s; best: %.4f of trial %d",
            trial.number,
            scores.loss,
            scores.accuracy,
            job.name,
            best.value,
            best.number,
        )


class Study:
    """The trials of a search, for one process of perhaps many.

    Optuna's SQLite storage alone hands a waiting trial to two processes, so every access
    is under a lock. Each running trial has a lock of its own, which ends with its process:
    trials whose process died are tried again.

    Raises:
        TrainingDataError: if the search's file is no study.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        path = search.study_path
        self._running = path.with_name(f"{path.name}.running")
        self._running.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path.with_name(f"{path.name}.lock"))

    def __enter__(self) -> Study:
        """Open the file."""
        _quieten_optuna()
        with self._lock:
            _check_file(self._search.study_path)
            # A path in an address could not have {, ? and other signs.
            connect = partial(sqlite3.connect, self._search.study_path)
            self._storage = optuna.storages.RDBStorage("sqlite://", {"creator": connect})
            self._study = optuna.create_study(
                storage=self._storage, study_name=STUDY_NAME, load_if_exists=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def check(self) -> None:
        """Remember what is searched, or refuse a file of another search."""
        with self._locked() as study:
            settings = self._search.settings()
            if study.user_attrs.get("settings", settings) != settings:
                raise TrainingDataError(
                    f"{self._search.study_path} is a search with another recipe, space, "
                    "protocol, source or number of seeds: choose another --study"
                )
            study.set_user_attr("settings", settings)

    @contextmanager
    def next_trial(self) -> Iterator[optuna.Trial | None]:
        """Give what to try next; None if enough trials have ended or are being tried."""
        with self._locked() as study:
            self._queue_interrupted(study)
            trials = study.get_trials(deepcopy=False)
            waiting = (TrialState.WAITING, TrialState.FAIL)
            if sum(one.state not in waiting for one in trials) >= self._search.n_trials:
                trial = None
            else:
                seeds = np.random.SeedSequence([self._search.seed, len(trials)])
                seed = int(seeds.generate_state(1)[0])
                study.sampler = optuna.samplers.TPESampler(seed=seed)
                trial = study.ask(dict(self._search.space))
                life = self._life(trial.number)
                life.acquire()
        try:
            yield trial
        finally:
            if trial is not None:
                life.release()
                self._path(trial.number).unlink(missing_ok=True)

    def finish(self, trial: optuna.Trial, loss: float) -> optuna.trial.FrozenTrial:
        """Write down the loss of a trial, and return the best one so far."""
        with self._locked() as study:
            study.tell(trial, loss)
            return study.best_trial

    def give_up(self, trial: optuna.Trial, reason: str) -> None:
        """Write down that a trial's settings are impossible."""
        with self._locked() as study:
            study.set_user_attr("last_reason", reason)
            study.tell(trial, state=TrialState.PRUNED)

    def ended(self) -> list[optuna.trial.FrozenTrial]:
        """Return the trials that were scored or found impossible."""
        with self._locked() as study:
            return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))

    def result(self) -> SearchResult:
        """Return the best settings; a RecipeError gives the reason if there are none."""
        ended = self.ended()
        losses = {one.number: one.value for one in ended if one.value is not None}
        with self._locked() as study:
            if not losses:
                reason = study.user_attrs.get("last_reason", "")
                raise RecipeError(f"no trial could be scored; the last: {reason}")
            best = study.best_trial
        return SearchResult(
            self._search.variant(best.params),
            best.number,
            losses[best.number],
            len(losses),
            len(ended) - len(losses),
        )

    @contextmanager
    def _locked(self) -> Iterator[optuna.Study]:
        """Keep others from reading and writing."""
        with self._lock:
            try:
                yield self._study
            finally:
                self._storage.remove_session()

    def _path(self, number: int) -> Path:
        return self._running / f"{number}.lock"

    def _life(self, number: int) -> FileLock:
        """Return the lock that a process holds while it runs a trial."""
        return FileLock(self._path(number), timeout=0)

    def _queue_interrupted(self, study: optuna.Study) -> None:
        """Queue again the trials whose process was killed."""
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            try:
                with self._life(trial.number):
                    study.tell(trial.number, state=TrialState.FAIL)
            except Timeout:
                continue
            self._path(trial.number).unlink(missing_ok=True)
            failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
            n_deaths = sum(one.params == trial.params for one in failed)
            if trial.params.keys() == self._search.space.keys() and n_deaths < MAX_DEATHS:
                log.info("trial %d was interrupted and is tried again", trial.number)
                study.enqueue_trial(trial.params)


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
    if tables and "studies" not in tables:
        raise TrainingDataError(f"{path} is no study of Optuna, but another database")


def _quieten_optuna() -> None:
    """Send Optuna's warnings to the log; this module reports what its trials do."""
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
