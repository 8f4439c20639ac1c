"""``genre-model fuse``: two networks as one."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import torch
from gtzan_folder import quick_recipe, write_pictures
from scipy.stats import chi2

from genre_model.classifier import GenreClassifier
from genre_model.cli import main
from genre_model.errors import TrainingDataError
from genre_model.known_music import N_FEATURES
from genre_model.model_file import read_model, write_model
from genre_model.segments import Segments
from genre_model.training.experiment import Experiment, train_protocol
from genre_model.training.fusion import fused_card, fused_network
from genre_model.training.gtzan import find_tracks
from genre_model.training.known_music_fit import (
    MARGIN,
    PERCENT_BEYOND,
    RIDGE,
    fit_known_music,
    known_music_of,
)
from genre_model.training.labelled_mel_frames import (
    LabelledMelFrames,
    load_labelled_mel_frames,
)
from genre_model.training.parent_weights import read_parent_weights
from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "fault-filtered/fold-1/seed-0/model.onnx"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks of all parts of the fault-filtered lists."""
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(30, 90, 3))


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Trainings of a CRNN, and of covariances alone."""
    crnn, covariances = (tmp_path_factory.mktemp(name) for name in ("crnn", "covariances"))
    recipe = quick_recipe(epochs=2)
    train_protocol(Experiment(recipe, folder, crnn), [0])
    options = {"coefficients": 6, "hidden": 7}
    other = replace(
        recipe, name="covariances", network="mfcc_covariance", network_options=options
    )
    train_protocol(Experiment(other, folder, covariances), [0])
    return crnn, covariances


def fuse(runs: tuple[Path, Path], folder: Path, out: Path, *more: str) -> int:
    first, second = map(str, runs)
    return main(["fuse", first, second, "--data", str(folder), "--out", str(out), *more])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_logits_are_the_mean_and_embeddings_stand_side_by_side(
    runs: tuple[Path, Path], folder: Path, tmp_path: Path, share: float
) -> None:
    assert fuse(runs, folder, tmp_path, "--share", str(share)) == 0
    values = np.random.default_rng(0).normal(-40, 15, (5, 84, 112)).astype(np.float32)
    segments = Segments(values, np.zeros(5, np.int64))
    both = [read_model(run / PLACE).scorer.score(segments) for run in runs]
    fused = read_model(tmp_path / PLACE).scorer.score(segments)
    mean = (1 - share) * both[0].logits + share * both[1].logits
    np.testing.assert_allclose(fused.logits, mean, rtol=1e-4, atol=1e-4)
    together = np.concatenate([one.embedding for one in both], axis=1)
    np.testing.assert_allclose(fused.embedding, together, rtol=1e-4, atol=1e-4)


def test_it_is_evaluated_and_published_like_any_other(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fused, report = tmp_path / "fused", tmp_path / "report"
    assert fuse(runs, folder, fused) == 0
    arguments = ["evaluate", str(fused), "--data", str(folder), "--out", str(report)]
    assert main(arguments) == 0
    model = tmp_path / "fused.onnx"
    run = fused / PLACE.removesuffix("/model.onnx")
    published = ["export", str(run), "--name", "both", "--out", str(model)]
    assert main([*published, "--report", str(report / "report.json")]) == 0
    card = read_model(model).card
    assert card.metrics["fault-filtered"]["command"] == (
        "genre-model train gtzan_crnn --data DIR --source pictures --out RUN-1 --protocol "
        "fault-filtered --seeds 1 && genre-model train covariances --data DIR --source "
        "pictures --out RUN-2 --protocol fault-filtered --seeds 1 && genre-model fuse "
        "RUN-1 RUN-2 --share 0.5 --data DIR --source pictures --out RUN && genre-model "
        "evaluate RUN --data DIR --source pictures --protocol fault-filtered --seeds 1"
    )
    capsys.readouterr()
    assert main(["models", str(model), "--json"]) == 0
    training = json.loads(capsys.readouterr().out)["training"]
    sizes = [read_model(each / PLACE).card.training["n_parameters"] for each in runs]
    assert training["n_parameters"] == sum(sizes)


def test_a_head_can_be_trained_on_it(
    runs: tuple[Path, Path], folder: Path, tmp_path: Path
) -> None:
    """Its logits are a linear function of its embedding."""
    assert fuse(runs, folder, tmp_path) == 0
    scorer = read_model(tmp_path / PLACE).scorer
    values = np.random.default_rng(1).normal(-40, 15, (400, 84, 112)).astype(np.float32)
    scored = scorer.score(Segments(values, np.zeros(len(values), np.int64)))
    wide = np.concatenate([scored.embedding, np.ones((len(values), 1))], axis=1)
    weights, *_ = np.linalg.lstsq(wide, scored.logits, rcond=None)
    np.testing.assert_allclose(wide @ weights, scored.logits, atol=1e-3)


def test_one_can_compute_with_integers(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    int8, fused, report = (tmp_path / name for name in ("int8", "fused", "report"))
    data = ["--data", str(folder)]
    assert main(["quantise", str(runs[0]), *data, "--out", str(int8)]) == 0
    assert fuse((int8, runs[1]), folder, fused) == 0
    assert main(["evaluate", str(fused), *data, "--out", str(report)]) == 0
    run, model = (fused / PLACE).parent, tmp_path / "both.onnx"
    published = ["export", str(run), "--name", "both", "--out", str(model)]
    assert main([*published, "--report", str(report / "report.json")]) == 0
    training = read_model(model).card.training
    assert training["fused"]["int8"] == [True, False]
    assert training["command"].endswith(
        " && genre-model quantise RUN-1 --data DIR --source pictures --out INT8-1 && "
        "genre-model train covariances --data DIR --source pictures --out RUN-2 --protocol "
        "fault-filtered && genre-model fuse INT8-1 RUN-2 --share 0.5 --data DIR --source "
        "pictures --out RUN"
    )
    capsys.readouterr()
    arguments = ["quantise", str(model), *data, "--out", str(tmp_path / "again.onnx")]
    assert main(arguments) == 1
    assert "computes with 8-bit integers already" in capsys.readouterr().err


def test_it_is_not_quantised_as_a_whole(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sums of covariances need more than 8 bits."""
    assert fuse(runs, folder, tmp_path) == 0
    arguments = ["quantise", str(tmp_path / PLACE), "--data", str(folder)]
    assert main([*arguments, "--out", str(tmp_path / "int8.onnx")]) == 1
    assert "is fused: quantise what it is made of" in capsys.readouterr().err


