"""Networks that compute with 8-bit integers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from gtzan_folder import quick_recipe, write_pictures
from onnx import numpy_helper

from genre_model.cli import main
from genre_model.commands.quantise import evenly
from genre_model.errors import TrainingDataError
from genre_model.foreign_model import check_foreign_model
from genre_model.model_file import read_model
from genre_model.training.experiment import Experiment, train_protocol
from genre_model.training.gtzan import GENRES, LabelledTrack
from genre_model.training.parent_weights import read_parent_weights
from genre_model.training.publish import measured_card
from genre_model.training.recipe_identity import recipe_of

COUNTS = ("n_calibration_tracks", "n_compared_tracks")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(4))


@pytest.fixture(scope="module")
def floats(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained on all of the folder."""
    out = tmp_path_factory.mktemp("runs")
    recipe = quick_recipe(epochs=3, steps_per_epoch=20, learning_rate=1e-2)
    train_protocol(Experiment(recipe, folder, out, "all"), [0])
    (path,) = out.rglob("model.onnx")
    return path


@pytest.fixture(scope="module")
def int8(folder: Path, floats: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("int8") / "int8.onnx"
    arguments = ["quantise", str(floats), "--data", str(folder), "--out", str(out)]
    assert main([*arguments, "--name", "eight"]) == 0
    return out


def test_convolutions_compute_with_integers(int8: Path) -> None:
    graph = onnx.load(int8).graph
    producers = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert convolutions
    for node in convolutions:
        assert {producers[name] for name in node.input} == {"DequantizeLinear"}


def test_weights_take_seven_bits(int8: Path) -> None:
    weights = [
        numpy_helper.to_array(one)
        for one in onnx.load(int8).graph.initializer
        if one.name.endswith("conv2.weight_quantized")
    ]
    assert weights
    assert max(np.abs(values.astype(int)).max() for values in weights) <= 64


def test_the_card_says_how_far_answers_moved(floats: Path, int8: Path) -> None:
    before, after = read_model(floats).card, read_model(int8).card
    found = after.training["int8"]
    assert sum(found[key] for key in COUNTS) == before.training["n_tracks"]
    assert 0 < found["mean_difference"] <= found["largest_difference"] < 0.2
    assert after.name == "eight"
    assert (after.genres, after.front_end) == (before.genres, before.front_end)


def test_it_can_be_fine_tuned(floats: Path, int8: Path) -> None:
    before, after = read_parent_weights(floats).weights, read_parent_weights(int8).weights
    assert before.keys() == after.keys()
    for name, values in before.items():
        step = values.abs().max() / 60
        torch.testing.assert_close(after[name], values, atol=float(step), rtol=0)


def test_a_careful_reader_accepts_it(int8: Path) -> None:
    assert check_foreign_model(int8) == int8.read_bytes()


def test_the_card_says_how_accurate_it_is(
    folder: Path, floats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, int8_runs, report = (tmp_path / name for name in ("runs", "int8", "report"))
    recipe = quick_recipe(epochs=3, steps_per_epoch=20, learning_rate=1e-2)
    train_protocol(Experiment(recipe, folder, runs, "stratified-80-20"), [0, 1])
    data = ["--data", str(folder)]
    assert main(["quantise", str(runs), *data, "--out", str(int8_runs)]) == 0
    assert capsys.readouterr().out.count("model.onnx: ") == 2
    protocol = ["--protocol", "stratified-80-20"]
    assert main(["evaluate", str(int8_runs), *data, *protocol, "--out", str(report)]) == 0
    out = tmp_path / "x.onnx"
    reports = ["--report", str(report / "report.json")]
    assert main(["quantise", str(floats), *data, *reports, "--out", str(out)]) == 0
    card = read_model(out).card
    measured = card.metrics["stratified-80-20"]
    assert measured["seeds"] == 2
    assert "genre-model quantise RUN --data DIR --source" in measured["command"]
    assert "evaluate INT8" in measured["command"]


def test_of_runs_each_is_taken(
    folder: Path, floats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = tmp_path / "runs", tmp_path / "int8"
    recipe = quick_recipe(epochs=1, steps_per_epoch=2)
    # Whose training tracks are segments.
    train_protocol(Experiment(recipe, folder, runs, "segment-random"), [0])
    broken = runs / "a" / "model.onnx"
    broken.parent.mkdir()
    broken.write_bytes(floats.read_bytes()[:1000])
    assert main(["quantise", str(runs), "--data", str(folder), "--out", str(out)]) == 1
    assert str(broken) in capsys.readouterr().err
    (path,) = out.rglob("model.onnx")
    assert "segment-random" in path.parts


def test_every_genre_is_among_the_chosen_tracks() -> None:
    genres = [genre for genre in GENRES for _ in range(44)]
    tracks = [LabelledTrack(str(n), genre, Path(str(n))) for n, genre in enumerate(genres)]
    chosen = evenly(tracks, 200)
    assert len(chosen) == 200
    for half in (chosen[::2], chosen[1::2]):
        assert {track.genre for track in half} == set(GENRES)
    assert evenly(tracks[:3], 200) == tracks[:3]


def test_a_report_of_floats_is_none_of_integers(
    floats: Path, int8: Path, tmp_path: Path
) -> None:
    floats_card, int8_card = read_model(floats).card, read_model(int8).card
    report = tmp_path / "report.json"
    for measured, other in ((floats_card, int8_card), (int8_card, floats_card)):
        recipe, recipe_hash = recipe_of(measured)
        values = {"recipe": recipe, "recipe_hash": recipe_hash}
        report.write_text(json.dumps(values | {"part": "test", "n_seen": 0}))
        with pytest.raises(
            TrainingDataError, match="only one of them computes with 8-bit integers"
        ):
            measured_card(other, [report])


@pytest.mark.parametrize(
    ("model", "out", "said"),
    [
        ("floats", "x.pt", "has to end in .onnx"),
        ("floats", "model.onnx", "is the model itself"),
        ("empty", "x", "would replace"),
        ("empty", "../x", "holds no complete training"),
    ],
)
def test_it_says_what_is_wrong(
    model: str,
    out: str,
    said: str,
    floats: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "runs"
    path.mkdir()
    if model == "floats":
        path = path / "model.onnx"
        path.write_bytes(floats.read_bytes())
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "runs" / out)]
    assert main(["quantise", str(path), *arguments]) == 1
    assert said in capsys.readouterr().err


def test_once_is_enough(
    folder: Path, int8: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.onnx"
    assert main(["quantise", str(int8), "--data", str(folder), "--out", str(out)]) == 1
    assert "already" in capsys.readouterr().err
    assert not out.exists()


def test_tracks_of_the_training_are_needed(
    floats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = write_pictures(tmp_path / "others", range(50, 51))
    out = tmp_path / "x.onnx"
    assert main(["quantise", str(floats), "--data", str(others), "--out", str(out)]) == 1
    assert "holds 0 of the 38 tracks" in capsys.readouterr().err
