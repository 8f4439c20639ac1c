"""Evaluation and export: what is scored, what is refused, what is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from audio_files import music, write_audio
from gtzan_folder import quick_recipe, write_pictures
from onnx_models import FRONT_END, rewrite_card, spectral_balance_network

from genre_model.card import Card
from genre_model.cli import main
from genre_model.errors import ModelFileError, SeenTracksError, TrainingDataError
from genre_model.model_file import read_model, write_model
from genre_model.training.export import export_model
from genre_model.training.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.networks.residual_crnn import ResidualCrnn
from genre_model.training.predictions import Evaluation, Predictions, predict_systems
from genre_model.training.report import comparison_text, report_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

#: Numbers whose tracks are among the fault-filtered test tracks of some genre.
NUMBERS = range(12, 16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of tracks 12 to 15, and three of them as audio."""
    root = write_pictures(tmp_path_factory.mktemp("gtzan"), NUMBERS)
    for name in GENRE_OF_FOLDER:
        (root / "clips" / name).mkdir(parents=True)
        sound = music(5, 22050, seed=len(name))
        write_audio(root / "clips" / name / f"{name}.00012.flac", sound, 22050)
    return root


def write_ten_genre_model(
    path: Path, track_ids: tuple[str, ...] = ("blues.00099",)
) -> Path:
    """Write a model that hears each genre of ``gtzan_folder`` in its own band."""
    weights = np.zeros((84, 10), np.float32)
    for index in range(10):
        weights[8 * index : 8 * index + 8, index] = 0.02
    card = Card(
        name="bands",
        genres=GENRES,
        front_end=FRONT_END,
        temperature=1.0,
        training={"recipe": "bands", "protocol": "all", "track_ids": list(track_ids)},
    )
    write_model(path, spectral_balance_network(weights=weights), card)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_ten_genre_model(tmp_path / "bands.onnx")


def test_a_model_is_scored_on_whole_test_tracks(folder: Path, model: Path) -> None:
    evaluation = Evaluation(str(model), folder, source="pictures")
    (predictions,) = predict_systems(evaluation)
    assert predictions.source == "pictures"
    assert len(predictions.track_ids) == len(predictions.labels) > 3
    report = report_of([predictions], "fault-filtered", "test")
    assert report["accuracy"] == 1.0
    assert report["n_tracks"] == len(predictions.track_ids)


def test_tracks_of_the_training_are_refused(folder: Path, tmp_path: Path) -> None:
    seen = ("blues.00012",)
    path = write_ten_genre_model(tmp_path / "bands.onnx", seen)
    with pytest.raises(SeenTracksError, match=r"trained on 1 of these .*blues\.00012"):
        predict_systems(Evaluation(str(path), folder, source="pictures"))
    allowed = Evaluation(str(path), folder, source="pictures", allow_seen=True)
    (predictions,) = predict_systems(allowed)
    text = text_of(report_of([predictions], "fault-filtered", "test"))
    assert "SEEN: the model was trained on 1 of these tracks" in text


def test_the_leaky_protocol_says_so(folder: Path, model: Path) -> None:
    evaluation = Evaluation(str(model), folder, "stratified", source="pictures")
    text = text_of(report_of(predict_systems(evaluation), "stratified", "test"))
    assert "LEAKY" in text


def test_a_protocol_without_test_tracks_cannot_be_scored(folder: Path, model: Path) -> None:
    with pytest.raises(TrainingDataError, match="protocol all has no test tracks"):
        predict_systems(Evaluation(str(model), folder, "all"))


def test_missing_seeds_say_what_to_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(TrainingDataError, match=r"holds 0 complete seeds.*--seeds 5 --out"):
        predict_systems(Evaluation(str(tmp_path / "runs"), folder, n_seeds=5))


