"""Selective prediction: how often a system is right on the tracks it is surest of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
