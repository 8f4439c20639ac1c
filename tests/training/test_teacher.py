"""Learning from what trained models say."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from gtzan_folder import quick_recipe, write_pictures
from onnx_models import FRONT_END, write_small_model
from tiny_recipe import tiny_recipe

from genre_model.cli import main
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.model_file import read_model, write_model
from genre_model.segment_probabilities import softmax
from genre_model.segments import Segments
from genre_model.training.experiment import Experiment, train_protocol
from genre_model.training.gtzan import GENRES, find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.recipe_identity import recipe_of
from genre_model.training.repeating import training_command
from genre_model.training.run_folder import RunFolder
from genre_model.training.teacher import (
    Teacher,
    Teaching,
    find_teachers,
    read_teachers,
    teacher_network,
)
from genre_model.training.train import train_network
from genre_model.training.training_data import TrainingData

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.labelled_mel_frames import LabelledMelFrames

N_BANDS, N_FRAMES = 68, 112


class Stubborn(Teacher):
    """Always says the same genre, whatever the label."""

    def __init__(self, genre: int, weight: float) -> None:
        super().__init__([], Teaching((), weight, temperature=1.0))
        self._opinion = torch.eye(len(GENRES))[genre]

    def probabilities(self, segments: torch.Tensor) -> torch.Tensor:
        return self._opinion.expand(len(segments), -1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(4))


@pytest.fixture(scope="module")
def tracks(folder: Path) -> LabelledMelFrames:
    return load_labelled_mel_frames(find_tracks(folder), quick_recipe().front_end)


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trainings on everything."""
    out = tmp_path_factory.mktemp("teachers")
    train_protocol(Experiment(tiny_recipe(), folder, out, "all"), [0, 1])
    return out


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_opinion_counts_by_its_weight(
    tracks: LabelledMelFrames, tmp_path: Path, weight: float
) -> None:
    recipe = quick_recipe(epochs=6, label_smoothing=0.0)
    data = TrainingData(tracks, tracks.subset(()), Stubborn(3, weight))
    run = RunFolder(tmp_path)
    run.start({})
    network = train_network(recipe, 0, data, run)
    segments = torch.from_numpy(tracks.mel_frames[0][None, :, :N_FRAMES].copy())
    probability = network(segments.float())[0].softmax(dim=1)[0, 3].item()
    assert probability > 0.5 if weight else probability < 0.2


def test_an_opinion_is_the_mean_of_all(runs: Path) -> None:
    found = find_teachers(runs / "all" / "fold-1")
    assert [run.name for run in found] == ["seed-0", "seed-1"]
    networks = [teacher_network(run) for run in found]
    scorer = read_model(found[0] / "model.onnx").scorer
    segments = torch.randn(5, *scorer.segment_shape) * 15 - 40
    teaching = Teaching((runs,))
    opinion = Teacher(networks, teaching).probabilities(segments).numpy()
    assert opinion.shape == (5, len(GENRES))
    assert opinion.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    each = [Teacher([one], teaching).probabilities(segments).numpy() for one in networks]
    assert np.abs(each[0] - each[1]).max() > 1e-3
    assert opinion == pytest.approx(np.mean(each, axis=0), abs=1e-6)
    scored = scorer.score(Segments(segments.numpy(), np.zeros(5, np.int64))).logits
    assert each[0] == pytest.approx(softmax(scored, teaching.temperature), abs=1e-4)


@pytest.mark.parametrize("training", [None, [], {"genres": 3}, {"genres": ["jazz"]}])
def test_damaged_settings_of_a_teacher_are_named(
    runs: Path, tmp_path: Path, training: object
) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs / "all" / "fold-1" / "seed-0", run)
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(settings | {"training": training}))
    if training == {"genres": ["jazz"]}:
        with pytest.raises(TrainingDataError, match="are not of its recipe"):
            teacher_network(run)
        return
    with pytest.raises(TrainingDataError, match=r"--teachers: .*settings.json is damaged"):
        teacher_network(run)


