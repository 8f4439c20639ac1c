"""``genre-model export``: what was measured, in the card of a model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from gtzan_folder import write_pictures
from scored_systems import write_band_model

from genre_model.cli.main import main
from genre_model.errors import TrainingDataError
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import GENRES
from genre_model.training.export import measured_card, training_command

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model.card import Card


def write_bands(path: Path, genres: tuple[str, ...] = GENRES) -> Path:
    """Write a model whose card says how it was trained."""
    return write_band_model(path, genres=genres, protocol="all", source="pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks of all parts of the fault-filtered lists."""
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(30, 90, 3))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_bands(tmp_path / "model.onnx")


def report_of_model(model: Path, folder: Path, out: Path, *more: str) -> Path:
    arguments = ["evaluate", str(model), "--data", str(folder), "--out", str(out), *more]
    assert main(arguments) == 0
    return out / "report.json"


def changed(report: Path, out: Path, **values: object) -> Path:
    found = json.loads(report.read_text("utf-8"))
    out.write_text(json.dumps(found | values), "utf-8")
    return out


def card_of(model: Path, **training: object) -> Card:
    card = read_model(model).card
    return replace(card, training=card.training | training)


@pytest.mark.parametrize(
    "values", [{"part": "valid", "n_seen": 0}, {"part": "test", "n_seen": 3}]
)
def test_only_honest_reports_enter_a_card(
    model: Path,
    folder: Path,
    tmp_path: Path,
    values: dict[str, object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = report_of_model(model, folder, tmp_path / "report")
    path = changed(report, tmp_path / "changed.json", **values)
    options = ["--name", "x", "--report", str(path), "--out", str(tmp_path / "x.onnx")]
    assert main(["export", str(tmp_path), *options]) == 1
    assert "must be of test tracks that no model was trained on" in capsys.readouterr().err


def test_a_report_that_lacks_something_is_named(
    model: Path, folder: Path, tmp_path: Path
) -> None:
    report = report_of_model(model, folder, tmp_path / "report")
    found = json.loads(report.read_text("utf-8"))
    del found["macro_f1"], found["protocol"]
    report.write_text(json.dumps(found), "utf-8")
    with pytest.raises(TrainingDataError, match=r"report.json lacks macro_f1, protocol"):
        measured_card(read_model(model).card, [report])


def test_a_report_of_other_genres_says_nothing(
    model: Path, folder: Path, tmp_path: Path
) -> None:
    three = write_bands(tmp_path / "three.onnx", GENRES[:3])
    report = report_of_model(three, folder, tmp_path / "report")
    measured_card(read_model(three).card, [report])
    with pytest.raises(TrainingDataError, match="is of other genres than the model's"):
        measured_card(read_model(model).card, [report])


def test_the_temperature_is_one_that_was_fitted(
    model: Path, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Folds without validation tracks leave it at 1, in whatever order they are given."""
    report = report_of_model(model, folder, tmp_path / "report")
    fitted = changed(report, tmp_path / "fitted.json", temperature=0.73)
    none = changed(report, tmp_path / "none.json", protocol="rotation")
    card = read_model(model).card
    for reports in ([fitted, none], [none, fitted]):
        assert measured_card(card, reports).temperature == 0.73
    assert not caplog.records
    assert measured_card(card, [none]).temperature == 1.0
    assert "no report is of models that had validation tracks" in caplog.text


def test_the_command_says_how_it_was_scored(
    model: Path, folder: Path, tmp_path: Path
) -> None:
    report = report_of_model(model, folder, tmp_path / "report", "--combine", "vote")
    card = measured_card(read_model(model).card, [report])
    assert card.metrics["fault-filtered"]["command"].endswith(
        " && genre-model evaluate RUN --data DIR --source pictures --protocol "
        "fault-filtered --seeds 1 --combine vote"
    )


def test_the_command_has_the_seed(model: Path) -> None:
    command = training_command(card_of(model, seed=3).training)
    assert command.endswith(" --protocol all --first-seed 3")
    assert "seed" not in training_command(card_of(model, seed=0).training)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "train bands --data"),
        ({"left_out": ["blues.00000"]}, "train bands --leave-out FILE --data"),
        ({"genres": ["hip hop", "jazz"]}, "train bands --genres 'hip hop,jazz' --data"),
    ],
)
def test_the_command_says_how_it_was_trained(
    model: Path, said: dict[str, Any], words: str
) -> None:
    command = training_command(card_of(model, **said).training)
    assert words in command
    assert command.endswith("DIR --source pictures --out RUN --protocol all")
