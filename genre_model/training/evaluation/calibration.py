"""Calibration: whether tracks are right as often as the confidence says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.metrics import confidence_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Equal-width bins, as Guo et al. (2017) take them.
N_BINS = 15
#: Simulated models behind a noise floor.
N_DRAWS = 1000


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
