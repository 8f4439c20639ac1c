"""Linear heads on track embeddings: fitting and cross-validation."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from genre_model import metrics
from genre_model.batch import default_threads
from genre_model.errors import TrainingStoppedError
from genre_model.model.segment_probabilities import activate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold

    #: Weights [shape=(n_genres, n_values)] and bias [shape=(n_genres,)].
    Fit = tuple[NDArray[np.float64], NDArray[np.float64]]

MAX_ITERATIONS = 300
TOLERANCE = 1e-3
#: Logit of a genre that a head has never seen: as good as impossible.
UNSEEN_LOGIT = -30.0
#: Tried from the strongest penalty to the weakest; steps between matter less than the
#: temperature, which is fitted with each.
C_VALUES = (1e-3, 1e-2, 1e-1, 1.0)
#: Taken where there is nothing to choose by.
DEFAULT_C = 1e-2
TEMPERATURE_BOUNDS = (0.1, 5.0)


@dataclass(frozen=True)
class LinearHead:
    """Logits as a linear function of a track's embedding.

    Attributes:
        weights: the mean over segments first, then the standard deviation
            [shape=(n_genres, 2 * n_features)].
        bias: [shape=(n_genres,)].
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score track embeddings [shape=(n_tracks, 2 * n_features)]."""
        scores: NDArray[np.float32] = embeddings @ self.weights.T + self.bias
        return scores


def track_embedding(segment_embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean and standard deviation over segments [shape=(2 * n_features,)].

    Args:
        segment_embeddings: [shape=(n_segments, n_features)].
    """
    mean, sd = segment_embeddings.mean(axis=0), segment_embeddings.std(axis=0)
    return np.concatenate([mean, sd]).astype(np.float32)


