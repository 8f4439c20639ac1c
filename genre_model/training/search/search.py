"""Searches for settings of a recipe by their loss on validation tracks, with Optuna."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from genre_model.errors import RecipeError
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.search.search_study import SearchStudy
from genre_model.training.search.valid_scores import VariantJob

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.search.search_space import SearchSpace
    from genre_model.training.search.search_study import Standing, Trial
    from genre_model.training.search.valid_scores import Validation
    from genre_model.training.search.variants import BaseRecipe, Variant

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """What is searched, and how.

    Attributes:
        base: the recipe.
        space: what may be changed.
        validation: what is trained on and scored with.
        study_path: remembers the trials.
        n_trials: that are to come to an end, those of earlier runs included.
        seed: of the sampler.
    """

    base: BaseRecipe
    space: SearchSpace
    validation: Validation
    study_path: Path
    n_trials: int
    seed: int

    def study(self) -> SearchStudy:
        """Return the study, for one process."""
        return SearchStudy(self.study_path, self.space, self.seed)


@dataclass(frozen=True)
class SearchResult:
    """The best settings that were found, and how far the search is."""

    variant: Variant
    standing: Standing


@dataclass(frozen=True)
class SearchWorker:
    """One of the processes that try settings; a job for the pool."""

    name: str
    search: Search

    def run(self) -> None:
        """Try settings until enough have been tried.

        Raises:
            GenreModelError: if tracks are missing.
        """
        with self.search.study() as study:
            while (trial := study.next_trial(self.search.n_trials)) is not None:
                self._try(trial, study)

    def _try(self, trial: Trial, study: SearchStudy) -> None:
        """Tell the study a loss, or that these settings train no network.

        RuntimeError is torch's: a kernel larger than its input, too little memory.
        """
        try:
            loss, accuracy = self._score(trial)
        except (RecipeError, RuntimeError) as error:
            log.warning("trial %d is impossible: %s", trial.number, error)
            study.give_up(trial, str(error))
            return
        standing = study.finish(trial, loss)
        log.info(
            "trial %d: loss %.4f, accuracy %.3f with %s; best: %.4f of trial %d",
            trial.number,
            loss,
            accuracy,
            self.search.base.variant(*trial.changes).name,
            standing.best_loss,
            standing.best_number,
        )

    def _score(self, trial: Trial) -> tuple[float, float]:
        job = VariantJob(self.search.base.variant(*trial.changes), self.search.validation)
        job.run()
        scores = job.scores()
        if scores is None or not math.isfinite(scores.loss):
            raise RecipeError(f"{job.name}: the training diverged")
        return scores.loss, scores.accuracy


def run_search(search: Search, n_workers: int) -> SearchResult:
    """Try settings until enough trials have ended, then return the best ones.

    Args:
        search: what is searched; other processes may work on the same study.
        n_workers: processes.

    Raises:
        RecipeError: if the recipe has no such settings, or no trial could be scored.
        TrainingDataError: if the study is of another search.
        GenreModelError: if a process failed; the others went on.
    """
    search.validation.check()
    search.space.check(search.base)
    with search.study() as study:
        study.check(
            {
                "recipe": search.base.variant().recipe.settings_hash,
                "space": asdict(search.space),
                "protocol": search.validation.protocol,
                "seeds": search.validation.n_seeds,
                "source": search.validation.source,
            }
        )
        standing = study.standing()
    if standing.n_scored + standing.n_impossible < search.n_trials:
        _run_workers(search, n_workers)
    with search.study() as study:
        standing = study.standing()
        if standing.best_number is None:
            raise RecipeError(f"no trial could be scored; the last: {standing.reason}")
        return SearchResult(search.base.variant(*study.best_changes()), standing)


def _run_workers(search: Search, n_workers: int) -> None:
    workers = [SearchWorker(f"worker {n + 1}", search) for n in range(n_workers)]
    run_jobs(workers, n_workers, "workers")
