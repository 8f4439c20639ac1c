"""Systems that classify rows of a feature table, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_model.errors import TrainingDataError
from genre_model.papers.tables.correlation_filter import CorrelationFilter
from genre_model.papers.tables.feature_names import FEATURE_NAMES
from genre_model.papers.tables.pairwise_svm import PairwiseSvm
from genre_model.papers.tables.picture_columns import PICTURE_SIZE
from genre_model.papers.tables.tuned_classifier import TunedClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What ``svm_tuned`` chooses among; paper 002 tried C and does not say which.
C_VALUES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Paper 002, Table IV: "k=1 to 20".
K_VALUES = tuple(range(1, 21))
#: Enough for lbfgs to converge on the 57 standardised features.
MAX_ITERATIONS = 1000
TABLE_RECIPE = "a3_table_cnn"
PICTURE_RECIPE = "a5_table_picture_cnn"

#: Puts selection and scaling of columns in front of a classifier.
Scaled = Callable[[Any], Pipeline]


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
        drop_correlated: first drop features that correlate by so much with another, as
            in paper 001 (0.8); None keeps all.
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
        return _BUILDERS[name](scaled, seed, **options)
    except TypeError as error:
        raise TrainingDataError(f"table system {name}: {error}") from error


def _scaled(
    names: tuple[str, ...], drop_correlated: float | None, classifier: Any
) -> Pipeline:
    steps = [StandardScaler()]
    if drop_correlated is not None:
        steps.insert(0, CorrelationFilter(names, drop_correlated))
    # What follows the features is a picture, which has its own scale.
    features = ("features", make_pipeline(*steps), slice(0, len(names)))
    columns = ColumnTransformer([features], remainder="passthrough")
    return make_pipeline(columns, classifier)


def _svm(*c_values: float) -> Callable[[Scaled, int], TunedClassifier]:
    def build(scaled: Scaled, seed: int) -> TunedClassifier:
        candidates = [scaled(PairwiseSvm(C=c, gamma="auto")) for c in c_values]
        return TunedClassifier(candidates, fit_temperature=True, seed=seed)

    return build


def _knn(scaled: Scaled, seed: int, k: int = 5) -> Pipeline:  # noqa: ARG001
    return scaled(KNeighborsClassifier(k))


def _knn_tuned(scaled: Scaled, seed: int) -> TunedClassifier:
    return TunedClassifier([scaled(KNeighborsClassifier(k)) for k in K_VALUES], seed=seed)


def _random_forest(scaled: Scaled, seed: int) -> Pipeline:
    return scaled(RandomForestClassifier(random_state=seed, n_jobs=1))


def _logistic_regression(scaled: Scaled, seed: int) -> Pipeline:
    return scaled(LogisticRegression(max_iter=MAX_ITERATIONS, random_state=seed))


def _gradient_boosting(scaled: Scaled, seed: int) -> Pipeline:
    return scaled(HistGradientBoostingClassifier(random_state=seed))


def _network(
    scaled: Scaled, seed: int, changes: Sequence[str] = (), *, picture_size: int
) -> Pipeline:
    # Only who wants a network waits for torch.
    from genre_model.papers.tables.table_network import TableNetwork

    recipe = PICTURE_RECIPE if picture_size else TABLE_RECIPE
    network = TableNetwork(recipe, tuple(changes), picture_size=picture_size, seed=seed)
    return scaled(network)


_BUILDERS: dict[str, Callable[..., Any]] = {
    # RBF kernel, gamma = 1/n_features (paper 002).
    "svm": _svm(1.0),
    "svm_c10": _svm(10.0),
    # C, as k below, chosen by cross-validation within the training rows.
    "svm_tuned": _svm(*C_VALUES),
    # k = 1 and 5 are in paper 002.
    "knn": _knn,
    "knn_tuned": _knn_tuned,
    # 100 trees (paper 002).
    "random_forest": _random_forest,
    # Multinomial, C = 1 (paper 002).
    "logistic_regression": _logistic_regression,
    "gradient_boosting": _gradient_boosting,
    # 1-D CNN over the features, alone and beside a 2-D CNN on mel pictures (paper 001).
    "table_cnn": partial(_network, picture_size=0),
    "table_picture_cnn": partial(_network, picture_size=PICTURE_SIZE),
}
TABLE_SYSTEMS = tuple(_BUILDERS)
