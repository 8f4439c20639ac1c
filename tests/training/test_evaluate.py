"""Evaluation and export: what is scored, what is refused, what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import torch
from audio_files import music, write_audio
from gtzan_folder import quick_recipe, write_pictures
from onnx import numpy_helper
from onnx_models import FRONT_END
from scored_systems import predictions_of, write_band_model

from genre_model.cli.main import main
from genre_model.errors import (
    ModelFileError,
    SeenTracksError,
    TrainingDataError,
    TrainingDivergedError,
)
from genre_model.model.card import Card
from genre_model.model.model_file import read_model, write_model
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.evaluation.report import report_of, sources_text, text_of
from genre_model.training.export import export_model, measured_card
from genre_model.training.networks.crnn import ResidualCrnn

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_band_model(tmp_path / "bands.onnx")


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
    path = write_band_model(tmp_path / "bands.onnx", seen)
    with pytest.raises(SeenTracksError, match=r"trained on 1 of these .*blues\.00012"):
        predict_systems(Evaluation(str(path), folder, source="pictures"))
    allowed = Evaluation(str(path), folder, source="pictures", allow_seen=True)
    (predictions,) = predict_systems(allowed)
    text = text_of(report_of([predictions], "fault-filtered", "test"))
    assert "SEEN: the model was trained on 1 of these tracks" in text


def test_before_calibration(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_band_model(tmp_path / "plain.onnx")
    model = read_model(path)
    write_model(path, model.content, replace(model.card, temperature=3.0))
    scored = {}
    for flags in ((), ("--uncalibrated",)):
        out = tmp_path / f"report{len(flags)}"
        arguments = ["evaluate", str(path), "--data", str(folder), "--out", str(out)]
        assert main([*arguments, *flags]) == 0
        scored[flags] = json.loads((out / "report.json").read_text("utf-8"))
        assert ("UNCALIBRATED" in capsys.readouterr().out) == bool(flags)
    after, before = scored.values()
    assert (after["temperature"], before["temperature"]) == (3.0, 1.0)
    assert before["accuracy"] == after["accuracy"]
    assert before["negative_log_likelihood"] != after["negative_log_likelihood"]
    card = read_model(path).card
    with pytest.raises(TrainingDataError, match="--uncalibrated: make one without"):
        measured_card(card, [tmp_path / "report1" / "report.json"])


def test_a_protocol_without_test_tracks_cannot_be_scored(folder: Path, model: Path) -> None:
    with pytest.raises(TrainingDataError, match="protocol all has no test tracks"):
        predict_systems(Evaluation(str(model), folder, "all"))


def test_missing_seeds_say_what_to_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(TrainingDataError, match=r"holds 0 complete seeds.*--seeds 5 --out"):
        predict_systems(Evaluation(str(tmp_path / "runs"), folder, n_seeds=5))


@pytest.mark.parametrize("flag", ["--out", "--uncalibrated", "--ensemble"])
def test_comparisons_of_sources_take_no_flags(
    flag: str, folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(model), "--data", str(folder), "--source", "both", flag]
    assert main([*arguments, *([str(tmp_path)] if flag == "--out" else [])]) == 1
    assert f"takes no {flag}" in capsys.readouterr().err


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
        sources_text(one, one.subset({"0"}))
    assert "audio 10/10 right, pictures 10/10, same genre on 10" in sources_text(one, one)


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


def test_trainings_at_once_are_those_of_one_after_the_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = quick_recipe(epochs=1, steps_per_epoch=2)
    monkeypatch.setattr("genre_model.training.recipe.read_recipe", lambda *_, **__: recipe)
    arguments = ["train", "gtzan_crnn", "--data", str(folder), "--seeds", "2"]
    more = ["--protocol", "all", "--threads", "1"]
    outs = [tmp_path / "one", tmp_path / "two"]
    for out, jobs in zip(outs, "12", strict=True):
        assert main([*arguments, *more, "--out", str(out), "--jobs", jobs]) == 0
    for seed in (0, 1):
        one, two = (weights_of(out / f"all/fold-1/seed-{seed}/model.onnx") for out in outs)
        assert one.keys() == two.keys()
        for name, values in one.items():
            np.testing.assert_allclose(two[name], values, rtol=1e-5, atol=1e-6)


def weights_of(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the constants of a model file."""
    constants = onnx.load(path).graph.initializer
    return {one.name: numpy_helper.to_array(one) for one in constants}