def test_a_training_says_who_taught_it(folder: Path, runs: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    experiment = Experiment(recipe, folder, tmp_path, "all", teaching=Teaching((runs,)))
    (run,) = train_protocol(experiment, [0])
    taught = json.loads((run.path / "settings.json").read_text("utf-8"))["training"]
    paths = sorted((runs / "all" / "fold-1").glob("seed-*/model.onnx"))
    assert taught["teaching"] == {
        "models": [read_model(path).model_id for path in paths],
        "recipes": [list(recipe_of(read_model(path).card)) for path in paths],
        "weight": 0.7,
        "temperature": 2.0,
    }
    card = read_model(run.model_path).card
    assert card.training["teaching"] == taught["teaching"]
    untaught = read_model(paths[0]).card
    assert recipe_of(card) != recipe_of(untaught), "their mean would mean nothing"
    other = taught["teaching"] | {"models": ["those of another fold"]}
    of_another_fold = replace(card, training=card.training | {"teaching": other})
    assert recipe_of(of_another_fold) == recipe_of(card)
    assert "--teachers TEACHERS --teacher-weight 0.7 " in training_command(card.training)
    with pytest.raises(TrainingDataError, match="other settings"):
        train_protocol(replace(experiment, teaching=None), [0])


def test_teachers_that_have_heard_other_tracks_are_refused(runs: Path) -> None:
    folder, front_end = find_teachers(runs / "all" / "fold-1"), tiny_recipe().front_end
    heard = read_model(folder[0] / "model.onnx").card.training["track_ids"]
    assert len(read_teachers(folder, front_end, GENRES, heard)) == 2
    first, *others = sorted(heard)
    expected = rf"1 tracks that this fold .* such as {re.escape(first)}"
    with pytest.raises(TrainingDataError, match=expected):
        read_teachers(folder, front_end, GENRES, others)


def test_teachers_that_do_not_say_what_they_have_heard_are_refused(
    runs: Path, tmp_path: Path
) -> None:
    path = runs / "all" / "fold-1" / "seed-0" / "model.onnx"
    silent = replace(read_model(path).card, training={})
    write_model(tmp_path / "model.onnx", path.read_bytes(), silent)
    with pytest.raises(TrainingDataError, match="does not say which tracks"):
        read_teachers([tmp_path], tiny_recipe().front_end, GENRES, [])


def test_teachers_with_other_genres_are_refused(tmp_path: Path) -> None:
    write_small_model(tmp_path / "model.onnx")
    with pytest.raises(RecipeError, match="other genres"):
        read_teachers([tmp_path], FRONT_END, GENRES, [])


def test_a_run_without_its_weights_cannot_teach(runs: Path, tmp_path: Path) -> None:
    run = shutil.copytree(runs / "all" / "fold-1" / "seed-0", tmp_path / "seed-0")
    (run / "weights.pt").write_bytes(b"no weights")
    with pytest.raises(TrainingDataError, match=r"weights\.pt is damaged"):
        teacher_network(run)
    (run / "weights.pt").unlink()
    with pytest.raises(TrainingDataError, match=r"weights\.pt is missing"):
        find_teachers(tmp_path)
    (run / "settings.json").unlink()  # as what is fused or quantised
    with pytest.raises(TrainingDataError, match="seed-0 is no training: what was fused"):
        find_teachers(tmp_path)


def test_teachers_of_several_folders_teach_together(
    folder: Path, runs: Path, tmp_path: Path
) -> None:
    arguments = ["--data", str(folder), "--out", str(tmp_path), "--protocol", "all"]
    both = ["--teachers", str(runs), "--teachers", str(runs)]
    short = ["--set", "training.epochs=1", "--set", "training.steps_per_epoch=1"]
    assert main(["train", "gtzan_crnn", *arguments, *both, *short]) == 0
    taught = read_model(tmp_path / "all" / "fold-1" / "seed-0" / "model.onnx").card
    assert len(taught.training["teaching"]["models"]) == 4


def test_a_folder_without_teachers_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(folder), "--out", str(tmp_path / "out"), "--protocol", "all"]
    teachers = tmp_path / "nobody"
    assert main(["train", "gtzan_crnn", *arguments, "--teachers", str(teachers)]) == 1
    error = capsys.readouterr().err
    assert f"--teachers: no trained model in {teachers / 'all' / 'fold-1'}" in error
    assert main(["train", "gtzan_crnn", *arguments, "--teacher-weight", "1"]) == 1
    assert "--teacher-weight: whose opinion?" in capsys.readouterr().err
