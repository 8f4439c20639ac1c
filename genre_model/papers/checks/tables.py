"""The feature tables: content, correlated features, runtime, tuning (A1, A2, A11, B10)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_model.errors import TrainingDataError
from genre_model.papers.checks.confusions import TABLE_PROTOCOL, TABLE_ROW
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.plots import plot_tuning
from genre_model.papers.rows import HONEST_PROTOCOL, chosen_rows
from genre_model.papers.tables.feature_table import (
    FILE_NAMES,
    find_feature_table,
    is_mfcc,
    read_feature_table,
)
from genre_model.papers.tables.predictions import predict_table
from genre_model.papers.tables.systems import (
    K_VALUES,
    THRESHOLD,
    CorrelationFilter,
    PairwiseSvm,
    correlations_of,
    table_system,
)
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.protocols import Fold, folds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable


N_FEATURES, N_TRACKS, N_SEGMENTS = 57, 1000, 10
#: Paper 001, "Building the CNN and Feature Selection".
PUBLISHED_DROPPED = {
    "spectral_bandwidth_mean",
    "rolloff_mean",
    "rolloff_var",
    "zero_crossing_rate_mean",
    "zero_crossing_rate_var",
    "harmony_var",
}
#: Paper 001: "approximately 30 seconds", on a machine that it does not name.
PUBLISHED_SECONDS = 30
#: The paper names none but 10; three values per decade.
C_VALUES = tuple(float(f"{c:.3g}") for c in np.logspace(-2, 3, 16))
#: Origins of a value.
CHOSEN, PUBLISHED = "chosen", "the paper's"


def tables_at_hand(row: Row, reproduction: Reproduction) -> Outcome:
    """Count rows, columns and labels of the feature tables, and pictures (A1)."""
    outcome = Outcome(row.id)
    _count_table(outcome, reproduction.table(30), N_TRACKS)
    try:
        _count_table(outcome, reproduction.table(3), N_TRACKS * N_SEGMENTS)
    except TrainingDataError as error:
        outcome.not_run.append(f"Rows of 3 s: {reproduction.reason_of(error)}")
    if reproduction.has_pictures:
        n_pictures, data = len(find_tracks(reproduction.data_dir)), reproduction.data_name
        outcome.measurements.append(
            Measurement("mel pictures", "files", N_TRACKS, n_pictures, data=data)
        )
    else:
        outcome.findings.append("There are no mel pictures, but audio.")
    return outcome


def _count_table(outcome: Outcome, table: FeatureTable, published_rows: int) -> None:
    name = FILE_NAMES[table.seconds]
    n_rows, n_features = table.values.shape
    data = f"feature table, {table.seconds} s"
    outcome.measurements += [
        Measurement(name, "rows", published_rows, n_rows, data=data),
        Measurement(name, "features", N_FEATURES, n_features, data=data),
    ]
    counts = zip(GENRES, np.bincount(table.labels, minlength=len(GENRES)), strict=True)
    outcome.findings.append(
        f"Rows of {table.seconds} s, of {len(set(table.track_ids))} tracks: "
        f"{', '.join(f'{genre} {n}' for genre, n in counts)}."
    )


def correlation_filter(row: Row, reproduction: Reproduction) -> Outcome:
    """Name the features that the filter drops, from all rows and within the folds (A2)."""
    table = reproduction.table(30)
    dropped = dropped_features(table)
    n_left, published = len(table.names) - len(dropped), len(PUBLISHED_DROPPED)
    count = partial(Measurement, "all rows", data="feature table, 30 s")
    measurements = [
        count("features dropped", published, len(dropped)),
        count("features left", N_FEATURES - published, n_left),
    ]
    others = sorted(PUBLISHED_DROPPED ^ set(dropped))
    same = f"other than the paper's by {', '.join(others)}" if others else "as the paper"
    reasons = "; ".join(_reason(name, table) for name in dropped)
    contradiction = (
        "The paper says that of each pair the first is dropped; by the features that it "
        "names, it is the second."
    )
    findings = [
        f"From all rows are dropped, {same}: {reasons}.",
        contradiction,
        _within_folds(table, set(dropped)),
    ]
    return Outcome(row.id, measurements, findings)


def dropped_features(table: FeatureTable) -> list[str]:
    """Return the names of the features that correlate too much with an earlier one."""
    is_kept = CorrelationFilter(table.names).fit(table.values).is_kept_
    return [table.names[place] for place in np.flatnonzero(~is_kept)]


def _reason(name: str, table: FeatureTable) -> str:
    """Say with which earlier feature this one correlates most."""
    rest = table.columns(lambda one: not is_mfcc(one))
    correlation = np.abs(np.nan_to_num(correlations_of(rest.values)))
    place = rest.names.index(name)
    partner = int(correlation[place, :place].argmax())
    return f"{name} (|r| {correlation[place, partner]:.2f} with {rest.names[partner]})"


def _within_folds(table: FeatureTable, dropped: set[str]) -> str:
    """Compare the features that are dropped by the training rows alone."""
    folds = folds_of(TABLE_PROTOCOL)
    changes = []
    for fold in folds:
        in_fold = set(dropped_features(table.rows_named(fold.train)))
        if changed := sorted(in_fold ^ dropped):
            changes.append(f"{fold.name} differs by {', '.join(changed)}")
    start = f"Within the {len(folds)} folds of {TABLE_PROTOCOL}, from training rows alone"
    if changes:
        return f"{start}, {len(changes)} choose others: {'; '.join(changes)}."
    return (
        f"{start}, the filter drops the same in each: that it sees test rows in the paper "
        f"changes nothing at |r| >= {THRESHOLD:g}."
    )


def table_runtime(row: Row, reproduction: Reproduction) -> Outcome:
    """Time the 1-D CNN from the file to the last fold's predictions (A11)."""
    system = chosen_rows([TABLE_ROW])[0].systems[0]
    folds = folds_of(TABLE_PROTOCOL)[: reproduction.n_folds]
    start_seconds = time.monotonic()
    table = read_feature_table(find_feature_table(reproduction.data_dir, system.seconds))
    loaded_seconds = time.monotonic() - start_seconds
    make_system = partial(table_system, system.system, 0, **system.options)
    predictions = predict_table(make_system, table, folds, "timed")
    seconds = time.monotonic() - start_seconds
    measurement = Measurement(
        f"load, prepare, train and test {len(folds)} folds",
        "seconds",
        PUBLISHED_SECONDS,
        round(seconds, 1),
        protocol=TABLE_PROTOCOL,
        n=len(predictions.labels),
        data="feature table, 30 s",
    )
    finding = (
        f"Reading the table takes {loaded_seconds:.2f} s of that; networks train in one "
        "thread."
    )
    return Outcome(row.id, [measurement], [finding])


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