@dataclass(frozen=True)
class HeadData:
    """Training data of heads.

    Attributes:
        embeddings: [shape=(n_tracks, 2 * n_features)].
        targets: which genres each track has [shape=(n_tracks, n_genres)]; exactly one
            unless ``multi_label``.
        multi_label: one regression per genre instead of one over all.
        genre_balance: 0 gives each track the same weight, 1 each genre. A multi-label head
            ignores it, so that its probabilities stay frequencies.
    """

    embeddings: NDArray[np.float32]
    targets: NDArray[np.bool_]
    multi_label: bool
    genre_balance: float

    def fit(
        self, rows: NDArray[np.int64], c_values: Sequence[float]
    ) -> dict[float, LinearHead]:
        """Fit logistic regressions with an L2 penalty to some of the tracks.

        The embedding is centred and divided by one number, not each feature by its own: the
        standard deviations over segments vary little, and would be blown up to noise.

        Args:
            rows: of the tracks.
            c_values: scikit-learn's ``C``, the inverse of the penalty; as the variance of
                a prior of the weights it does not depend on the number of tracks. Each fit
                starts where the previous one ended, so weak penalties come last.
        """
        embeddings, targets = self.embeddings[rows], self.targets[rows]
        centre = embeddings.mean(axis=0)
        means = embeddings[:, : embeddings.shape[1] // 2]
        scale = max(float(means.std(axis=0).mean()), 1e-6)
        scaled = (embeddings - centre) / scale
        if self.multi_label:
            by_genre = [_fit_path(scaled, column, c_values) for column in targets.T]
            fits = [_stacked(fits) for fits in zip(*by_genre, strict=True)]
        else:
            fits = _fit_exclusive(scaled, targets, c_values, self.genre_balance)
        heads = [
            LinearHead(
                (weights / scale).astype(np.float32),
                (bias - weights @ (centre / scale)).astype(np.float32),
            )
            for weights, bias in fits
        ]
        return dict(zip(c_values, heads, strict=True))

    def fit_final(self, strength: float) -> LinearHead:
        """Fit the final head along the same path as those of the cross-validation."""
        path = [each for each in C_VALUES if each <= strength]
        with fitting():
            return self.fit(np.arange(len(self.targets)), path)[strength]


@contextmanager
def fitting() -> Iterator[None]:
    """Limit threads and warnings around fits, in the thread that waits for them."""
    # Threads of BLAS cost more than they bring on matrices as narrow as these.
    with threadpool_limits(1), warnings.catch_warnings():
        # Stopping early is one more penalty, and the weakest penalties are rarely chosen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _stacked(fits: Sequence[Fit]) -> Fit:
    """Join the fits of single genres."""
    return (
        np.stack([coefficients[-1] for coefficients, _ in fits]),
        np.array([intercept[-1] for _, intercept in fits]),
    )


def _fit_exclusive(
    scaled: NDArray[np.float32],
    targets: NDArray[np.bool_],
    c_values: Sequence[float],
    genre_balance: float,
) -> list[Fit]:
    labels = targets.argmax(axis=1)
    counts = targets.sum(axis=0)
    shares = counts[labels] ** -float(genre_balance)
    fits = _fit_path(scaled, labels, c_values, shares / shares.mean())
    return [_over_all_genres(*fit, counts) for fit in fits]


def _over_all_genres(
    coefficients: NDArray[np.float64],
    intercept: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> Fit:
    """Give every genre a row, also where scikit-learn has none."""
    if np.count_nonzero(counts) == 2:
        # Of two classes scikit-learn fits the difference of the second and the first.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = np.zeros((len(counts), coefficients.shape[1]))
    bias = np.full(len(counts), UNSEEN_LOGIT)
    weights[counts > 0], bias[counts > 0] = coefficients, intercept
    return weights, bias


def _fit_path(
    scaled: NDArray[np.float32],
    labels: NDArray[np.int64] | NDArray[np.bool_],
    c_values: Sequence[float],
    weights: NDArray[np.float64] | None = None,
) -> list[Fit]:
    """Return coefficients [shape=(n, n_values)] and intercepts [shape=(n,)].

    ``n`` is 1 for two classes, and for one, which needs no fitting.
    """
    if len(np.unique(labels)) < 2:
        is_all = bool(labels[0]) if labels.dtype == bool else True
        only = -UNSEEN_LOGIT if is_all else UNSEEN_LOGIT
        return [(np.zeros((1, scaled.shape[1])), np.array([only]))] * len(c_values)
    regression = LogisticRegression(max_iter=MAX_ITERATIONS, tol=TOLERANCE, warm_start=True)
    fits = []
    for c in c_values:
        regression.set_params(C=c).fit(scaled, labels, sample_weight=weights)
        fits.append((regression.coef_.copy(), regression.intercept_.copy()))
    return fits


@dataclass(frozen=True)
class Choice:
    """Hyperparameters: ``C`` of the regression, and the temperature of its logits."""

    strength: float
    temperature: float


@dataclass(frozen=True)
class CrossValidation:
    """Result of a cross-validation.

    Attributes:
        probabilities: of each track, by the head of its fold, whose hyperparameters were
            chosen without the fold [shape=(n_tracks, n_genres)].
        choice: for the final head, fitted to all tracks.
    """

    probabilities: NDArray[np.float32]
    choice: Choice


def cross_validate(
    data: HeadData,
    folds: Sequence[Fold],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> CrossValidation:
    """Predict every track with a head fitted without its fold.

    The hyperparameters of a fold are chosen by heads fitted without that fold and without
    the one they are scored on (nested cross-validation; Varma & Simon 2006). A head fitted
    without two folds serves both, which halves the work.

    Raises:
        TrainingStoppedError: if asked to stop.
    """
    tests = [test for _, test in folds]
    every_row, numbers = np.arange(len(data.embeddings)), range(len(folds))
    pairs = [(i, i) for i in numbers]
    if len(folds) > 2:
        pairs = list(combinations_with_replacement(numbers, 2))

    def logits_without(pair: tuple[int, int]) -> dict[float, list[NDArray[np.float32]]]:
        if should_stop():
            raise TrainingStoppedError("stopped while fitting; nothing has changed")
        rows = np.setdiff1d(every_row, np.concatenate([tests[i] for i in pair]))
        return {
            c: [head.logits(data.embeddings[tests[i]]) for i in pair]
            for c, head in data.fit(rows, C_VALUES).items()
        }

    with fitting(), ThreadPoolExecutor(n_threads or default_threads()) as pool:
        fitted = dict(zip(pairs, pool.map(logits_without, pairs), strict=True))
    # logits[c, i, j]: of the tracks of fold i, by a head fitted without folds i and j.
    logits = {
        (c, *order): values[side]
        for (i, j), by_c in fitted.items()
        for c, values in by_c.items()
        for side, order in enumerate([(i, j), (j, i)])
    }

    def choose(fold_and_other: Sequence[tuple[int, int]]) -> Choice:
        rows = np.concatenate([tests[i] for i, _ in fold_and_other])
        stacked = {
            c: np.concatenate([logits[c, i, j] for i, j in fold_and_other])
            for c in C_VALUES
        }
        return _choose(data, rows, stacked)

    probabilities = np.zeros(data.targets.shape, np.float32)
    for i, test in enumerate(tests):
        choice = Choice(DEFAULT_C, 1.0)
        if len(folds) > 2:
            choice = choose([(j, i) for j in numbers if j != i])
        probabilities[test] = activate(
            logits[choice.strength, i, i], choice.temperature, multi_label=data.multi_label
        )
    return CrossValidation(probabilities, choose([(i, i) for i in numbers]))


def _choose(
    data: HeadData, rows: NDArray[np.int64], logits: Mapping[float, NDArray[np.float32]]
) -> Choice:
    """Choose ``C`` and temperature by the loss on some tracks."""
    least, choice, targets = float("inf"), Choice(DEFAULT_C, 1.0), data.targets[rows]
    for c, of_c in logits.items():
        # A track of a genre that its head never saw says nothing about either.
        known = ~((of_c == UNSEEN_LOGIT) & targets).any(axis=1)
        if known.any():
            loss, temperature = _fit_temperature(
                of_c[known], targets[known], multi_label=data.multi_label
            )
            if loss < least:
                least, choice = loss, Choice(c, temperature)
    return choice


def _fit_temperature(
    logits: NDArray[np.float32], targets: NDArray[np.bool_], *, multi_label: bool
) -> tuple[float, float]:
    """Return the least loss, and the temperature that gives it (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        probabilities = activate(logits, temperature, multi_label=multi_label)
        return metrics.log_loss(probabilities, targets, multi_label=multi_label)

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURE_BOUNDS), method="bounded")
    return float(found.fun), float(np.exp(found.x))