def test_audio_beside_pictures(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(model), "--data", str(folder), "--source", "both"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "tracks that exist as audio and as picture" in out
    assert "pictures" in out


def test_comparisons_need_the_same_tracks() -> None:
    one = predictions_of(np.eye(10, dtype=np.float32), np.arange(10))
    with pytest.raises(ValueError, match="same tracks"):
        comparison_text(one, one.subset({"0"}))
    assert "audio 10/10 right, pictures 10/10, same genre on 10" in comparison_text(
        one, one
    )


def predictions_of(probabilities: np.ndarray, labels: np.ndarray) -> Predictions:
    names = tuple(str(index) for index in range(len(labels)))
    return Predictions("seed-0", "audio", names, labels, probabilities, 0, 1.0, "bands")


def test_the_report_counts_who_is_sure_and_right() -> None:
    probabilities = np.full((4, 10), 0.0, np.float32)
    probabilities[range(4), [0, 1, 2, 3]] = [0.9, 0.65, 0.55, 0.2]
    report = report_of(
        [predictions_of(probabilities, np.array([0, 1, 9, 3]))], "artist-folds", "test"
    )
    rows = {row["min_confidence"]: row for row in report["selective"]}
    assert rows[0.5]["coverage"] == 0.75
    assert rows[0.5]["accuracy"] == pytest.approx(2 / 3)
    assert rows[0.6]["accuracy"] == 1.0
    assert report["accuracy"] == 0.75


def test_seeds_are_averaged_and_spread() -> None:
    labels = np.arange(10)
    right = np.eye(10, dtype=np.float32)
    half = right.copy()
    half[:5] = np.roll(half[:5], 1, axis=1)
    report = report_of(
        [predictions_of(right, labels), predictions_of(half, labels)],
        "fault-filtered",
        "test",
    )
    assert report["accuracy"] == pytest.approx(0.75)
    assert report["sd"] == pytest.approx(np.std([1, 0.5], ddof=1))
    assert np.sum(report["confusion"]) == 20


def test_the_whole_way_by_command(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Train five folds, evaluate, train on everything, export with what was measured."""
    recipe = quick_recipe(epochs=1, steps_per_epoch=2)
    monkeypatch.setattr("genre_model.commands.train.read_recipe", lambda *_: recipe)
    data, runs = ["--data", str(folder)], str(tmp_path / "runs")
    split = ["--protocol", "stratified"]
    assert main(["train", "gtzan_crnn", *data, "--out", runs, *split]) == 0
    report = tmp_path / "report"
    assert main(["evaluate", runs, *data, *split, "--out", str(report)]) == 0
    assert {path.name for path in report.iterdir()} == {
        *("report.json", "report.txt", "confusion.png")
    }
    values = json.loads((report / "report.json").read_text())
    assert values["n_tracks"] == 40
    assert values["recipe"] == "gtzan_crnn"
    assert main(["train", "gtzan_crnn", *data, "--out", runs, "--protocol", "all"]) == 0
    run = f"{runs}/all/fold-1/seed-0"
    out = str(tmp_path / "mine.onnx")
    options = ["--name", "mine_v1", "--report", str(report / "report.json"), "--out", out]
    capsys.readouterr()
    assert main(["export", run, *options]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    card = read_model(out).card
    assert card.name == "mine_v1"
    assert card.metrics["stratified"]["accuracy"] == values["accuracy"]
    assert card.metrics["stratified"]["leaky"] is True
    assert card.temperature == values["temperature"]
    assert "--protocol all" in card.training["command"]


def test_reports_of_another_recipe_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "model.onnx").write_bytes(model.read_bytes())
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"recipe": "other", "part": "test", "n_seen": 0}))
    options = ["--name", "x", "--report", str(report), "--out", str(tmp_path / "x.onnx")]
    assert main(["export", str(run), *options]) == 1
    assert "is not of the recipe 'bands'" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists()


def test_torch_and_onnx_agree_or_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ResidualCrnn(84, 10, [4, 4], 4).eval()
    card = Card(name="tiny", genres=GENRES, front_end=FRONT_END, temperature=1.0)
    assert export_model(network, card, tmp_path / "tiny.onnx") < 1e-4
    monkeypatch.setattr("genre_model.training.export.PARITY_TOLERANCE", -1.0)
    with pytest.raises(ModelFileError, match="ONNX Runtime and torch differ"):
        export_model(network, card, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


def test_a_model_without_card_is_no_traceback(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite_card(model, None)
    assert main(["evaluate", str(model), "--data", str(folder)]) == 1
    assert "has no card" in capsys.readouterr().err


def test_unknown_training_tracks_are_refused(folder: Path, tmp_path: Path) -> None:
    path = write_ten_genre_model(tmp_path / "bands.onnx", ())
    with pytest.raises(
        SeenTracksError, match="does not say which tracks it was trained on"
    ):
        predict_systems(Evaluation(str(path), folder))


@pytest.mark.parametrize(
    "report", [{"part": "valid", "n_seen": 0}, {"part": "test", "n_seen": 3}]
)
def test_only_honest_reports_enter_a_card(
    model: Path,
    tmp_path: Path,
    report: dict[str, object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "model.onnx").write_bytes(model.read_bytes())
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report | {"recipe": "bands"}))
    options = ["--name", "x", "--report", str(path), "--out", str(tmp_path / "x.onnx")]
    assert main(["export", str(tmp_path), *options]) == 1
    assert "must be of test tracks that no model was trained on" in capsys.readouterr().err


def test_a_network_of_nan_is_not_exported(tmp_path: Path) -> None:
    network = ResidualCrnn(84, 10, [4, 4], 4).eval()
    with torch.no_grad():
        network.head.weight.fill_(float("nan"))
    card = Card(name="tiny", genres=GENRES, front_end=FRONT_END, temperature=1.0)
    with pytest.raises(ModelFileError, match="no numbers"):
        export_model(network, card, tmp_path / "tiny.onnx")
    assert list(tmp_path.iterdir()) == []


def test_comparisons_take_no_report_folder(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(model), "--data", str(folder), "--source", "both"]
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "takes no --out" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_no_traceback(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    arguments = ["evaluate", str(model), "--data", str(folder), "--source", "pictures"]
    assert main([*arguments, "--out", str(tmp_path / "file")]) == 1
    assert "genre-model: " in capsys.readouterr().err
