"""The numbers by which one system is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.training.evaluation.calibration import N_BINS, noise_floor
from genre_model.training.evaluation.selective import (
    area_under_risk_coverage,
    coverage_at_accuracy,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Accuracies among the answered tracks whose coverage is reported, in percent.
SELECTIVE_PERCENT = (85, 90)
N_TOP = 3


def measures_of(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Return every measure by name.

    ``top_3`` is there only if there are more than three genres.

    Args:
        probabilities: [shape=(n_tracks, n_genres)].
        labels: true genres, as indices [shape=(n_tracks,)].
    """
    confusion = metrics.confusion_matrix(probabilities, labels)
    precision, recall, f1 = metrics.macro_averages(confusion)
    measures = {
        "accuracy": metrics.accuracy(probabilities, labels),
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "negative_log_likelihood": metrics.negative_log_likelihood(probabilities, labels),
        "brier": metrics.brier_score(probabilities, labels),
    }
    n_genres = probabilities.shape[1]
    if n_genres > N_TOP:
        targets = np.eye(n_genres, dtype=bool)[labels]
        measures["top_3"] = metrics.top_accuracy(probabilities, targets, N_TOP)
    return measures | _of_confidence(probabilities, labels)


def _of_confidence(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    floor = noise_floor(confidences)
    return {
        "calibration_error": metrics.calibration_error(confidences, right, N_BINS),
        "calibration_error_floor": floor.mean,
        "calibration_error_floor_95": floor.percentile_95,
        "aurc": area_under_risk_coverage(confidences, right),
        **{
            f"coverage_at_{percent}": coverage_at_accuracy(
                confidences, right, percent / 100
            )
            for percent in SELECTIVE_PERCENT
        },
    }
