"""Predictions of table systems for the rows or tracks of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from genre_model.errors import TrainingDataError
from genre_model.training.data.gtzan import GENRES
from genre_model.training.data.protocols import Fold
from genre_model.training.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.papers.tables.feature_table import FeatureTable

    #: Ids, labels and probabilities of what was predicted.
    Predicted = tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]

SOURCE = "features"
#: Probability of a row to be tested in a random split.
TEST_SHARE = 0.2


def random_splits(table: FeatureTable, n_repeats: int, seed: int = 0) -> list[Fold]:
    """Draw every row into training or test by itself, as paper 002 does (B9).

    The sizes differ from split to split, as the paper's unseeded mask made them. Of a
    table of segments this is **leaky** in the extreme: segments of one track are on both
    sides. Of a table of tracks, artists and copies of recordings are.

    Returns:
        One fold of row ids per split; each is to be predicted alone.
    """
    splits = []
    for repeat in range(n_repeats):
        rng = np.random.default_rng([seed, repeat])
        is_test = rng.random(len(table.row_ids)) < TEST_SHARE
        pairs = list(zip(table.row_ids, is_test, strict=True))
        train = tuple(row_id for row_id, tested in pairs if not tested)
        test = tuple(row_id for row_id, tested in pairs if tested)
        splits.append(Fold(f"split-{repeat + 1}", train, (), test))
    return splits


def predict_table(
    make_system: Callable[[], Any], table: FeatureTable, folds: Sequence[Fold], name: str
) -> Predictions:
    """Fit a system to the training rows of each fold and predict the test rows.

    Validation tracks of a fold are left alone. Where a protocol speaks of tracks and
    the table of segments, the mean probability of its segments is a track's. Rows of
    other tracks than the protocol's are left out.

    Raises:
        TrainingDataError: if a fold cannot be trained or tested on.
    """
    systems = [make_system() for _ in folds]
    # Networks and gradient boosting add up in an order that depends on the threads.
    with threadpool_limits(1):
        parts = [
            _predict_fold(system, table, fold)
            for system, fold in zip(systems, folds, strict=True)
        ]
    if not parts:
        raise TrainingDataError(f"{name}: there is no fold to predict")
    ids, labels, probabilities = zip(*parts, strict=True)
    return Predictions(
        name=name,
        source=SOURCE,
        track_ids=tuple(row_id for part in ids for row_id in part),
        labels=np.concatenate(labels),
        probabilities=np.concatenate(probabilities).astype(np.float32),
        n_seen=0,
        temperature=float(np.mean([getattr(s, "temperature_", 1.0) for s in systems])),
        recipe="",
    )


def _predict_fold(system: Any, table: FeatureTable, fold: Fold) -> Predicted:
    train, test = table.rows_named(fold.train), table.rows_named(fold.test)
    _check_fold(fold, table, train, test)
    groups = {"groups": train.track_ids} if has_fit_parameter(system, "groups") else {}
    system.fit(train.values, train.labels, **groups)
    probabilities = np.zeros((len(test.labels), len(GENRES)))
    probabilities[:, system.classes_] = system.predict_proba(test.values)
    if set(fold.test).issuperset(test.row_ids):
        return test.row_ids, test.labels, probabilities
    return _pooled(test, probabilities)


def _pooled(test: FeatureTable, probabilities: NDArray[np.float64]) -> Predicted:
    """Average over the segments of each track."""
    track_ids, first, place = np.unique(
        test.track_ids, return_index=True, return_inverse=True
    )
    sums = np.zeros((len(track_ids), probabilities.shape[1]))
    np.add.at(sums, place, probabilities)
    means = sums / np.bincount(place)[:, None]
    return tuple(track_ids.tolist()), test.labels[first], means


def _check_fold(
    fold: Fold, table: FeatureTable, train: FeatureTable, test: FeatureTable
) -> None:
    for part, rows in (("training", train), ("test", test)):
        if not rows.row_ids:
            raise TrainingDataError(
                f"{fold.name}: the feature table has none of its {part} rows"
            )
    if both := sorted(set(train.row_ids) & set(test.row_ids)):
        raise TrainingDataError(f"{fold.name}: {both[0]} both trains and is tested")
    if missing := sorted(set(table.labels.tolist()) - set(train.labels.tolist())):
        raise TrainingDataError(
            f"{fold.name}: no row of {GENRES[missing[0]]} is left to train on; the table "
            f"has {len(table.row_ids)} rows, which are too few for this split"
        )
