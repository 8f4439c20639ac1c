"""Settings of table systems, chosen on validation tracks (B10)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.papers.checks.needed_networks import HONEST_PROTOCOL
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.tables.pairwise_svm import PairwiseSvm
from genre_model.papers.tables.table_predictions import predict_table
from genre_model.papers.tables.table_systems import K_VALUES
from genre_model.training.data.protocols import Fold, folds_of
from genre_model.training.plots import plot_tuning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.evaluation.predictions import Predictions

#: The paper names none but 10; three values per decade.
C_VALUES = tuple(float(f"{c:.3g}") for c in np.logspace(-2, 3, 16))


def tuning(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw validation accuracy over C and over k, for both feature tables (B10).

    Test tracks are not looked at.

    Raises:
        TrainingDataError: if neither feature table is there.
    """
    measurements: list[Measurement] = []
    findings: list[str] = []
    files: list[str] = []
    not_run: list[str] = []
    for seconds in (30, 3):
        try:
            table = reproduction.table(seconds)
        except TrainingDataError as error:
            reason = reproduction.reason_of(error)
            not_run.append(f"SVM and k-NN on the {seconds}-s table: {reason}")
            continue
        for curve in (_svm_curve(table), _knn_curve(table)):
            measurements += curve.measurements()
            findings.append(curve.finding())
            files += curve.draw(row, reproduction)
    if not measurements:
        raise TrainingDataError("; ".join(not_run))
    return Outcome(
        row.id,
        tuple(measurements),
        tuple(findings),
        tuple(files),
        not_run=tuple(not_run),
    )


class Curve:
    """Validation accuracy over the values of one setting.

    Args:
        system: what it is a setting of.
        table: whose validation tracks are predicted.
        setting: its name.
        values: that are tried, ascending.
        published: the values that the paper reports.
        build: makes the system with a value.
    """

    def __init__(
        self,
        system: str,
        table: FeatureTable,
        setting: str,
        values: Sequence[float],
        published: Sequence[float],
        build: Callable[[Any], Pipeline],
    ) -> None:
        self.system, self.setting = f"{system}, {table.seconds} s", setting
        self.data = f"feature table, {table.seconds} s"
        self.values, self.published = np.array(values), published
        predicted = [_predict(table, build, value) for value in values]
        self.accuracies: NDArray[np.float64] = np.array([p.right.mean() for p in predicted])
        self.n_tracks = len(predicted[0].labels)

    @property
    def chosen(self) -> float:
        """The best value; of several, the first."""
        return float(self.values[self.accuracies.argmax()])

    def at(self, value: float) -> float:
        """Return the accuracy with a value."""
        return float(self.accuracies[np.flatnonzero(self.values == value)[0]])

    def measurements(self) -> list[Measurement]:
        """Return the accuracies with the chosen and with the published values."""
        rows = []
        for value in dict.fromkeys((self.chosen, *self.published)):
            share = self.at(value)
            low, high = metrics.wilson_interval(share * self.n_tracks, self.n_tracks)
            origin = "chosen" if value == self.chosen else "the paper's"
            rows.append(
                Measurement(
                    f"{self.system}, {self.setting} = {value:g} ({origin}), validation",
                    "accuracy",
                    None,
                    share,
                    low=low,
                    high=high,
                    protocol=HONEST_PROTOCOL,
                    n=self.n_tracks,
                    data=self.data,
                )
            )
        return rows

    def finding(self) -> str:
        """Say how sharply the tracks choose."""
        best = self.accuracies.max()
        low, _ = metrics.wilson_interval(best * self.n_tracks, self.n_tracks)
        close = self.values[self.accuracies >= low]
        published = " and ".join(f"{value:g}" for value in self.published)
        return (
            f"{self.system}: {self.setting} = {self.chosen:g} is best on {self.n_tracks} "
            f"validation tracks, the paper has {published}; {len(close)} of "
            f"{len(self.values)} values, from {close.min():g} to {close.max():g}, are "
            "within its 95 % interval."
        )

    def draw(self, row: Row, reproduction: Reproduction) -> list[str]:
        """Plot the curve."""
        paths = plot_tuning(
            self.values,
            {f"{self.n_tracks} validation tracks": self.accuracies},
            self.setting,
            f"{row.id} {self.system}, {HONEST_PROTOCOL}",
            plot_path(reproduction, row, self.system),
            is_logarithmic=self.setting == "C",
            chosen=self.chosen,
        )
        return relative(paths, reproduction)


def _svm_curve(table: FeatureTable) -> Curve:
    return Curve("SVM", table, "C", C_VALUES, (10.0,), _svm)


def _knn_curve(table: FeatureTable) -> Curve:
    return Curve("k-NN", table, "k", K_VALUES, (1, 5), _knn)


def _predict(
    table: FeatureTable, build: Callable[[Any], Pipeline], value: float
) -> Predictions:
    (fold,) = folds_of(HONEST_PROTOCOL)
    validation = Fold("validation", fold.train, (), fold.valid)
    return predict_table(partial(build, value), table, [validation], f"{value:g}")


def _svm(c: float) -> Pipeline:
    # Without the temperature of table_system("svm"), which no accuracy depends on.
    return make_pipeline(StandardScaler(), PairwiseSvm(C=c, gamma="auto"))


def _knn(k: int) -> Pipeline:
    return make_pipeline(StandardScaler(), KNeighborsClassifier(k))
