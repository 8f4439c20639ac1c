"""Predictions of a system as measurements beside the paper's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.metrics import measures_of
from genre_model.papers.outcome import Measurement
from genre_model.papers.rows import RANDOM_SPLITS, leaks

if TYPE_CHECKING:
    from genre_model.papers.rows import System
    from genre_model.training.data.protocols import Fold
    from genre_model.training.evaluation.predictions import Predictions


def measurements_of(
    system: System,
    protocol: str,
    predictions: list[Predictions],
    *,
    data: str,
    seconds: float,
    n_parameters: int | None = None,
) -> list[Measurement]:
    """Measure what the paper gives, or the accuracy if it gives nothing.

    Args:
        system: of a row.
        protocol: that chose the tracks.
        predictions: one per seed or repeat.
        data: what was listened to.
        seconds: of all trainings.
        n_parameters: of a network.
    """
    values = [measures_of(one.probabilities, one.labels) for one in predictions]
    # Of repeated splits, each has its own number of test rows.
    n = round(float(np.mean([len(one.labels) for one in predictions])))
    unit = predictions[0].unit
    published = system.published if unit == system.published_of else {}
    measurements = []
    for measure in dict.fromkeys(["accuracy", *published]):
        ours = [one[measure] for one in values]
        mean = float(np.mean(ours))
        low, high = _interval(measure, mean, n, protocol, unit)
        measurements.append(
            Measurement(
                name=system.name,
                measure=measure,
                published=published.get(measure),
                ours=mean,
                sd=float(np.std(ours, ddof=1)) if len(ours) > 1 else None,
                low=low,
                high=high,
                protocol=protocol,
                leaky=leaks(protocol),
                n=n,
                unit=unit,
                seeds=len(predictions),
                data=data,
                n_parameters=n_parameters,
                seconds=round(seconds, 1),
                recipe=predictions[0].recipe,
            )
        )
    return measurements


def fold_finding(
    system: System, protocol: str, predictions: list[Predictions], folds: list[Fold]
) -> str:
    """Give the accuracy in each fold, the mean over seeds, and their spread."""
    accuracies = [
        100 * float(np.mean([one.subset(fold.test).right.mean() for one in predictions]))
        for fold in folds
    ]
    return (
        f"{system.name}, {protocol}: {', '.join(f'{one:.1f}' for one in accuracies)} % in "
        f"its {len(folds)} folds (standard deviation {np.std(accuracies, ddof=1):.2f})."
    )


def _interval(
    measure: str, mean: float, n: int, protocol: str, unit: str
) -> tuple[float | None, float | None]:
    """Return Wilson's interval of a share of independent tracks, of nothing else."""
    if measure != "accuracy" or unit != "tracks" or protocol == RANDOM_SPLITS:
        return None, None
    return metrics.wilson_interval(mean * n, n)
