"""Systems that classify rows of a feature table, by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.papers.tables.feature_table import FEATURE_NAMES
from genre_model.papers.tables.networks import (
    PICTURE_RECIPE,
    PICTURE_SIZE,
    TABLE_RECIPE,
    TableNetwork,
)
from genre_model.training.fit.train import TEMPERATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Split = tuple[NDArray[np.int64], NDArray[np.int64]]

#: Values of C that ``svm_tuned`` chooses among; paper 002 tried C and does not say which.
C_VALUES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Paper 002, Table IV: "k=1 to 20".
K_VALUES = tuple(range(1, 21))
#: Enough for lbfgs to converge on the 57 standardised features.
MAX_ITERATIONS = 1000
#: Paper 001 drops one feature of each pair that correlates by this or more.
THRESHOLD = 0.8
N_INNER_FOLDS = 5
#: Between the winner and the next, in votes of the SVM; survives float32.
MARGIN = 1e-3


def table_system(
    name: str,
    seed: int,
    *,
    names: Sequence[str] = FEATURE_NAMES,
    drop_correlated: float | None = None,
    **options: Any,
) -> Any:
    """Build an unfitted system; everything in it is fitted to training rows only.

    Args:
        name: one of ``TABLE_SYSTEMS``.
        seed: of everything random in it.
        names: of the features it will get; pictures are further columns.
        drop_correlated: first drop features that correlate by this or more with another;
            None keeps all.
        options: of the system: ``k`` of ``knn``, ``changes`` of the recipes of networks.

    Returns:
        A scikit-learn classifier with ``predict_proba``. Those that choose settings
        take the tracks of the rows as ``groups`` of ``fit``.

    Raises:
        TrainingDataError: if there is no such system or option.
    """
    if name not in TABLE_SYSTEMS:
        raise TrainingDataError(
            f"unknown table system {name!r}; there is {', '.join(TABLE_SYSTEMS)}"
        )
    scaled = partial(_scaled, tuple(names), drop_correlated)
    try:
        if name in _CANDIDATES:
            candidates = [scaled(one) for one in _CANDIDATES[name](**options)]
            has_votes = name.startswith("svm")
            return TunedClassifier(candidates, fit_temperature=has_votes, seed=seed)
        return scaled(_CLASSIFIERS[name](seed, **options))
    except TypeError as error:
        raise TrainingDataError(f"table system {name}: {error}") from error


def _scaled(
    names: tuple[str, ...], drop_correlated: float | None, classifier: Any
) -> Pipeline:
    """Put selection and scaling of columns in front of a classifier."""
    steps = [StandardScaler()]
    if drop_correlated is not None:
        steps.insert(0, CorrelationFilter(names, drop_correlated))
    # What follows the features is a picture, which has its own scale.
    features = ("features", make_pipeline(*steps), slice(0, len(names)))
    columns = ColumnTransformer([features], remainder="passthrough")
    return make_pipeline(columns, classifier)


def _machines(c_values: Sequence[float]) -> list[PairwiseSvm]:
    return [PairwiseSvm(C=c, gamma="auto") for c in c_values]


#: Systems that cross-validation within the training rows chooses, if there are several.
_CANDIDATES: dict[str, Callable[..., list[Any]]] = {
    # RBF kernel, gamma = 1/n_features (paper 002).
    "svm": lambda: _machines([1.0]),
    "svm_c10": lambda: _machines([10.0]),
    "svm_tuned": lambda: _machines(C_VALUES),
    "knn_tuned": lambda: [KNeighborsClassifier(k) for k in K_VALUES],
}
_CLASSIFIERS: dict[str, Callable[..., Any]] = {
    # k = 1 and 5 are in paper 002.
    "knn": lambda _, k=5: KNeighborsClassifier(k),
    # 100 trees (paper 002).
    "random_forest": lambda seed: RandomForestClassifier(random_state=seed, n_jobs=1),
    # Multinomial, C = 1 (paper 002).
    "logistic_regression": lambda seed: LogisticRegression(
        max_iter=MAX_ITERATIONS, random_state=seed
    ),
    "gradient_boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    # 1-D CNN over the features, alone and beside a 2-D CNN on mel pictures (paper 001).
    "table_cnn": lambda seed, **more: TableNetwork(TABLE_RECIPE, seed=seed, **more),
    "table_picture_cnn": lambda seed, **more: TableNetwork(
        PICTURE_RECIPE, picture_size=PICTURE_SIZE, seed=seed, **more
    ),
}
TABLE_SYSTEMS = (*_CANDIDATES, *_CLASSIFIERS)


def correlations_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute Pearson's correlation of every two features; NaN for constant ones.

    Rows are tracks or segments [shape=(n_rows, n_features)].
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(np.corrcoef(values, rowvar=False), np.float64)


class CorrelationFilter(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Drops each feature that correlates with one before it by |r| >= threshold.

    Paper 001 names the six features that it drops from Kaggle's table, and exempts the
    MFCC, "inherently somewhat correlated"; with them it would be 18. Whether r or |r|
    is compared makes no difference there.

    Args:
        names: of the columns of X; those that begin with ``exempt`` always stay.
        threshold: see above.
        exempt: beginning of names.

    Attributes:
        is_kept_: which columns stay [shape=(n_features,)].
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
        is_compared = np.array([not name.startswith(self.exempt) for name in self.names])
        upper = np.triu(np.abs(np.nan_to_num(correlations_of(values[:, is_compared]))), k=1)
        self.is_kept_ = ~is_compared
        self.is_kept_[is_compared] = (upper < self.threshold).all(axis=0)
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.is_kept_


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
        return np.asarray(softmax(scores, axis=1))


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

        ``groups`` are the track of each row; None if each is a track [shape=(n_rows,)].

        Raises:
            TrainingDataError: if a genre has too few tracks to choose by.
        """
        values, labels = np.asarray(X), np.asarray(y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        splits = {"cv": inner_folds(labels, groups, self.seed), "method": "predict_proba"}
        held_out = [
            cross_val_predict(one, values, codes, **splits).astype(np.float32)
            for one in self.candidates
        ]
        accuracies = [metrics.accuracy(scores, codes) for scores in held_out]
        self.chosen_ = int(np.argmax(accuracies))
        self.temperature_ = 1.0
        if self.fit_temperature:
            self.temperature_ = _best_temperature(held_out[self.chosen_], codes)
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


def inner_folds(labels: ArrayLike, groups: ArrayLike | None, seed: int) -> list[Split]:
    """Split training rows, stratified by genre; a group is never on both sides.

    Args:
        labels: of the training rows [shape=(n_rows,)].
        groups: the track of each row; None if each is a track [shape=(n_rows,)].
        seed: of the shuffling.

    Raises:
        TrainingDataError: if a genre has fewer tracks than there are folds.
    """
    labels = np.asarray(labels)
    tracks = np.arange(len(labels)) if groups is None else np.asarray(groups)
    of_genre = {label: len(np.unique(tracks[labels == label])) for label in set(labels)}
    if (n_tracks := min(of_genre.values())) < N_INNER_FOLDS:
        raise TrainingDataError(
            f"a genre has only {n_tracks} training tracks; choosing settings takes "
            f"{N_INNER_FOLDS} of each, one per fold"
        )
    is_grouped = len(np.unique(tracks)) < len(tracks)
    kind = StratifiedGroupKFold if is_grouped else StratifiedKFold
    folds = kind(N_INNER_FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(labels, labels, tracks if is_grouped else None))


def _best_temperature(
    probabilities: NDArray[np.float32], codes: NDArray[np.int64]
) -> float:
    losses = [
        metrics.negative_log_likelihood(_at_temperature(probabilities, t), codes)
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _at_temperature(probabilities: NDArray[Any], temperature: float) -> NDArray[Any]:
    """Change probabilities as dividing their logits by the temperature would."""
    powers = np.power(probabilities, 1 / temperature)
    scaled: NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
    return scaled
