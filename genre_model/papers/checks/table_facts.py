"""A1 and A2: what is in the feature tables, and what the correlation filter drops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.tables.correlation_filter import (
    THRESHOLD,
    CorrelationFilter,
    drop_correlated_leaky,
)
from genre_model.papers.tables.feature_table import FILE_NAMES
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.plots.similarities import correlation_of_features

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
#: Of the 1-D CNN (A3).
PROTOCOL = "stratified"


def tables_at_hand(row: Row, reproduction: Reproduction) -> Outcome:
    """Count rows, columns and labels of the feature tables, and pictures (A1).

    Raises:
        TrainingDataError: if there is no feature table of whole tracks.
    """
    table = reproduction.table(30)
    measurements = _shape(table, N_TRACKS)
    findings = [_labels(table)]
    not_run = []
    try:
        segments = reproduction.table(3)
    except TrainingDataError as error:
        not_run.append(f"Rows of 3 s: {reproduction.reason_of(error)}")
    else:
        measurements += _shape(segments, N_TRACKS * N_SEGMENTS)
        findings.append(_labels(segments))
    if reproduction.has_pictures:
        n_pictures = len(find_tracks(reproduction.data_dir))
        data = reproduction.data_name
        measurements.append(
            Measurement("mel pictures", "files", N_TRACKS, n_pictures, data=data)
        )
    else:
        findings.append("There are no mel pictures, but audio.")
    return Outcome(row.id, tuple(measurements), tuple(findings), not_run=tuple(not_run))


def correlation_filter(row: Row, reproduction: Reproduction) -> Outcome:
    """Name the features that the filter drops, from all rows and within the folds (A2).

    Raises:
        TrainingDataError: if there is no feature table.
    """
    table = reproduction.table(30)
    dropped = dropped_features(table)
    n_left = len(drop_correlated_leaky(table).names)
    published = len(PUBLISHED_DROPPED)
    measurements = (
        _of_table(table, "all rows", "features dropped", published, len(dropped)),
        _of_table(table, "all rows", "features left", N_FEATURES - published, n_left),
    )
    others = sorted(PUBLISHED_DROPPED ^ set(dropped))
    same = f"other than the paper's by {', '.join(others)}" if others else "as the paper"
    reasons = "; ".join(_reason(name, table) for name in dropped)
    contradiction = (
        "The paper says that of each pair the first is dropped; by the features that it "
        "names, it is the second."
    )
    findings = (
        f"From all rows are dropped, {same}: {reasons}.",
        contradiction,
        _within_folds(table, set(dropped)),
    )
    return Outcome(row.id, measurements, findings)


def dropped_features(table: FeatureTable) -> list[str]:
    """Return the names of the features that correlate too much with an earlier one."""
    kept = CorrelationFilter(table.names).fit(table.values).kept_
    return [name for place, name in enumerate(table.names) if place not in kept]


def _shape(table: FeatureTable, published_rows: int) -> list[Measurement]:
    name = FILE_NAMES.get(table.seconds, f"table of {table.seconds} s")
    return [
        _of_table(table, name, "rows", published_rows, len(table.row_ids)),
        _of_table(table, name, "features", N_FEATURES, len(table.names)),
    ]


def _of_table(
    table: FeatureTable, name: str, measure: str, published: int, ours: int
) -> Measurement:
    data = f"feature table, {table.seconds} s"
    return Measurement(name, measure, published, ours, data=data)


def _labels(table: FeatureTable) -> str:
    counts = np.bincount(table.labels, minlength=len(GENRES))
    said = ", ".join(f"{genre} {n}" for genre, n in zip(GENRES, counts, strict=True))
    n_tracks = len(set(table.track_ids))
    return f"Rows of {table.seconds} s, of {n_tracks} tracks: {said}."


def _reason(name: str, table: FeatureTable) -> str:
    """Say with which earlier feature this one correlates most."""
    judged = [one for one in table.names if not one.startswith("mfcc")]
    places = [table.names.index(one) for one in judged]
    correlation = np.abs(np.nan_to_num(correlation_of_features(table.values[:, places])))
    place = judged.index(name)
    partner = int(correlation[place, :place].argmax())
    return f"{name} (|r| {correlation[place, partner]:.2f} with {judged[partner]})"


def _within_folds(table: FeatureTable, dropped: set[str]) -> str:
    """Compare what is dropped when only training rows are looked at."""
    said = []
    for fold in folds_of(PROTOCOL):
        in_fold = set(dropped_features(table.rows_named(fold.train)))
        if changed := sorted(in_fold ^ dropped):
            said.append(f"{fold.name} differs by {', '.join(changed)}")
    n_folds = len(folds_of(PROTOCOL))
    start = f"Within the {n_folds} folds of {PROTOCOL}, from training rows alone"
    if said:
        return f"{start}, {len(said)} choose others: {'; '.join(said)}."
    return (
        f"{start}, the filter drops the same in each: that it sees test rows in the paper "
        f"changes nothing at |r| >= {THRESHOLD:g}."
    )
