"""Paper 003's ensembles against their best member (C10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.papers.network_rows import comparison_finding
from genre_model.papers.outcome import Outcome, measurements_of
from genre_model.papers.rows import System
from genre_model.training.evaluation.comparison import ensemble_of

if TYPE_CHECKING:
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

PROTOCOLS = ("fault-filtered", "rotation")
#: Paper 003, section 5.3; the second is its expectation, not its measurement.
PUBLISHED_PAIR, EXPECTED_RUNS = 0.84, 0.90


def ensembles(row: Row, reproduction: Reproduction) -> Outcome:
    """Average CNN and CNN-BiGRU, and the seeds of the CNN-BiGRU (C10).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    outcome, data = Outcome(row.id), reproduction.data_name
    for protocol in PROTOCOLS:
        singles = {
            needed.systems[0].name: reproduction.predictions(needed, protocol)
            for needed in row.needed_rows
        }
        for name, predictions in singles.items():
            outcome.measurements += measurements_of(
                System(name), protocol, predictions, data=data
            )
        outcome.add(_pair(singles, protocol, data))
        outcome.add(_runs(singles, protocol, data))
    return outcome


def _pair(singles: dict[str, list[Predictions]], protocol: str, data: str) -> Outcome:
    """Average one run of each system, seed by seed."""
    name = " + ".join(singles)
    runs = zip(*singles.values(), strict=True)
    pairs = [ensemble_of(list(pair), pair[0].name) for pair in runs]
    system = System(name, published={"accuracy": PUBLISHED_PAIR})
    measurements = measurements_of(system, protocol, pairs, data=data)
    better = max(singles.items(), key=lambda single: _accuracy(single[1]))
    return Outcome("", measurements, [comparison_finding((name, pairs), better, protocol)])


def _runs(singles: dict[str, list[Predictions]], protocol: str, data: str) -> Outcome:
    """Average all runs of the last system; compare with each of them."""
    name, predictions = list(singles.items())[-1]
    if len(predictions) < 2:
        return Outcome("", findings=[f"{name}, {protocol}: one run alone is no ensemble."])
    title = f"{name}, {len(predictions)} runs as one"
    together = [ensemble_of(predictions, title)]
    system = System(f"{title} (expected)", published={"accuracy": EXPECTED_RUNS})
    measurements = measurements_of(system, protocol, together, data=data)
    # Against all runs at once McNemar's test would compare the ensemble with itself.
    findings = [
        comparison_finding((title, together), (f"{name} {run.name}", [run]), protocol)
        for run in predictions
    ]
    return Outcome("", measurements, findings)


def _accuracy(predictions: list[Predictions]) -> float:
    return float(np.mean([one.right.mean() for one in predictions]))
