"""Networks on feature tables: the training of all networks, as a classifier."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from feature_tables import make_table, of_genres
from gtzan_folder import write_pictures

from genre_model.errors import RecipeError, TrainingDataError, TrainingDivergedError
from genre_model.papers.tables.networks import (
    PICTURE_RECIPE,
    PICTURE_SIZE,
    TABLE_RECIPE,
    TableNetwork,
    segments_of_rows,
    with_pictures,
)
from genre_model.papers.tables.predictions import predict_table
from genre_model.papers.tables.systems import table_system
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.protocols import Fold
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.papers.tables.feature_table import FeatureTable

EPOCHS_20 = ("training.epochs=20",)
QUICK = ("training.epochs=4", "network_options.filters=[8, 8]")


def standardised(table: FeatureTable) -> FeatureTable:
    values = (table.values - table.values.mean(axis=0)) / table.values.std(axis=0)
    return replace(table, values=values)


def test_a_network_learns_the_rows_of_a_table() -> None:
    table = make_table(12)
    ids = sorted(table.row_ids, key=lambda name: int(name[-1]) % 3)
    fold = Fold("a", tuple(ids[50:]), (), tuple(ids[:50]))
    system = partial(table_system, "table_cnn", 1, drop_correlated=0.8, changes=EPOCHS_20)
    first, again = (predict_table(system, table, [fold], "cnn") for _ in range(2))
    assert first.right.mean() > 0.6
    assert np.array_equal(first.probabilities, again.probabilities)


def test_a_diverged_network_has_no_predictions() -> None:
    table = make_table(4)
    ids = table.row_ids
    fold = Fold("a", tuple(ids[::2]), (), tuple(ids[1::2]))
    changes = (*QUICK, "training.learning_rate=1e30")
    system = partial(table_system, "table_cnn", 1, changes=changes)
    with pytest.raises(TrainingDivergedError, match="are no numbers"):
        predict_table(system, table, [fold], "cnn")


def test_an_epoch_is_one_pass_over_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    step = torch.optim.Adam.step

    def counting(self: torch.optim.Adam, *arguments: object) -> object:
        steps.append(1)
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", counting)
    table = standardised(make_table(7))
    TableNetwork(TABLE_RECIPE, QUICK).fit(table.values, table.labels)
    assert len(steps) == 4 * 3  # 70 rows are three batches of 32


def test_labels_need_not_be_numbers_from_zero() -> None:
    table = standardised(of_genres(make_table(7), ["jazz", "rock"]))
    network = TableNetwork(TABLE_RECIPE, EPOCHS_20)
    network.fit(table.values, table.labels)
    assert network.classes_.tolist() == [5, 9]
    assert network.n_features_in_ == 57
    assert np.array_equal(network.predict(table.values), table.labels)


def test_recipes_that_would_mix_features_are_refused() -> None:
    table = make_table(1)
    with pytest.raises(RecipeError, match="set standardise_tracks to false"):
        TableNetwork("gtzan_crnn").fit(table.values, table.labels)


def test_pictures_are_columns_behind_the_features(tmp_path: Path) -> None:
    tracks = find_tracks(write_pictures(tmp_path, range(2)), "pictures")
    front_end = read_recipe(PICTURE_RECIPE, pictures=True).front_end
    table = with_pictures(make_table(3), tracks, front_end)
    assert len(table.row_ids) == 20  # the third track of each genre has no picture
    assert table.values.shape == (20, 57 + PICTURE_SIZE**2)
    pictures = table.values[:, 57:].reshape(-1, PICTURE_SIZE, PICTURE_SIZE)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    brightest = pictures.mean(axis=2).argmax(axis=1)
    # The bright band of a genre is the higher the later the genre; row 0 is the top.
    assert (np.diff(brightest[::2]) < 0).all()
    with pytest.raises(TrainingDataError, match="take the 30-s table"):
        with_pictures(make_table(1, 2), tracks, front_end)


def test_the_network_with_two_branches_sees_pictures_and_scaled_features(
    tmp_path: Path,
) -> None:
    tracks = find_tracks(write_pictures(tmp_path, range(2)), "pictures")
    front_end = read_recipe(PICTURE_RECIPE, pictures=True).front_end
    table = with_pictures(make_table(2), tracks, front_end)
    changes = ("training.epochs=1", "network_options.picture_filters=[2, 2]")
    system = table_system("table_picture_cnn", 0, changes=changes)
    system.fit(table.values, table.labels)
    rows = np.asarray(system[:-1].transform(table.values), np.float32)
    segments = segments_of_rows(rows, PICTURE_SIZE)
    assert segments.shape == (20, 128, 129)
    assert np.allclose(segments[0, :, :128].ravel(), table.values[0, 57:], atol=1e-6)
    assert np.allclose(segments[:, :57, 128].mean(axis=0), 0, atol=1e-5)
    assert not segments[:, 57:, 128].any()
    assert system.predict_proba(table.values).shape == (20, 10)
    with pytest.raises(ValueError, match="expected a picture of 128 x 128"):
        segments_of_rows(rows[:, :57], PICTURE_SIZE)
