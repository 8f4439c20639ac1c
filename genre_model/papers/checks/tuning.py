"""Settings of table systems, chosen on validation tracks (B10)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_model.errors import TrainingDataError
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.result_plots import plot_tuning
from genre_model.papers.rows import HONEST_PROTOCOL
from genre_model.papers.tables.predictions import predict_table
from genre_model.papers.tables.systems import K_VALUES, PairwiseSvm
from genre_model.training.data.protocols import Fold, folds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable

#: The paper names none but 10; three values per decade.
C_VALUES = tuple(float(f"{c:.3g}") for c in np.logspace(-2, 3, 16))
#: Origins of a value.
CHOSEN, PUBLISHED = "chosen", "the paper's"


@dataclass(frozen=True)
class Tuned:
    """A classifier with one setting.

    Attributes:
        system: its name.
        setting: the name of the setting.
        values: that are tried, ascending.
        published: the values that the paper reports.
        build: makes the classifier with a value.
    """

    system: str
    setting: str
    values: tuple[float, ...]
    published: tuple[float, ...]
    build: Callable[[Any], Any]


TUNED = (
    Tuned("SVM", "C", C_VALUES, (10.0,), lambda c: PairwiseSvm(C=c, gamma="auto")),
    Tuned("k-NN", "k", K_VALUES, (1, 5), KNeighborsClassifier),
)


def tuning(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw validation accuracy over C and over k, for both feature tables (B10).

    Test tracks are not used.

    Raises:
        TrainingDataError: if neither feature table is there.
    """
    outcome = Outcome(row.id)
    for seconds in (30, 3):
        try:
            table = reproduction.table(seconds)
        except TrainingDataError as error:
            reason = reproduction.reason_of(error)
            outcome.not_run.append(f"SVM and k-NN on the {seconds}-s table: {reason}")
            continue
        for tuned in TUNED:
            outcome.add(_curve(row, tuned, table, reproduction))
    if not outcome.measurements:
        raise TrainingDataError("; ".join(outcome.not_run))
    return outcome


def _curve(
    row: Row, tuned: Tuned, table: FeatureTable, reproduction: Reproduction
) -> Outcome:
    right = {value: _right(tuned.build(value), table) for value in tuned.values}
    accuracies = {value: float(hits.mean()) for value, hits in right.items()}
    n = len(right[tuned.values[0]])
    best = max(accuracies, key=accuracies.__getitem__)  # of several, the first
    name, data = f"{tuned.system}, {table.seconds} s", f"feature table, {table.seconds} s"
    measurements = [
        Measurement(
            f"{name}, {tuned.setting} = {value:g} "
            f"({CHOSEN if value == best else PUBLISHED}), validation",
            "accuracy",
            None,
            accuracies[value],
            protocol=HONEST_PROTOCOL,
            n=n,
            data=data,
        ).with_interval()
        for value in dict.fromkeys((best, *tuned.published))
    ]
    low = measurements[0].low or 0.0
    close = [value for value, accuracy in accuracies.items() if accuracy >= low]
    published = " and ".join(f"{value:g}" for value in tuned.published)
    finding = (
        f"{name}: {tuned.setting} = {best:g} is best on {n} validation tracks, the paper "
        f"has {published}; {len(close)} of {len(accuracies)} values, from {close[0]:g} to "
        f"{close[-1]:g}, are within its 95 % interval."
    )
    files = reproduction.plot(
        plot_tuning,
        accuracies,
        row,
        name,
        f"{name}, {HONEST_PROTOCOL}",
        setting=tuned.setting,
        label=f"{n} validation tracks",
        is_logarithmic=tuned.setting == "C",
    )
    return Outcome(row.id, measurements, [finding], files)


def _right(classifier: Any, table: FeatureTable) -> NDArray[np.bool_]:
    """Return which validation tracks a classifier has right."""
    (fold,) = folds_of(HONEST_PROTOCOL)
    validation = Fold("validation", fold.train, (), fold.valid)
    # Without the temperature of table_system("svm"), which no accuracy depends on.
    build = partial(make_pipeline, StandardScaler(), classifier)
    return predict_table(build, table, [validation], "validation").right
