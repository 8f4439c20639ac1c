"""Paper 003's ensembles against their best member (C10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.papers.checks.scores import scores_of
from genre_model.papers.outcome import Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.training.evaluation.comparison import comparison_of
from genre_model.training.evaluation.ensemble import ensemble_of

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

PROTOCOLS = ("fault-filtered", "rotation")
#: Paper 003, section 5.3; the second is what it expects, not what it measured.
PUBLISHED_PAIR, EXPECTED_RUNS = 0.84, 0.90


def ensembles(row: Row, reproduction: Reproduction) -> Outcome:
    """Average CNN and CNN-BiGRU, and the seeds of the CNN-BiGRU (C10).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements: list[Measurement] = []
    findings: list[str] = []
    for protocol in PROTOCOLS:
        singles = {
            needed.systems[0].name: reproduction.predictions(
                needed.systems[0], protocol, "test", reproduction.n_seeds(needed)
            )
            for needed in chosen_rows(list(row.needs))
        }
        for name, predictions in singles.items():
            measurements += scores_of(name, protocol, predictions, reproduction.data_name)
        for part in (_pair, _runs):
            measured, found = part(singles, protocol, reproduction.data_name)
            measurements += measured
            findings += found
    return Outcome(row.id, tuple(measurements), tuple(findings))


def _pair(
    singles: dict[str, list[Predictions]], protocol: str, data: str
) -> tuple[list[Measurement], list[str]]:
    """Average one run of each system, seed by seed."""
    name = " + ".join(singles)
    runs = zip(*singles.values(), strict=True)
    pairs = [ensemble_of(list(pair), pair[0].name) for pair in runs]
    published = {"accuracy": PUBLISHED_PAIR}
    measured = scores_of(name, protocol, pairs, data, published)
    better = max(singles, key=lambda single: _accuracy(singles[single]))
    return measured, [_comparison(name, pairs, better, singles[better], protocol)]


def _runs(
    singles: dict[str, list[Predictions]], protocol: str, data: str
) -> tuple[list[Measurement], list[str]]:
    """Average all runs of the last system; compare with each of them."""
    name, predictions = list(singles.items())[-1]
    if len(predictions) < 2:
        return [], [f"{name}, {protocol}: one run alone is no ensemble."]
    title = f"{name}, {len(predictions)} runs as one"
    together = ensemble_of(predictions, title)
    published = {"accuracy": EXPECTED_RUNS}
    measured = scores_of(f"{title} (expected)", protocol, [together], data, published)
    # Against all runs at once McNemar's test would compare the ensemble with itself.
    return measured, [
        _comparison(title, [together], f"{name} {run.name}", [run], protocol)
        for run in predictions
    ]


def _comparison(
    name: str, a: list[Predictions], other: str, b: list[Predictions], protocol: str
) -> str:
    report = comparison_of(a, b, (name, other), protocol, "test")
    return f"A = {name}, B = {other}, {protocol}: {report['conclusion']}"


def _accuracy(predictions: list[Predictions]) -> float:
    return float(np.mean([one.right.mean() for one in predictions]))
