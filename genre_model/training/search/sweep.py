"""Sweeps: one setting of a recipe at a time, scored on validation tracks (C7)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.training.data.protocols import is_leaky
from genre_model.training.evaluation.significance import mcnemar, paired_t_test
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.search.variants import VariantJob, parse_variation, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from genre_model.training.search.variants import (
        BaseRecipe,
        Validation,
        ValidScores,
        Variant,
    )

HEADER = ("parameters", "seconds", "accuracy", "sd", "loss", "sd", "difference", "p")
WIDTHS = (11, 8, 9, 6, 7, 6, 11, 7)


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
        found = {one.settings_hash: one for one in (self.base, *listed)}
        return list(found.values())


def plan_sweep(base: BaseRecipe, variations: Sequence[str]) -> Sweep:
    """Read variations (as in ``parse_variation``), and check that each can be built."""
    unchanged = base.variant()
    settings: dict[str, list[tuple[Any, Variant]]] = {}
    for name, values in map(parse_variation, variations):
        if name in settings:
            raise RecipeError(f"--vary {name} is given twice; list all values at once")
        variants = [base.variant(f"{name}={toml_value(value)}") for value in values]
        settings[name] = [
            # One that changes nothing but the recipe's name is the base.
            (value, unchanged if one.settings_hash == unchanged.settings_hash else one)
            for value, one in zip(values, variants, strict=True)
        ]
    sweep = Sweep(unchanged, settings)
    for variant in sweep.variants():
        variant.check_network()
    return sweep


def run_sweep(sweep: Sweep, validation: Validation, n_processes: int) -> dict[str, Any]:
    """Train every variant that is not trained yet, and return the comparison as JSON.

    Raises:
        GenreModelError: naming each variant that failed, after the others are done.
    """
    validation.check()
    jobs = [VariantJob(variant, validation) for variant in sweep.variants()]
    run_jobs([job for job in jobs if job.scores() is None], n_processes, "variants")
    base = _scores_of(jobs[0])
    rows = {job.variant.settings_hash: _row(job, _scores_of(job), base) for job in jobs}
    return {
        "recipe": sweep.base.recipe.name,
        "protocol": validation.protocol,
        "part": "valid",
        "source": validation.source,
        "seeds": validation.n_seeds,
        "n_tracks": len(base.track_ids),
        "base": rows[sweep.base.settings_hash],
        "settings": [
            {
                "name": name,
                "values": [
                    {"value": value} | rows[variant.settings_hash]
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


def sweep_text(report: dict[str, Any]) -> str:
    """Lay out one table per setting; the base has a star."""
    return "\n".join(_lines(report))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{report['recipe']}: {report['protocol']}, {report['n_tracks']} whole validation "
        f"tracks, from {report['source']}; {report['seeds']} seed(s)"
    )
    if is_leaky(report["protocol"]):
        yield "LEAKY: artists or recordings are on both sides of this split"
    for setting in report["settings"]:
        yield from ("", setting["name"], *_table(setting["values"], report["base"]))
    n_tests = sum(
        not row["is_base"] for setting in report["settings"] for row in setting["values"]
    )
    test = "McNemar's exact test" if report["seeds"] == 1 else "paired t-test over tracks"
    yield ""
    yield "* the recipe itself; difference of accuracy from it in points;"
    yield f"loss: negative log-likelihood; p: {test}, uncorrected for {n_tests} test(s)"


def _table(values: list[dict[str, Any]], base: dict[str, Any]) -> Iterator[str]:
    rows = [(toml_value(row["value"]), row) for row in values]
    if not any(row["is_base"] for row in values):
        rows.insert(0, ("as it is", base))
    width = max(len("value"), *(len(name) for name, _ in rows))
    header = "".join(f"{h:>{w}}" for h, w in zip(HEADER, WIDTHS, strict=True))
    yield f"    {'value':<{width}}{header}"
    for name, row in rows:
        cells = "".join(f"{c:>{w}}" for c, w in zip(_cells(row), WIDTHS, strict=True))
        yield f"  {'*' if row['is_base'] else ' '} {name:<{width}}{cells}"


def _cells(row: dict[str, Any]) -> Iterator[str]:
    points = None if row["difference"] is None else 100 * row["difference"]
    for value, form in (
        (row["n_parameters"], "d"),
        (row["seconds"], ".0f"),
        (row["accuracy"], ".3f"),
        (row["accuracy_sd"], ".3f"),
        (row["negative_log_likelihood"], ".3f"),
        (row["negative_log_likelihood_sd"], ".3f"),
        (points, "+.1f"),
        (row["p_value"], ".3f"),
    ):
        yield "-" if value is None else f"{value:{form}}"
