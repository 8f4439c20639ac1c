"""Rows of feature-table systems: fitted within each fold, scored on tracks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.papers.drawings import draw_predictions
from genre_model.papers.measured import fold_finding, measurements_of
from genre_model.papers.outcome import Outcome
from genre_model.papers.rows import RANDOM_SPLITS
from genre_model.papers.tables.feature_names import FEATURE_NAMES
from genre_model.papers.tables.picture_columns import with_pictures
from genre_model.papers.tables.table_predictions import predict_table, random_splits
from genre_model.papers.tables.table_systems import table_system
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.data.protocols import Fold
    from genre_model.training.evaluation.predictions import Predictions

#: Systems whose epochs a quick reproduction cuts short.
NETWORKS = ("table_cnn", "table_picture_cnn")
#: Draws the random splits; fixed, so that every system meets the same.
SPLIT_SEED = 0


def table_outcome(row: Row, reproduction: Reproduction) -> Outcome:
    """Fit and score the table systems of a row.

    Raises:
        TrainingDataError: if none of them could be run.
    """
    parts: list[_Part] = []
    not_run: dict[str, list[str]] = {}
    for system in row.systems:
        for protocol in system.protocols or row.protocols:
            part = _part_or_reason(row, system, protocol, reproduction)
            if isinstance(part, str):
                not_run.setdefault(part, []).append(f"{system.name} ({protocol})")
            else:
                parts.append(part)
    missing = tuple(f"{', '.join(who)}: {why}" for why, who in not_run.items())
    if not parts:
        raise TrainingDataError("; ".join(missing))
    return Outcome(
        row.id,
        tuple(one for part in parts for one in part.measurements),
        tuple(finding for part in parts for finding in part.findings),
        tuple(name for part in parts for name in part.files),
        not_run=missing,
    )


def predict(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> list[Predictions]:
    """Predict with each seed of a table system, or in each repeat of a random split.

    Raises:
        TrainingDataError: if the feature table is missing, or cannot be split so.
    """
    table = _table(system, reproduction)
    if protocol == RANDOM_SPLITS:
        splits = random_splits(table, reproduction.n_repeats, seed=SPLIT_SEED)
        runs = [([split], number) for number, split in enumerate(splits)]
    else:
        folds = _folds(table, protocol, reproduction)
        runs = [(folds, seed) for seed in range(reproduction.n_seeds(row, system))]
    options = dict(system.options)
    if reproduction.quick and system.system in NETWORKS:
        options["changes"] = [*options.get("changes", ()), "training.epochs=2"]
    names = [name for name in table.names if name in FEATURE_NAMES]
    make = partial(table_system, system.system, names=names, **options)
    return [
        predict_table(partial(make, seed=seed), table, folds, f"seed-{seed}")
        for folds, seed in runs
    ]


@dataclass(frozen=True)
class _Part:
    """What came of one system under one protocol."""

    measurements: list[Measurement]
    findings: list[str]
    files: list[str]


def _part_or_reason(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> _Part | str:
    try:
        return _part(row, system, protocol, reproduction)
    except TrainingDataError as error:
        return reproduction.reason_of(error)


def _part(row: Row, system: System, protocol: str, reproduction: Reproduction) -> _Part:
    start_seconds = time.monotonic()
    predictions = predict(row, system, protocol, reproduction)
    measured = measurements_of(
        system,
        protocol,
        predictions,
        data=f"feature table, {system.seconds} s",
        seconds=time.monotonic() - start_seconds,
    )
    findings = [*filter(None, map(_against_single_split, measured))]
    if row.by_fold and protocol != RANDOM_SPLITS:
        folds = _folds(_table(system, reproduction), protocol, reproduction)
        if len(folds) > 1:
            findings.append(fold_finding(system, protocol, predictions, folds))
    files = list(draw_predictions(row, system, protocol, predictions, reproduction))
    return _Part(measured, findings, files)


def _folds(table: FeatureTable, protocol: str, reproduction: Reproduction) -> list[Fold]:
    segments = len(table.row_ids) // len(set(table.track_ids))
    return folds_of(protocol, segments)[: reproduction.n_folds]


def _table(system: System, reproduction: Reproduction) -> FeatureTable:
    table = reproduction.table(system.seconds)
    if system.columns == "mfcc":
        return table.columns(lambda name: name.startswith("mfcc"))
    if system.columns == "pictures":
        recipe = read_recipe("a5_table_picture_cnn", pictures=reproduction.has_pictures)
        return with_pictures(table, find_tracks(reproduction.data_dir), recipe.front_end)
    return table


def _against_single_split(measured: Measurement) -> str:
    """Say how far the paper's single split is from the mean of many."""
    if measured.protocol != RANDOM_SPLITS or not measured.sd or not measured.published:
        return ""
    deviations = (measured.published - measured.ours) / measured.sd
    verdict = "within" if abs(deviations) <= 2 else "NOT within"
    return (
        f"{measured.name}: the paper's single split, {100 * measured.published:.1f}, is "
        f"{deviations:+.1f} standard deviations from the mean of {measured.seeds} splits, "
        f"{verdict} two."
    )
