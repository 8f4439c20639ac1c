"""Heads fitted to embeddings and targets."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from genre_model.personal.head_file import LinearHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    #: Weights [shape=(n_genres, n_values)] and bias [shape=(n_genres,)].
    Fit = tuple[NDArray[np.float64], NDArray[np.float64]]

MAX_ITERATIONS = 300
TOLERANCE = 1e-3
#: Logit of a genre that a head has never seen: as good as impossible.
UNSEEN_LOGIT = -30.0


def fit_heads(
    embeddings: NDArray[np.float32],
    targets: NDArray[np.bool_],
    strengths: Sequence[float],
    genre_balance: float,
    *,
    multi_label: bool,
) -> list[LinearHead]:
    """Fit a logistic regression with an L2 penalty, once for each strength.

    The embedding is centred and divided by one number, not each feature by its own: the
    standard deviations over segments vary little, and would be blown up to noise.

    Args:
        embeddings: of tracks [shape=(n_tracks, 2 * n_features)].
        targets: which genres each track has [shape=(n_tracks, n_genres)]; exactly one
            unless ``multi_label``.
        strengths: scikit-learn's ``C``, the inverse of the penalty; as the variance of a
            prior of the weights it does not depend on the number of tracks. Each fit
            starts where the one before ended, so weak penalties come last.
        genre_balance: 0 lets each track weigh the same, 1 each genre. A multi-label head
            takes none, so that its probabilities stay frequencies.
        multi_label: one regression per genre instead of one over all.

    Returns:
        One head for each strength.
    """
    centre = embeddings.mean(axis=0)
    scale = _scale(embeddings)
    scaled = (embeddings - centre) / scale
    if multi_label:
        by_genre = [_fit_path(scaled, column, strengths) for column in targets.T]
        fits = [_joined(fits) for fits in zip(*by_genre, strict=True)]
    else:
        fits = _fit_exclusive(scaled, targets, strengths, genre_balance)
    return [
        LinearHead(
            (weights / scale).astype(np.float32),
            (bias - weights @ (centre / scale)).astype(np.float32),
        )
        for weights, bias in fits
    ]


@contextmanager
def fitting() -> Iterator[None]:
    """Surround fits, in the thread that waits for them."""
    # Threads of BLAS cost more than they bring on matrices as narrow as these.
    with threadpool_limits(1), warnings.catch_warnings():
        # Stopping early is one more penalty, and the weakest penalties are rarely chosen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _joined(fits: Sequence[Fit]) -> Fit:
    """Make one fit of those of single genres."""
    return (
        np.stack([coefficients[-1] for coefficients, _ in fits]),
        np.array([intercept[-1] for _, intercept in fits]),
    )


def _fit_exclusive(
    scaled: NDArray[np.float32],
    targets: NDArray[np.bool_],
    strengths: Sequence[float],
    genre_balance: float,
) -> list[Fit]:
    labels = targets.argmax(axis=1)
    counts = targets.sum(axis=0)
    shares = counts[labels] ** -float(genre_balance)
    fits = _fit_path(scaled, labels, strengths, shares / shares.mean())
    return [_over_all(coefficients, intercept, counts) for coefficients, intercept in fits]


def _over_all(
    coefficients: NDArray[np.float64],
    intercept: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> Fit:
    """Give every genre a row, also where scikit-learn has none."""
    if np.count_nonzero(counts) == 2:
        # Of two classes it tells the lead of the second over the first.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = np.zeros((len(counts), coefficients.shape[1]))
    bias = np.full(len(counts), UNSEEN_LOGIT)
    weights[counts > 0], bias[counts > 0] = coefficients, intercept
    return weights, bias


def _fit_path(
    scaled: NDArray[np.float32],
    labels: NDArray[np.int64] | NDArray[np.bool_],
    strengths: Sequence[float],
    weights: NDArray[np.float64] | None = None,
) -> list[Fit]:
    """Return coefficients [shape=(n, n_values)] and intercepts [shape=(n,)].

    ``n`` is 1 for two classes, and for one, which needs no fitting.
    """
    if len(np.unique(labels)) < 2:
        is_all = bool(labels[0]) if labels.dtype == bool else True
        only = -UNSEEN_LOGIT if is_all else UNSEEN_LOGIT
        return [(np.zeros((1, scaled.shape[1])), np.array([only]))] * len(strengths)
    regression = LogisticRegression(max_iter=MAX_ITERATIONS, tol=TOLERANCE, warm_start=True)
    fits = []
    for strength in strengths:
        regression.set_params(C=strength).fit(scaled, labels, sample_weight=weights)
        fits.append((regression.coef_.copy(), regression.intercept_.copy()))
    return fits


def _scale(embeddings: NDArray[np.float32]) -> float:
    """Return the mean standard deviation of the features' means over segments."""
    means = embeddings[:, : embeddings.shape[1] // 2]
    return max(float(means.std(axis=0).mean()), 1e-6)