def test_its_crnn_can_be_fine_tuned(
    runs: tuple[Path, Path], folder: Path, tmp_path: Path
) -> None:
    assert fuse(runs, folder, tmp_path) == 0
    alone, fused = (read_parent_weights(path / PLACE) for path in (runs[0], tmp_path))
    assert (fused.channels, fused.gru_units) == (alone.channels, alone.gru_units)
    assert fused.weights.keys() == alone.weights.keys()
    for name, values in alone.weights.items():
        torch.testing.assert_close(fused.weights[name], values)


def test_what_does_not_belong_together_is_refused(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "other"
    model = read_model(runs[1] / PLACE)
    (other / PLACE).parent.mkdir(parents=True)
    training = model.card.training | {"track_ids": ["blues.00000"]}
    write_model(other / PLACE, model.content, replace(model.card, training=training))
    assert fuse((runs[0], other), folder, tmp_path / "out") == 1
    assert "not trained on the same tracks" in capsys.readouterr().err
    write_model(
        other / PLACE, model.content, replace(model.card, genres=tuple("abcdefghij"))
    )
    assert fuse((runs[0], other), folder, tmp_path / "out") == 1
    assert "other genres, or another front end" in capsys.readouterr().err
    assert fuse((runs[0], tmp_path / "none"), folder, tmp_path / "out") == 1
    assert "no complete training" in capsys.readouterr().err
    assert fuse(runs, folder, runs[0]) == 1
    assert "lies in" in capsys.readouterr().err
    assert fuse(runs, folder, runs[1] / "fused") == 1
    assert "choose a folder elsewhere" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_of_one_operation_there_are_no_two_versions(runs: tuple[Path, Path]) -> None:
    """Softmax, for one, means another thing since opset 13."""
    models = [read_model(run / PLACE) for run in runs]
    older = onnx.load_model_from_string(models[1].content)
    older.opset_import[0].version = 12
    models[1] = replace(models[1], content=older.SerializeToString())
    with pytest.raises(TrainingDataError, match=r"ONNX opsets \d+ and 12"):
        fused_network(models, 0.5)


def test_it_has_the_licences_of_both(runs: tuple[Path, Path]) -> None:
    models = [read_model(run / PLACE) for run in runs]
    first, second = models[0].card.licence, "Weights of one's own: CC0."

    def licence_of(*licences: str) -> str:
        both = [
            replace(model, card=replace(model.card, licence=licence))
            for model, licence in zip(models, licences, strict=True)
        ]
        return fused_card(both, 0.5).licence

    assert licence_of(first, first) == first
    assert licence_of(first, f"{first} {second}") == f"{first} {second}"
    assert licence_of(first, second) == f"{first} {second}"


def test_a_pair_that_cannot_be_fused_does_not_stop_the_rest(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    twins = tmp_path / "first", tmp_path / "second"
    for run, twin in zip(runs, twins, strict=True):
        for seed in ("seed-0", "seed-1"):
            shutil.copytree((run / PLACE).parent, twin / "fault-filtered/fold-1" / seed)
    (twins[1] / PLACE).write_bytes(b"no model")
    alone = twins[0] / "fault-filtered/fold-1/seed-2"
    shutil.copytree((runs[0] / PLACE).parent, alone)
    assert fuse(twins, folder, tmp_path / "out") == 1
    told = capsys.readouterr()
    assert str(twins[1] / PLACE) in told.err
    assert "1 runs of" in told.err
    assert "fault-filtered/fold-1/seed-2" in told.err
    assert "seed-1/model.onnx" in told.out
    assert not (tmp_path / "out" / PLACE).exists()


def test_what_one_of_the_two_may_not_know_is_refused(runs: tuple[Path, Path]) -> None:
    first, second = (read_model(run / PLACE) for run in runs)
    training = second.card.training | {"left_out": ["blues.00000"]}
    other = replace(second, card=replace(second.card, training=training))
    for models in ((first, other), (other, first)):
        with pytest.raises(TrainingDataError, match="had other tracks left out"):
            fused_card(models, 0.5)


def test_what_was_left_out_calibrates_nothing(folder: Path, tmp_path: Path) -> None:
    left_out = frozenset(folds_of("fault-filtered")[0].valid)
    experiment = Experiment(quick_recipe(epochs=1), folder, tmp_path, leave_out=left_out)
    runs = tmp_path / "first", tmp_path / "second"
    for out in runs:
        train_protocol(replace(experiment, out=out), [0])
    assert fuse(runs, folder, tmp_path / "fused") == 0
    assert read_model(tmp_path / "fused" / PLACE).card.temperature == 1.0


def test_it_knows_the_music_of_its_training(
    runs: tuple[Path, Path], folder: Path, tmp_path: Path
) -> None:
    assert fuse(runs, folder, tmp_path) == 0
    classifier = GenreClassifier.load(tmp_path / PLACE)
    assert classifier.card.known_music is not None
    tracks = load_labelled_mel_frames(
        find_tracks(folder, "pictures"), classifier.card.front_end
    )
    said = [classifier.predict_mel_frames(tmp_path, one) for one in tracks.mel_frames]
    assert sum(one.is_unknown for one in said) <= len(said) // 20
    slow = np.linspace(-60, -20, 84 * 344, dtype=np.float32).reshape(84, 344)
    assert classifier.predict_mel_frames(tmp_path, slow).is_unknown


def test_networks_of_some_genres_are_calibrated_on_those(
    folder: Path, tmp_path: Path
) -> None:
    genres = ("jazz", "metal", "pop")
    recipe = quick_recipe(epochs=1)
    runs = tmp_path / "first", tmp_path / "second"
    for out in runs:
        train_protocol(Experiment(recipe, folder, out, genres=genres), [0])
    assert fuse(runs, folder, tmp_path / "fused") == 0
    card = read_model(tmp_path / "fused" / PLACE).card
    assert card.genres == genres
    assert card.temperature != 1


def test_a_few_tracks_are_no_distribution() -> None:
    frames = np.zeros((84, 344), np.float32)
    few = LabelledMelFrames(("a",), np.zeros(1, np.int64), (frames,))
    with pytest.raises(TrainingDataError, match="1 tracks are too few"):
        fit_known_music(few, quick_recipe().front_end.segment)


def test_the_limit_is_what_tracks_reach_that_were_left_out() -> None:
    """Of features that are normal, squared distances follow chi-squared."""
    rng = np.random.default_rng(0)
    features = rng.normal(3, 2, (4000, N_FEATURES)).astype(np.float32)
    known = known_music_of(features)
    reached = math.sqrt(chi2.ppf(1 - PERCENT_BEYOND / 100, N_FEATURES) / (1 + RIDGE))
    assert known.limit == pytest.approx(MARGIN * reached, rel=0.03)


def test_few_tracks_have_a_wider_limit() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (60, N_FEATURES)).astype(np.float32)
    known = known_music_of(features)
    inside = [known.distance(row) for row in features]
    assert known.limit > 1.5 * MARGIN * max(inside)


def test_tracks_of_the_training_that_are_missing_are_an_error(
    runs: tuple[Path, Path],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    some = tmp_path / "some"
    shutil.copytree(folder, some)
    missing = sorted(some.rglob("blues.000*.png"))[::2]
    for path in missing:
        path.unlink()
    assert fuse(runs, some, tmp_path / "fused") == 1
    assert re.search(r"holds \d+ of the \d+ tracks that the runs", capsys.readouterr().err)
