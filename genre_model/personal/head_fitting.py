"""Heads fitted to embeddings and targets."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from genre_model.personal.head_file import LinearHead

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ITERATIONS = 300
TOLERANCE = 1e-3
#: Logit of a genre that a head has never seen: as good as impossible.
UNSEEN_LOGIT = -30.0


def fit_head(
    embeddings: NDArray[np.float32],
    targets: NDArray[np.bool_],
    strength: float,
    genre_balance: float,
    *,
    multi_label: bool,
) -> LinearHead:
    """Fit a logistic regression with an L2 penalty.

    The embedding is centred and divided by one number, not each feature by its own: the
    standard deviations over segments vary little, and would be blown up to noise.

    Args:
        embeddings: of tracks [shape=(n_tracks, 2 * n_features)].
        targets: which genres each track has [shape=(n_tracks, n_genres)]; exactly one
            unless ``multi_label``.
        strength: scikit-learn's ``C``, the inverse of the penalty; as the variance of a
            prior of the weights it does not depend on the number of tracks.
        genre_balance: 0 lets each track weigh the same, 1 each genre. A multi-label head
            takes none, so that its probabilities stay frequencies.
        multi_label: one regression per genre instead of one over all.
    """
    centre = embeddings.mean(axis=0)
    scale = _scale(embeddings)
    scaled = (embeddings - centre) / scale
    if multi_label:
        fits = [_fit(scaled, column, strength) for column in targets.T]
        weights = np.stack([coefficients[-1] for coefficients, _ in fits])
        bias = np.array([intercept[-1] for _, intercept in fits])
    else:
        weights, bias = _fit_exclusive(scaled, targets, strength, genre_balance)
    weights = weights / scale
    return LinearHead(
        weights.astype(np.float32), (bias - weights @ centre).astype(np.float32)
    )


def _fit_exclusive(
    scaled: NDArray[np.float32],
    targets: NDArray[np.bool_],
    strength: float,
    genre_balance: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    labels = targets.argmax(axis=1)
    counts = targets.sum(axis=0)
    shares = counts[labels] ** -float(genre_balance)
    coefficients, intercept = _fit(scaled, labels, strength, shares / shares.mean())
    if np.count_nonzero(counts) == 2:
        # Of two classes scikit-learn tells the lead of the second over the first.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = np.zeros((len(counts), scaled.shape[1]))
    bias = np.full(len(counts), UNSEEN_LOGIT)
    weights[counts > 0], bias[counts > 0] = coefficients, intercept
    return weights, bias


def _fit(
    scaled: NDArray[np.float32],
    labels: NDArray[np.int64] | NDArray[np.bool_],
    strength: float,
    weights: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients [shape=(n, n_values)] and intercepts [shape=(n,)].

    ``n`` is 1 for two classes, and for one, which needs no fitting.
    """
    if len(np.unique(labels)) < 2:
        is_all = bool(labels[0]) if labels.dtype == bool else True
        only = -UNSEEN_LOGIT if is_all else UNSEEN_LOGIT
        return np.zeros((1, scaled.shape[1])), np.array([only])
    regression = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        # Stopping early is one more penalty, and the weakest penalties are rarely chosen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(scaled, labels, sample_weight=weights)
    return regression.coef_, regression.intercept_


def _scale(embeddings: NDArray[np.float32]) -> float:
    """Return the mean standard deviation of the features' means over segments."""
    means = embeddings[:, : embeddings.shape[1] // 2]
    return max(float(means.std(axis=0).mean()), 1e-6)
