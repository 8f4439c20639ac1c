"""Rows of feature-table systems: fitted within each fold, scored on tracks."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.papers.network_rows import draw_predictions
from genre_model.papers.outcome import Outcome, fold_finding, measurements_of
from genre_model.papers.rows import RANDOM_SPLITS
from genre_model.papers.tables.feature_table import FEATURE_NAMES, is_mfcc
from genre_model.papers.tables.networks import PICTURE_RECIPE, with_pictures
from genre_model.papers.tables.predictions import predict_table, random_splits
from genre_model.papers.tables.systems import table_system
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.data.protocols import Fold
    from genre_model.training.evaluation.predictions import Predictions

#: Systems whose epochs a quick reproduction cuts short.
NETWORKS = ("table_cnn", "table_picture_cnn")


def table_outcome(row: Row, reproduction: Reproduction) -> Outcome:
    """Fit and score the table systems of a row.

    Raises:
        TrainingDataError: if none of them could be run.
    """
    outcome = Outcome(row.id)
    not_run: dict[str, list[str]] = {}
    for system, protocol in row.runs:
        try:
            outcome.add(_part(row, system, protocol, reproduction))
        except TrainingDataError as error:  # noqa: PERF203 -- each part may fail alone
            reason = reproduction.reason_of(error)
            not_run.setdefault(reason, []).append(f"{system.name} ({protocol})")
    outcome.not_run = [f"{', '.join(who)}: {why}" for why, who in not_run.items()]
    if not outcome.measurements:
        raise TrainingDataError("; ".join(outcome.not_run))
    return outcome


def predict(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> list[Predictions]:
    """Predict with each seed of a table system, or in each repeat of a random split.

    Raises:
        TrainingDataError: if the feature table is missing, or cannot be split so.
    """
    table = _table(system, reproduction)
    if protocol == RANDOM_SPLITS:
        splits = random_splits(table, reproduction.n_repeats)
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


def _part(row: Row, system: System, protocol: str, reproduction: Reproduction) -> Outcome:
    start_seconds = time.monotonic()
    predictions = predict(row, system, protocol, reproduction)
    data, seconds = f"feature table, {system.seconds} s", time.monotonic() - start_seconds
    part = Outcome(
        row.id, measurements_of(system, protocol, predictions, data=data, seconds=seconds)
    )
    if protocol == RANDOM_SPLITS:
        part.findings += _against_single_split(part.measurements)
    elif row.by_fold:
        folds = _folds(_table(system, reproduction), protocol, reproduction)
        part.findings += fold_finding(system, protocol, predictions, folds)
    part.files += draw_predictions(row, system, protocol, predictions, reproduction)
    return part


def _folds(table: FeatureTable, protocol: str, reproduction: Reproduction) -> list[Fold]:
    segments = len(table.row_ids) // len(set(table.track_ids))
    return folds_of(protocol, segments)[: reproduction.n_folds]


def _table(system: System, reproduction: Reproduction) -> FeatureTable:
    table = reproduction.table(system.seconds)
    if system.columns == "mfcc":
        return table.columns(is_mfcc)
    if system.columns == "pictures":
        recipe = read_recipe(PICTURE_RECIPE, pictures=reproduction.has_pictures)
        return with_pictures(table, find_tracks(reproduction.data_dir), recipe.front_end)
    return table


def _against_single_split(measurements: list[Measurement]) -> Iterator[str]:
    """Say how far the paper's single split is from the mean of many."""
    for one in measurements:
        if one.sd and one.published:
            deviations = (one.published - one.ours) / one.sd
            verdict = "within" if abs(deviations) <= 2 else "NOT within"
            yield (
                f"{one.name}: the paper's single split, {100 * one.published:.1f}, is "
                f"{deviations:+.1f} standard deviations from the mean of {one.seeds} "
                f"splits, {verdict} two."
            )
