"""The feature tables: content, correlated features, runtime (A1, A2, A11)."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.papers.checks.confusions import TABLE_PROTOCOL, TABLE_ROW
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.papers.tables.feature_table import (
    FILE_NAMES,
    find_feature_table,
    is_mfcc,
    read_feature_table,
)
from genre_model.papers.tables.predictions import predict_table
from genre_model.papers.tables.systems import (
    THRESHOLD,
    CorrelationFilter,
    correlations_of,
    table_system,
)
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.protocols import folds_of

if TYPE_CHECKING:
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


def tables_at_hand(row: Row, reproduction: Reproduction) -> Outcome:
    """Count rows, columns and labels of the feature tables, and pictures (A1).

    Raises:
        TrainingDataError: if there is no feature table of whole tracks.
    """
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
    """Name the features that the filter drops, from all rows and within the folds (A2).

    Raises:
        TrainingDataError: if there is no feature table.
    """
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
    kept = CorrelationFilter(table.names).fit(table.values).kept_
    return [name for place, name in enumerate(table.names) if place not in kept]


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
    """Time the 1-D CNN from the file to the last fold's predictions (A11).

    Raises:
        TrainingDataError: if there is no feature table.
    """
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
