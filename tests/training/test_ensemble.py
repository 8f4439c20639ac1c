"""Ensembles: what is averaged, over which tracks, by which command."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gtzan_folder import write_pictures
from scored_systems import predictions_of, write_band_model

from genre_model.cli.main import main
from genre_model.errors import TrainingDataError
from genre_model.training.evaluation.comparison import ensemble_of

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.evaluation.predictions import Predictions


#: Both have tracks in the folder.
GENRES_UNHEARD = ("blues", "rock")


@pytest.fixture
def pair() -> list[Predictions]:
    labels = np.array([0, 1])
    return [
        predictions_of(np.array(rows, np.float32), labels, name)
        for name, rows in (
            ("seed-0", [[0.6, 0.4, 0], [0.2, 0.4, 0.4]]),
            ("seed-1", [[0.2, 0.8, 0], [0.0, 1.0, 0.0]]),
        )
    ]


def test_probabilities_are_averaged(pair: list[Predictions]) -> None:
    whole = ensemble_of(pair, "both")
    np.testing.assert_allclose(whole.probabilities, [[0.4, 0.6, 0], [0.1, 0.7, 0.2]])
    assert whole.right.tolist() == [False, True]
    assert whole.name == "both"
    assert whole.recipe == "ensemble of 2: bands"


def test_tracks_may_come_in_any_order(pair: list[Predictions]) -> None:
    turned = pair[1].subset(("1", "0"))
    np.testing.assert_array_equal(
        ensemble_of([pair[0], turned]).probabilities, ensemble_of(pair).probabilities
    )


def test_other_tracks_are_refused(pair: list[Predictions]) -> None:
    with pytest.raises(TrainingDataError, match=r"scored 2 tracks, seed-1 1, and 1 by one"):
        ensemble_of([pair[0], pair[1].subset(("1",))])


def test_other_genres_are_refused(pair: list[Predictions]) -> None:
    other = replace(pair[1], genres=("jazz", "pop", "rock"))
    with pytest.raises(TrainingDataError, match="must have the same genres"):
        ensemble_of([pair[0], other])


def test_a_track_scored_twice_is_refused(pair: list[Predictions]) -> None:
    twice = pair[1].subset(("0", "0", "1"))
    with pytest.raises(TrainingDataError, match="scored 0 more than once"):
        ensemble_of([pair[0], twice])


def test_one_system_is_no_ensemble(pair: list[Predictions]) -> None:
    with pytest.raises(TrainingDataError, match=r"at least two.*only seed-0"):
        ensemble_of(pair[:1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(12, 15))


def test_several_models_are_scored_as_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [
        str(write_band_model(tmp_path / f"{genre}.onnx", deaf_to=(genre,), recipe=genre))
        for genre in GENRES_UNHEARD
    ]
    arguments = ["evaluate", *models, "--data", str(folder)]
    assert main(arguments) == 1
    assert "2 runs were given: add --ensemble" in capsys.readouterr().err
    out = tmp_path / "report"
    assert main([*arguments, "--ensemble", "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["seeds"] == 1
    assert report["recipe"] == "ensemble of 2: blues, rock"
    names = [member["name"] for member in report["members"]]
    assert names == [
        f"{model}: {genre}" for model, genre in zip(models, GENRES_UNHEARD, strict=True)
    ]
    assert all(member["accuracy"] < report["accuracy"] for member in report["members"])
    assert "the members of the ensemble" in capsys.readouterr().out
