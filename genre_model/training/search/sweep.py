"""Sweeps: one setting of a recipe at a time, scored on validation tracks (C7)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.training.evaluation.significance import mcnemar, paired_t_test
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.search.valid_scores import VariantJob
from genre_model.training.search.variants import parse_variation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genre_model.training.search.valid_scores import Validation, ValidScores
    from genre_model.training.search.variants import BaseRecipe, Variant


@dataclass(frozen=True)
class Sweep:
    """Variants that differ from a recipe in one setting.

    Attributes:
        base: the recipe itself.
        settings: by name, each value with its variant; one that changes nothing is
            ``base``.
    """

    base: Variant
    settings: dict[str, list[tuple[Any, Variant]]]

    def variants(self) -> list[Variant]:
        """Return each variant once, the base first."""
        listed = [variant for values in self.settings.values() for _, variant in values]
        found = {one.recipe.settings_hash: one for one in (self.base, *listed)}
        return list(found.values())


def plan_sweep(base: BaseRecipe, variations: Sequence[str]) -> Sweep:
    """Read what is to be varied, and check that every variant can be built.

    Args:
        base: the recipe.
        variations: such as ``training.batch_size=16,32``, as in ``parse_variation``.

    Raises:
        RecipeError: naming the setting or value that is impossible.
    """
    unchanged = base.variant()
    settings: dict[str, list[tuple[Any, Variant]]] = {}
    for name, values in map(parse_variation, variations):
        if name in settings:
            raise RecipeError(f"--vary {name} is given twice; list all values at once")
        variants = [(value, base.variant((name, value))) for value in values]
        settings[name] = [
            (value, unchanged if one.has_settings_of(unchanged) else one)
            for value, one in variants
        ]
    sweep = Sweep(unchanged, settings)
    for variant in sweep.variants():
        variant.check_network()
    return sweep


def run_sweep(sweep: Sweep, validation: Validation, n_processes: int) -> dict[str, Any]:
    """Train every variant that is not trained yet, and compare each with the base.

    Args:
        sweep: what is varied.
        validation: what is trained on and scored with.
        n_processes: variants at once.

    Returns:
        The report, ready for JSON.

    Raises:
        GenreModelError: naming each variant that failed, after the others are done.
    """
    validation.check()
    jobs = [VariantJob(variant, validation) for variant in sweep.variants()]
    run_jobs([job for job in jobs if job.scores() is None], n_processes, "variants")
    base = _scores_of(jobs[0])
    rows = {
        job.variant.recipe.settings_hash: _row(job, _scores_of(job), base) for job in jobs
    }
    return {
        "recipe": sweep.base.recipe.name,
        "protocol": validation.protocol,
        "part": "valid",
        "source": validation.source,
        "seeds": validation.n_seeds,
        "n_tracks": len(base.track_ids),
        "base": rows[sweep.base.recipe.settings_hash],
        "settings": [
            {
                "name": name,
                "values": [
                    {"value": value} | rows[variant.recipe.settings_hash]
                    for value, variant in values
                ],
            }
            for name, values in sweep.settings.items()
        ],
    }


def _scores_of(job: VariantJob) -> ValidScores:
    scores = job.scores()
    if scores is None:
        raise TrainingDataError(f"the score of {job.name} is gone from {job.folder}")
    return scores


def _row(job: VariantJob, scores: ValidScores, base: ValidScores) -> dict[str, Any]:
    if scores.track_ids != base.track_ids:
        raise TrainingDataError(
            f"{job.folder} was scored on other tracks than the base: delete it"
        )
    is_base = not job.variant.changes
    return {
        "is_base": is_base,
        "folder": job.folder.name,
        "n_parameters": scores.n_parameters,
        "seconds": scores.seconds,
        "accuracy": scores.accuracy,
        "accuracy_sd": _spread(scores.accuracies),
        "negative_log_likelihood": _finite(scores.loss),
        "negative_log_likelihood_sd": _finite(_spread(scores.losses)),
        "difference": None if is_base else scores.accuracy - base.accuracy,
        "p_value": None if is_base else _p_value(scores, base),
    }


def _p_value(scores: ValidScores, base: ValidScores) -> float:
    """Test the difference on the same tracks: exactly, if each was trained once."""
    first, second = (np.array(one.right) for one in (scores, base))
    if len(first) == 1:
        return mcnemar(first[0], second[0]).p_value
    return paired_t_test(first.mean(axis=0), second.mean(axis=0)).p_value


def _spread(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _finite(value: float | None) -> float | None:
    """JSON has no other numbers; a training can diverge."""
    return value if value is not None and math.isfinite(value) else None
