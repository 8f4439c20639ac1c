"""One feature of each strongly correlated pair is dropped (paper 001, features)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from genre_model.papers.tables.feature_names import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from genre_model.papers.tables.feature_table import FeatureTable

THRESHOLD = 0.8


class CorrelationFilter(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Drops each feature that correlates with one before it by |r| >= threshold.

    Paper 001 names the six features that it drops from Kaggle's table, and exempts the
    MFCC, "inherently somewhat correlated"; with them it would be 18. Whether r or |r|
    is compared makes no difference there.

    Args:
        names: of the columns of X; those that begin with ``exempt`` always stay.
        threshold: see above.
        exempt: beginning of names.

    Attributes:
        kept_: places of the columns that stay [shape=(n_kept,)].
    """

    def __init__(
        self,
        names: Sequence[str] = FEATURE_NAMES,
        threshold: float = THRESHOLD,
        exempt: str = "mfcc",
    ) -> None:
        self.names = names
        self.threshold = threshold
        self.exempt = exempt

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> CorrelationFilter:  # noqa: ARG002, N803
        """Choose the columns by these rows [shape=(n_rows, n_features)]."""
        values = np.asarray(X, np.float64)
        if values.shape[1] != len(self.names):
            raise ValueError(f"{values.shape[1]} columns, but {len(self.names)} names")
        judged = [i for i, n in enumerate(self.names) if not n.startswith(self.exempt)]
        dropped = _correlated_with_earlier(values[:, judged], self.threshold)
        dropped_places = {judged[place] for place in dropped}
        kept = [i for i in range(len(self.names)) if i not in dropped_places]
        self.kept_ = np.array(kept, np.int64)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the columns that stay [shape=(n_rows, n_kept)]."""
        check_is_fitted(self)
        kept: NDArray[np.float64] = np.asarray(X, np.float64)[:, self.kept_]
        return kept


def drop_correlated_leaky(
    table: FeatureTable, threshold: float = THRESHOLD
) -> FeatureTable:
    """Drop correlated features of a whole table, test rows included.

    **Leaky**: this is what paper 001 does, before it makes its folds. No label is looked
    at, so little leaks; a :class:`CorrelationFilter` inside the folds leaks nothing.
    """
    chosen = CorrelationFilter(table.names, threshold).fit(table.values)
    names = tuple(table.names[place] for place in chosen.kept_)
    return replace(table, names=names, values=chosen.transform(table.values))


def _correlated_with_earlier(values: NDArray[np.float64], threshold: float) -> list[int]:
    """List columns by the upper triangle; a constant column correlates with none."""
    spread = values.std(axis=0)
    standardised = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    correlations = np.abs(standardised.T @ standardised) / len(values)
    upper = np.triu(correlations, k=1)
    return [int(place) for place in np.flatnonzero((upper >= threshold).any(axis=0))]
