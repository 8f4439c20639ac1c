"""Measures of predicted against true genres, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Probabilities are kept above this in logarithms.
TINY = 1e-12


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Share of tracks whose most probable genre is the true one."""
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def negative_log_likelihood(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """Mean of minus the natural logarithm of the true genre's probability."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_truth, TINY)).mean())


def log_loss(
    probabilities: NDArray[np.float32], targets: NDArray[np.bool_], *, multi_label: bool
) -> float:
    """Mean over tracks of minus the logarithm of what is true.

    Args:
        probabilities: [shape=(n_tracks, n_genres)].
        targets: which genres each track has [shape=(n_tracks, n_genres)].
        multi_label: what a track does not have counts, too, summed over genres.
    """
    clipped = np.clip(probabilities, TINY, 1)
    if not multi_label:
        return max(0.0, float(-np.log(clipped[targets]).mean()))
    absent = np.clip(1 - probabilities.astype(np.float64), TINY, 1)
    return float(-np.log(np.where(targets, clipped, absent)).sum(axis=1).mean())


def top_accuracy(
    probabilities: NDArray[np.float32], targets: NDArray[np.bool_], n_best: int
) -> float:
    """Share of tracks that have one of the ``n_best`` most probable genres.

    Args:
        probabilities: [shape=(n_tracks, n_genres)].
        targets: which genres each track has [shape=(n_tracks, n_genres)].
        n_best: genres that may be named; 1 is accuracy.
    """
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :n_best]
    return float(np.take_along_axis(targets, best, axis=1).any(axis=1).mean())


def brier_score(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean over tracks of the squared distance to the truth, summed over genres.

    Brier (1950), with its original range: 0 is certain and right, 2 certain and wrong.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def confidence_bins(confidences: NDArray[np.float32], n_bins: int) -> NDArray[np.int64]:
    """Return which of ``n_bins`` bins of equal width each confidence falls into."""
    bins: NDArray[np.int64] = (confidences * n_bins).astype(np.int64)
    return np.minimum(bins, n_bins - 1)


def calibration_error(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], n_bins: int = 10
) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al. 2017)."""
    bins = confidence_bins(confidences, n_bins)
    gaps = [
        abs(float(confidences[bins == b].mean()) - float(right[bins == b].mean()))
        * float(np.mean(bins == b))
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def confusion_matrix(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count tracks by true genre (row) and most probable genre (column)."""
    n_genres = probabilities.shape[1]
    matrix = np.zeros((n_genres, n_genres), np.int64)
    np.add.at(matrix, (labels, probabilities.argmax(axis=1)), 1)
    return matrix


def genre_table(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return precision, recall, F1 and support per genre [shape=(n_genres, 4)].

    A genre that is never predicted has precision 0, one without tracks has recall 0.
    """
    hits = np.diag(confusion).astype(float)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    return np.stack([precision, recall, f1, support.astype(float)], axis=1)


def macro_averages(confusion: NDArray[np.int64]) -> tuple[float, float, float]:
    """Unweighted means of precision, recall and F1 over all genres that have tracks."""
    table = genre_table(confusion)
    precision, recall, f1 = table[table[:, 3] > 0, :3].mean(axis=0)
    return float(precision), float(recall), float(f1)


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Unweighted mean of the F1 of all genres that have tracks."""
    return macro_averages(confusion)[2]


def wilson_interval(n_right: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (95 % by default)."""
    share = n_right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
