"""A classifier that is chosen by cross-validation within its training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from genre_model import metrics
from genre_model.papers.tables.inner_folds import inner_folds
from genre_model.training.fit.track_scores import TEMPERATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from genre_model.papers.tables.inner_folds import Split


class TunedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Takes the candidate that is right most often on rows it was not fitted to.

    Args:
        candidates: classifiers with ``predict_proba``; among equals the first wins.
        fit_temperature: also fit the temperature of the probabilities to those rows
            (Guo et al. 2017), which leaves every decision as it is.
        seed: of the inner folds.

    Attributes:
        chosen_: place of the winner among the candidates.
        temperature_: 1 unless fitted.
        classes_: labels, in the order of the probabilities [shape=(n_classes,)].
        n_features_in_: width of X.
    """

    def __init__(
        self, candidates: Sequence[Any], *, fit_temperature: bool = False, seed: int = 0
    ) -> None:
        self.candidates = candidates
        self.fit_temperature = fit_temperature
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        groups: ArrayLike | None = None,
    ) -> TunedClassifier:
        """Choose, then fit the winner to all rows.

        Args:
            X: features [shape=(n_rows, n_features)].
            y: labels [shape=(n_rows,)].
            groups: the track of each row; None if each is a track [shape=(n_rows,)].

        Raises:
            TrainingDataError: if a genre has too few tracks to choose by.
        """
        values, labels = np.asarray(X), np.asarray(y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        folds = inner_folds(labels, groups, self.seed)
        held_out = [_held_out(one, values, codes, folds) for one in self.candidates]
        accuracies = [metrics.accuracy(scores, codes) for scores in held_out]
        self.chosen_ = int(np.argmax(accuracies))
        scores = held_out[self.chosen_]
        self.temperature_ = (
            _best_temperature(scores, codes) if self.fit_temperature else 1.0
        )
        self.classifier_ = clone(self.candidates[self.chosen_]).fit(values, codes)
        self.n_features_in_ = values.shape[1]
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities [shape=(n_rows, n_classes), rows sum to 1]."""
        probabilities: NDArray[np.float64] = self.classifier_.predict_proba(np.asarray(X))
        if not self.fit_temperature:
            return probabilities
        return _at_temperature(probabilities, self.temperature_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of each row [shape=(n_rows,)]."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


def _held_out(
    classifier: Any,
    values: NDArray[np.float64],
    codes: NDArray[np.int64],
    folds: list[Split],
) -> NDArray[np.float32]:
    """Predict each row by a classifier that was fitted without it."""
    probabilities = np.zeros((len(codes), int(codes.max()) + 1), np.float32)
    for train, test in folds:
        fitted = clone(classifier).fit(values[train], codes[train])
        probabilities[test] = fitted.predict_proba(values[test])
    return probabilities


def _best_temperature(
    probabilities: NDArray[np.float32], codes: NDArray[np.int64]
) -> float:
    losses = [
        metrics.negative_log_likelihood(_at_temperature(probabilities, t), codes)
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _at_temperature(probabilities: NDArray[Any], temperature: float) -> NDArray[Any]:
    """Do to probabilities what dividing their logits by the temperature would do."""
    powers = np.power(probabilities, 1 / temperature)
    scaled: NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
    return scaled