def test_the_whole_way_by_command(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Train five folds, evaluate, train on everything, export with what was measured."""
    recipe = quick_recipe(epochs=1, steps_per_epoch=2)
    monkeypatch.setattr("genre_model.training.recipe.read_recipe", lambda *_, **__: recipe)
    data, runs = ["--data", str(folder)], str(tmp_path / "runs")
    split = ["--protocol", "stratified"]
    assert main(["train", "gtzan_crnn", *data, "--out", runs, *split]) == 0
    report = tmp_path / "report"
    assert main(["evaluate", runs, *data, *split, "--out", str(report)]) == 0
    assert {path.name for path in report.iterdir()} == {
        *("report.json", "report.txt"),
        *(
            f"{plot}.{kind}"
            for plot in ("confusion", "genres", "reliability", "risk_coverage")
            for kind in ("png", "svg")
        ),
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


@pytest.mark.parametrize("recipe", [{"recipe": "other"}, {"recipe_hash": "0123"}])
def test_reports_of_another_recipe_are_refused(
    recipe: dict[str, str], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "model.onnx").write_bytes(model.read_bytes())
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"recipe": "bands", "part": "test", "n_seen": 0} | recipe))
    options = ["--name", "x", "--report", str(report), "--out", str(tmp_path / "x.onnx")]
    assert main(["export", str(run), *options]) == 1
    assert "is not of the recipe 'bands'" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists()


def test_torch_and_onnx_agree_or_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ResidualCrnn((84, 112), 10, [4] * 6, 4).eval()
    card = Card(name="tiny", genres=GENRES, front_end=FRONT_END, temperature=1.0)
    assert export_model(network, card, tmp_path / "tiny.onnx") < 1e-4
    monkeypatch.setattr("genre_model.training.export.PARITY_TOLERANCE", -1.0)
    with pytest.raises(ModelFileError, match="ONNX Runtime and torch differ"):
        export_model(network, card, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


def test_unknown_training_tracks_are_refused(folder: Path, tmp_path: Path) -> None:
    path = write_band_model(tmp_path / "bands.onnx", ())
    with pytest.raises(
        SeenTracksError, match="does not say which tracks it was trained on"
    ):
        predict_systems(Evaluation(str(path), folder))


def test_a_network_of_nan_is_not_exported(tmp_path: Path) -> None:
    network = ResidualCrnn((84, 112), 10, [4] * 6, 4).eval()
    with torch.no_grad():
        network.head.weight.fill_(float("nan"))
    card = Card(name="tiny", genres=GENRES, front_end=FRONT_END, temperature=1.0)
    with pytest.raises(TrainingDivergedError, match="no numbers"):
        export_model(network, card, tmp_path / "tiny.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_report_has_every_measure_and_fits_a_terminal() -> None:
    rng = np.random.default_rng(0)
    systems = [
        predictions_of(
            rng.dirichlet(np.ones(10), 40).astype(np.float32), np.arange(40) % 10
        )
        for _ in range(2)
    ]
    report = report_of(systems, "stratified", "test")
    top_3 = [system["top_3"] for system in report["systems"]]
    assert report["top_3"] == pytest.approx(np.mean(top_3))
    assert report["top_3_sd"] == pytest.approx(np.std(top_3, ddof=1))
    assert report["calibration_error_floor"] < report["calibration_error_floor_95"]
    assert report["risk_coverage"][-1] == {
        "coverage": 1.0,
        "risk": pytest.approx(1 - report["accuracy"]),
    }
    assert sum(row["tracks"] for row in report["reliability"]) == 80
    json.dumps(report, allow_nan=False)
    text = text_of(report)
    assert max(map(len, text.splitlines())) <= 100
    for words in ("Brier", "perfectly calibrated", "LEAKY: artists", "first 3", "90 %"):
        assert words in text


def test_subsets_of_genres_have_their_own_tables() -> None:
    labels = np.array([0, 1, 2, 2])
    systems = [predictions_of(np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], labels)]
    report = report_of(systems, "fault-filtered", "test")
    assert [row["genre"] for row in report["genres"]] == ["blues", "classical", "country"]
    assert "top_3" not in report
    text = text_of(report)
    assert "first 3" not in text
    assert "disco" not in text


def test_a_model_of_three_genres_is_scored_on_their_tracks(
    folder: Path, tmp_path: Path
) -> None:
    genres = ("classical", "metal", "pop")
    path = write_band_model(tmp_path / "three.onnx", genres=genres)
    (predictions,) = predict_systems(Evaluation(str(path), folder, source="pictures"))
    assert {name.split(".")[0] for name in predictions.track_ids} == set(genres)
    assert predictions.genres == genres
    assert predictions.right.all()


def test_a_quick_look_scores_the_first_folds_only(folder: Path, model: Path) -> None:
    whole = Evaluation(str(model), folder, "stratified", source="pictures")
    (predictions,) = predict_systems(replace(whole, n_folds=1))
    first, *_ = folds_of("stratified")
    assert 0 < len(predictions.track_ids) < 40
    assert set(predictions.track_ids) <= set(first.test)


def test_segments_are_scored_each_for_itself(folder: Path, tmp_path: Path) -> None:
    names = [f"{name}.{number:05d}" for name in GENRE_OF_FOLDER for number in NUMBERS]
    path = write_band_model(tmp_path / "bands.onnx", [f"{names[0]}#0"])
    evaluation = Evaluation(str(path), folder, "segment-random", source="pictures")
    (predictions,) = predict_systems(evaluation)
    assert all("#" in name for name in predictions.track_ids)
    text = text_of(report_of([predictions], "segment-random", "test"))
    assert "LEAKY: segments of one track are on both sides" in text
    assert "segments, each for itself" in text


@pytest.mark.parametrize(
    ("heard", "protocol"), [("{name}#2", "fault-filtered"), ("{name}", "segment-random")]
)
def test_who_heard_a_part_of_a_track_has_seen_it(
    folder: Path, tmp_path: Path, heard: str, protocol: str
) -> None:
    names = [f"{name}.{number:05d}" for name in GENRE_OF_FOLDER for number in NUMBERS]
    trained_on = [heard.format(name=name) for name in names]
    path = write_band_model(tmp_path / "bands.onnx", trained_on)
    with pytest.raises(SeenTracksError, match="was trained on"):
        predict_systems(Evaluation(str(path), folder, protocol, source="pictures"))


def write_seeds(runs: Path, *hashes: str) -> Path:
    for seed, recipe_hash in enumerate(hashes):
        place = runs / "fault-filtered" / "fold-1" / f"seed-{seed}" / "model.onnx"
        write_band_model(place, recipe_hash=recipe_hash)
    return runs


def test_seeds_of_other_settings_are_not_averaged(folder: Path, tmp_path: Path) -> None:
    same = write_seeds(tmp_path / "same", "1a2b", "1a2b")
    systems = predict_systems(Evaluation(str(same), folder, source="pictures"))
    assert report_of(systems, "fault-filtered", "test")["recipe_hash"] == "1a2b"
    runs = write_seeds(tmp_path / "runs", "1a2b", "3c4d")
    with pytest.raises(TrainingDataError, match=r"seed-1.*different recipes \(bands 1a2b"):
        predict_systems(Evaluation(str(runs), folder, source="pictures"))
    one = predictions_of(np.eye(10, dtype=np.float32), np.arange(10))
    with pytest.raises(TrainingDataError, match="different recipe_hash"):
        report_of([one, replace(one, recipe_hash="3c4d")], "fault-filtered", "test")
