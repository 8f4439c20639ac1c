"""A support vector machine that gives probabilities without changing its mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax
from sklearn.svm import SVC

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Between the winner and the next, in votes; survives float32.
MARGIN = 1e-3


class PairwiseSvm(SVC):  # type: ignore[misc]
    """scikit-learn's SVC, whose votes become probabilities by softmax.

    scikit-learn takes away ``probability=True``, and what replaces it (Platt scaling) may
    prefer another genre than ``predict`` does. Here the most probable genre is always the
    predicted one: where genres have equally many votes of the pairwise machines,
    ``predict`` takes the first of them, so that one is lifted just above the others.
    The softness is arbitrary; :class:`TunedClassifier` fits a temperature to it.
    """

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities [shape=(n_rows, n_classes), rows sum to 1]."""
        scores = np.array(self.decision_function(X), np.float64)
        if scores.ndim == 1:  # two classes
            scores = np.stack([-scores, scores], axis=1)
        rows = np.arange(len(scores))
        winner = np.searchsorted(self.classes_, self.predict(X))
        others = scores.copy()
        others[rows, winner] = -np.inf
        lifted = np.maximum(scores[rows, winner], others.max(axis=1) + MARGIN)
        scores[rows, winner] = lifted
        probabilities: NDArray[np.float64] = softmax(scores, axis=1)
        return probabilities
