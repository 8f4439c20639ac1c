"""Systems for feature tables: what they decide, and what they are fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_tables import make_table, of_genres
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.papers.checks.table_facts import PUBLISHED_DROPPED, dropped_features
from genre_model.papers.tables.feature_table import find_feature_table, read_feature_table
from genre_model.papers.tables.systems import (
    TABLE_SYSTEMS,
    CorrelationFilter,
    PairwiseSvm,
    inner_folds,
    table_system,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.papers.tables.feature_table import FeatureTable

CLASSICAL = [name for name in TABLE_SYSTEMS if not name.startswith("table_")]


def halves(table: FeatureTable) -> tuple[FeatureTable, FeatureTable]:
    """Split a table; whole tracks fall on one side."""
    is_even = [int(name[-1]) % 2 == 0 for name in table.track_ids]
    return (
        table.rows([place for place, even in enumerate(is_even) if even]),
        table.rows([place for place, even in enumerate(is_even) if not even]),
    )


@pytest.mark.parametrize("name", CLASSICAL)
def test_each_system_learns_genres_and_repeats_itself(name: str) -> None:
    train, test = halves(make_table(12))
    first, again = (
        table_system(name, seed=3).fit(train.values, train.labels) for _ in range(2)
    )
    probabilities = first.predict_proba(test.values)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert metrics.accuracy(probabilities, test.labels) > 0.8
    assert np.array_equal(probabilities, again.predict_proba(test.values))
    assert np.array_equal(first.predict(test.values), probabilities.argmax(axis=1))


@pytest.mark.parametrize("c", [1.0, 10.0])
def test_the_svm_decides_exactly_as_scikit_learn_does(c: float) -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(200, 4)), rng.normal(size=(1000, 4))
    labels = np.arange(200) % 10  # noise, so that many votes are equal
    plain = make_pipeline(StandardScaler(), SVC(C=c, gamma="auto"))
    decided = plain.fit(train, labels).predict(test)
    assert (plain.decision_function(test).argmax(axis=1) != decided).sum() > 10
    name = {1.0: "svm", 10.0: "svm_c10"}[c]
    system = table_system(name, seed=0, names=("a", "b", "c", "d")).fit(train, labels)
    probabilities = system.predict_proba(test).astype(np.float32)
    assert np.array_equal(probabilities.argmax(axis=1), decided)


def test_the_svm_tells_two_genres_apart() -> None:
    table = of_genres(make_table(6), ["blues", "rock"])
    machine = PairwiseSvm().fit(table.values, table.labels)
    probabilities = machine.predict_proba(table.values)
    assert probabilities.shape == (12, 2)
    decided = machine.classes_[probabilities.argmax(axis=1)]
    assert np.array_equal(decided, machine.predict(table.values))
    assert np.array_equal(decided, table.labels)


def test_the_temperature_lowers_the_loss_of_other_tracks() -> None:
    train, test = halves(make_table(20, noise=0.5))
    system = table_system("svm", seed=0).fit(train.values, train.labels)
    assert system.temperature_ < 1  # these genres are easy, and votes are timid
    fitted = system.predict_proba(test.values)
    votes = system.classifier_.predict_proba(test.values)
    assert np.array_equal(fitted.argmax(axis=1), votes.argmax(axis=1))
    loss, loss_of_votes = (
        metrics.negative_log_likelihood(p, test.labels) for p in (fitted, votes)
    )
    assert loss < loss_of_votes


def test_settings_are_chosen_across_tracks_not_across_segments() -> None:
    # Segments of a track are nearly copies and the genres are noise: by segments k=1
    # would always win, by tracks larger neighbourhoods are as good.
    train, _ = halves(make_table(20, 4, noise=3))
    tuned = table_system("knn_tuned", seed=0)
    by_tracks = tuned.fit(train.values, train.labels, groups=train.track_ids).chosen_
    by_rows = table_system("knn_tuned", 0).fit(train.values, train.labels).chosen_
    assert by_rows == 0
    assert by_tracks > 0


@pytest.mark.parametrize("segments", [0, 3])
def test_inner_folds_split_no_track(segments: int) -> None:
    table = make_table(6, segments)
    tracks = np.array(table.track_ids)
    folds = inner_folds(table.labels, table.track_ids, seed=1)
    tested = np.concatenate([test for _, test in folds])
    assert np.array_equal(np.sort(tested), np.arange(len(tracks)))
    for train, test in folds:
        assert not set(tracks[train]) & set(tracks[test])
        assert set(table.labels[test]) == set(range(10))


def test_too_few_tracks_to_choose_by() -> None:
    table = make_table(4, 9)
    with pytest.raises(TrainingDataError, match="only 4 training tracks"):
        table_system("svm_tuned", 0).fit(table.values, table.labels, table.track_ids)


def test_unknown_names_and_options() -> None:
    with pytest.raises(TrainingDataError, match="'oracle'; there is svm, "):
        table_system("oracle", 0)
    with pytest.raises(TrainingDataError, match=r"table system svm: .*'k'"):
        table_system("svm", 0, k=3)
    assert table_system("knn", 0, k=7).steps[-1][1].n_neighbors == 7


def test_the_filter_drops_the_later_of_each_pair() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 200))
    third = -first + 0.1 * rng.normal(size=200)
    values = np.stack([first, second, third, first, np.ones(200)], axis=1)
    names = ("a", "b", "c", "mfcc1_mean", "constant")
    chosen = CorrelationFilter(names).fit(values)
    assert chosen.kept_.tolist() == [0, 1, 3, 4]
    assert np.array_equal(chosen.transform(values), values[:, [0, 1, 3, 4]])
    assert CorrelationFilter(names, exempt="x").fit(values).kept_.tolist() == [0, 1, 4]
    with pytest.raises(ValueError, match="5 columns, but 57 names"):
        CorrelationFilter().fit(values)


def test_the_filter_of_a_system_sees_training_rows_only() -> None:
    table = make_table(8)
    train, test = halves(table)
    test.values[:, 1] = test.values[:, 0] = 1e3 * np.arange(len(test.labels))
    system = table_system("knn", 0, drop_correlated=0.8)
    system.fit(train.values, train.labels)
    columns = system.named_steps["columntransformer"].named_transformers_["features"]
    assert 1 in columns.named_steps["correlationfilter"].kept_
    n_kept = len(columns.named_steps["correlationfilter"].kept_)
    kept_mean = columns.named_steps["standardscaler"].mean_
    assert kept_mean[0] == pytest.approx(train.values[:, 0].mean())
    assert columns.transform(test.values).shape == (len(test.labels), n_kept)


@pytest.mark.data
def test_the_filter_drops_what_paper_001_drops(data_dir: Path) -> None:
    table = read_feature_table(find_feature_table(data_dir / "gtzan"))
    assert set(dropped_features(table)) == PUBLISHED_DROPPED
    every = CorrelationFilter(exempt="none").fit(table.values)
    assert len(every.kept_) == 57 - 18
