"""Measures of predicted against true genres, of confidence, and of abstention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Probabilities are kept above this in logarithms.
TINY = 1e-12
#: Equal-width bins, as Guo et al. (2017) take them.
N_BINS = 15
#: Simulated models behind a noise floor.
N_DRAWS = 1000
#: Accuracies among the answered tracks whose coverage is reported, in percent.
SELECTIVE_PERCENT = (85, 90)
N_TOP = 3


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


@dataclass(frozen=True)
class ReliabilityBins:
    """Confidence beside accuracy, bin by bin.

    Attributes:
        edges: confidences between the bins, ascending [shape=(n_bins + 1,)].
        confidences: mean in each bin, NaN in empty ones [shape=(n_bins,)].
        accuracies: share of each bin's tracks that are right [shape=(n_bins,)].
        n_tracks: in each bin [shape=(n_bins,)].
    """

    edges: NDArray[np.float64]
    confidences: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    n_tracks: NDArray[np.int64]


class NoiseFloor(NamedTuple):
    """Calibration error that a perfectly calibrated model shows by chance."""

    mean: float
    percentile_95: float


def reliability_bins(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], n_bins: int = N_BINS
) -> ReliabilityBins:
    """Sort tracks into equal-width bins of confidence (DeGroot & Fienberg 1983).

    Args:
        confidences: probability of the most probable genre [shape=(n_tracks,)].
        right: whether it is the true one [shape=(n_tracks,)].
        n_bins: bins from 0 to 1.
    """
    bins = confidence_bins(confidences, n_bins)
    n_tracks = np.bincount(bins, minlength=n_bins)
    divisors = np.where(n_tracks, n_tracks, np.nan)
    return ReliabilityBins(
        edges=np.linspace(0, 1, n_bins + 1),
        confidences=np.bincount(bins, confidences, n_bins) / divisors,
        accuracies=np.bincount(bins, right, n_bins) / divisors,
        n_tracks=n_tracks,
    )


def noise_floor(
    confidences: NDArray[np.float32],
    n_bins: int = N_BINS,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> NoiseFloor:
    """Simulate the calibration error of a model that is calibrated perfectly.

    Each draw keeps the confidences and lets every track be right with just that
    probability, independently. What error is left comes from counting few tracks; an
    error below the 95th percentile shows no miscalibration.

    Args:
        confidences: of the model in question [shape=(n_tracks,)].
        n_bins: as for the error itself.
        n_draws: simulated models.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    bins = confidence_bins(confidences, n_bins)
    n_tracks = len(confidences)
    errors = np.empty(n_draws)
    for draw in range(n_draws):
        gaps = (rng.random(n_tracks) < confidences) - confidences
        errors[draw] = np.abs(np.bincount(bins, gaps, n_bins)).sum() / n_tracks
    return NoiseFloor(float(errors.mean()), float(np.quantile(errors, 0.95)))


def risk_coverage(
    confidences: NDArray[np.float32], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the risk-coverage curve (El-Yaniv & Wiener 2010).

    Among tracks of equal confidence, such as vote shares, no threshold tells which come
    first; the curve is the mean over all their orders.

    Args:
        confidences: probability of the most probable genre [shape=(n_tracks,)].
        right: whether it is the true one [shape=(n_tracks,)].

    Returns:
        Coverage, the share of tracks answered, from ``1 / n_tracks`` to 1
        [shape=(n_tracks,)]; and risk, the share of those answered wrong
        [shape=(n_tracks,)].
    """
    n_tracks = len(confidences)
    ends, wrong = _wrong_at_thresholds(confidences, right)
    answered = np.arange(1, n_tracks + 1)
    expected = np.interp(answered, np.append(0, ends), np.append(0, wrong))
    return answered / n_tracks, expected / answered


def area_under_risk_coverage(
    confidences: NDArray[np.float32], right: NDArray[np.bool_]
) -> float:
    """Mean risk over all coverages, AURC (Geifman, Uziel & El-Yaniv 2019, section 2)."""
    _, risks = risk_coverage(confidences, right)
    return float(risks.mean())


def coverage_at_accuracy(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], accuracy: float
) -> float:
    """Largest share of tracks that some threshold answers with at least this accuracy.

    The threshold is the best one in hindsight, so this is what could be reached at most;
    a threshold for use has to be chosen on other tracks.

    Args:
        confidences: probability of the most probable genre [shape=(n_tracks,)].
        right: whether it is the true one [shape=(n_tracks,)].
        accuracy: wanted among the tracks that are answered.
    """
    ends, wrong = _wrong_at_thresholds(confidences, right)
    accurate = ends[ends - wrong >= accuracy * ends - 1e-9]
    return float(accurate.max(initial=0) / len(confidences))


def _wrong_at_thresholds(
    confidences: NDArray[np.float32], right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count tracks answered, and wrong among them, for every threshold that differs."""
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) + 1
    wrong: NDArray[np.int64] = np.cumsum(~right[order], dtype=np.int64)[ends - 1]
    return ends, wrong


def measures_of(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Return every measure by name.

    ``top_3`` is there only if there are more than three genres.

    Args:
        probabilities: [shape=(n_tracks, n_genres)].
        labels: true genres, as indices [shape=(n_tracks,)].
    """
    confusion = confusion_matrix(probabilities, labels)
    precision, recall, f1 = macro_averages(confusion)
    measures = {
        "accuracy": accuracy(probabilities, labels),
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "negative_log_likelihood": negative_log_likelihood(probabilities, labels),
        "brier": brier_score(probabilities, labels),
    }
    n_genres = probabilities.shape[1]
    if n_genres > N_TOP:
        targets = np.eye(n_genres, dtype=bool)[labels]
        measures["top_3"] = top_accuracy(probabilities, targets, N_TOP)
    return measures | _of_confidence(probabilities, labels)


def _of_confidence(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    floor = noise_floor(confidences)
    return {
        "calibration_error": calibration_error(confidences, right, N_BINS),
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
