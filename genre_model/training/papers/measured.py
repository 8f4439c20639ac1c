"""Predictions of a system as measurements beside the paper's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.training.measures import measures_of
from genre_model.training.papers.outcome import Measurement
from genre_model.training.papers.rows import RANDOM_SPLITS
from genre_model.training.protocols import is_leaky

if TYPE_CHECKING:
    from genre_model.training.papers.rows import System
    from genre_model.training.predictions import Predictions


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
    measurements = []
    for measure in dict.fromkeys(["accuracy", *system.published]):
        ours = [one[measure] for one in values]
        mean = float(np.mean(ours))
        low, high = metrics.wilson_interval(mean * n, n)
        is_share = measure == "accuracy"
        measurements.append(
            Measurement(
                name=system.name,
                measure=measure,
                published=system.published.get(measure),
                ours=mean,
                sd=float(np.std(ours, ddof=1)) if len(ours) > 1 else None,
                low=low if is_share else None,
                high=high if is_share else None,
                protocol=protocol,
                leaky=protocol == RANDOM_SPLITS or is_leaky(protocol),
                n=n,
                unit=predictions[0].unit,
                seeds=len(predictions),
                data=data,
                n_parameters=n_parameters,
                seconds=round(seconds, 1),
                recipe=predictions[0].recipe,
            )
        )
    return measurements
