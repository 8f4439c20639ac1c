"""Reports of predictions: every number of an evaluation, ready for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.training.data.protocols import is_leaky
from genre_model.training.evaluation.calibration import reliability_bins
from genre_model.training.evaluation.measures import measures_of
from genre_model.training.evaluation.selective import risk_coverage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.training.evaluation.predictions import Predictions


#: Values of ``min_confidence`` that reports show the effect of.
THRESHOLDS = (0.3, 0.4, 0.45, 0.5, 0.6, 0.7)
#: Points of the risk-coverage curve in a report, evenly spaced up to full coverage.
N_CURVE_POINTS = 20


def report_of(
    systems: list[Predictions],
    protocol: str,
    part: str,
    combination: str = "mean",
    members: Sequence[Predictions] = (),
) -> dict[str, Any]:
    """Compute every number of an evaluation.

    Each of :func:`measures_of` is a mean over seeds, with the sample standard deviation;
    the table, the confusion matrix and the reliability are sums over seeds.

    Args:
        systems: the seeds of one recipe.
        protocol: that chose the tracks.
        part: of the protocol's tracks.
        combination: how segments became tracks.
        members: of the one system, if it is an ensemble.

    Raises:
        TrainingDataError: if the systems are of several recipes or genres.
    """
    _check_alike(systems)
    first, n_tracks = systems[0], len(systems[0].labels)
    measured = [measures_of(s.probabilities, s.labels) for s in systems]
    means = {name: float(np.mean([m[name] for m in measured])) for name in measured[0]}
    spreads = {name: _spread([m[name] for m in measured]) for name in measured[0]}
    report = {
        "protocol": protocol,
        "leaky": is_leaky(protocol),
        "part": part,
        "unit": first.unit,
        "combination": combination,
        "source": first.source,
        "n_tracks": n_tracks,
        "seeds": len(systems),
        "n_seen": max(system.n_seen for system in systems),
        "recipe": first.recipe,
        "recipe_hash": first.recipe_hash,
        "temperature": float(np.mean([system.temperature for system in systems])),
        **means,
        "sd": spreads.pop("accuracy"),
        **{f"{name}_sd": spread for name, spread in spreads.items()},
        "accuracy_interval_95": metrics.wilson_interval(
            means["accuracy"] * n_tracks, n_tracks
        ),
        "systems": [{"name": s.name, **m} for s, m in zip(systems, measured, strict=True)],
        **_pooled(systems),
    }
    if members:
        report["members"] = [
            {"name": s.name, **measures_of(s.probabilities, s.labels)} for s in members
        ]
    return report


def pooled_confidences(
    systems: list[Predictions],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return how confident all seeds are of each track, one after the other.

    Returns:
        Confidences, and whether they are right [shape=(n_seeds * n_tracks,) each].
    """
    confidences = np.concatenate([s.probabilities.max(axis=1) for s in systems])
    return confidences, np.concatenate([s.right for s in systems])


def _check_alike(systems: list[Predictions]) -> None:
    for what in ("recipe", "recipe_hash", "genres"):
        found = list(dict.fromkeys(str(getattr(system, what)) for system in systems))
        if len(found) > 1:
            raise TrainingDataError(
                f"systems of different {what} ({found[0]} and {found[1]}) have no mean: "
                "report each for itself"
            )


def _pooled(systems: list[Predictions]) -> dict[str, Any]:
    """Compute what is not a number per seed, over the predictions of all seeds."""
    confidences, right = pooled_confidences(systems)
    confusion = np.sum(
        [metrics.confusion_matrix(s.probabilities, s.labels) for s in systems], axis=0
    )
    return {
        "selective": [_selective(confidences, right, low) for low in THRESHOLDS],
        "risk_coverage": _curve(confidences, right),
        "reliability": _reliability(confidences, right),
        "genres": _genre_rows(confusion, systems[0].genres),
        "confusion": confusion.tolist(),
    }


def _selective(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], threshold: float
) -> dict[str, float | None]:
    """Share of tracks that are at least so confident, and how many of those are right."""
    sure = confidences >= threshold
    return {
        "min_confidence": threshold,
        "coverage": float(sure.mean()),
        "accuracy": float(right[sure].mean()) if sure.any() else None,
    }


def _curve(
    confidences: NDArray[np.float32], right: NDArray[np.bool_]
) -> list[dict[str, float]]:
    coverage, risk = risk_coverage(confidences, right)
    points = np.arange(1, N_CURVE_POINTS + 1) / N_CURVE_POINTS
    return [
        {"coverage": float(point), "risk": float(np.interp(point, coverage, risk))}
        for point in points
    ]


def _reliability(
    confidences: NDArray[np.float32], right: NDArray[np.bool_]
) -> list[dict[str, float]]:
    bins = reliability_bins(confidences, right)
    return [
        {
            "from": float(bins.edges[index]),
            "to": float(bins.edges[index + 1]),
            "tracks": int(bins.n_tracks[index]),
            "confidence": float(bins.confidences[index]),
            "accuracy": float(bins.accuracies[index]),
        }
        for index in np.flatnonzero(bins.n_tracks)
    ]


def _genre_rows(
    confusion: NDArray[np.int64], genres: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [
        {
            "genre": genre,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "tracks": int(support),
        }
        for genre, (precision, recall, f1, support) in zip(
            genres, metrics.genre_table(confusion), strict=True
        )
    ]


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
