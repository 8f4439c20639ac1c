"""Training end to end on pictures that a tiny network learns within seconds."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from gtzan_folder import quick_recipe, write_pictures
from waiting import wait_until

from genre_model.cli.main import main
from genre_model.errors import RecipeError, TrainingDataError, TrainingDivergedError
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.labelled_mel_frames import (
    TrainingData,
    load_labelled_mel_frames,
)
from genre_model.training.data.protocols import folds_of
from genre_model.training.fit import experiment as experiments
from genre_model.training.fit.experiment import Experiment, train_protocol, trainings_of
from genre_model.training.fit.train import TrainingState, start_training, train_network
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.recipe import Recipe

    #: Tracks that train, and tracks that validate.
    Parts = tuple[LabelledMelFrames, LabelledMelFrames]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks 0 to 3 of each genre."""
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(4))


@pytest.fixture(scope="session")
def parts(folder: Path) -> Parts:
    """Tracks 0 to 2 train, track 3 validates."""
    data = load_labelled_mel_frames(find_tracks(folder), quick_recipe().front_end)
    last = {name for name in data.track_ids if name.endswith("3")}
    return data.subset(set(data.track_ids) - last), data.subset(last)


def trained(
    recipe: Recipe, parts: Parts, path: Path, seed: int = 0
) -> dict[str, torch.Tensor]:
    run = RunFolder(path)
    run.start({})
    network = train_network(recipe, seed, TrainingData(*parts), run)
    return {name: value.clone() for name, value in network.state_dict().items()}


def is_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_it_learns(parts: Parts, tmp_path: Path) -> None:
    trained(quick_recipe(epochs=6, steps_per_epoch=30, learning_rate=1e-2), parts, tmp_path)
    rows = RunFolder(tmp_path).read_metrics()
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert rows[-1]["valid_accuracy"] >= 0.5, "chance is 0.1"


def test_weights_that_are_no_numbers_are_no_model(folder: Path, tmp_path: Path) -> None:
    recipe = quick_recipe(epochs=1, learning_rate=1e30)
    (training,) = trainings_of(Experiment(recipe, folder, tmp_path, "all"), [0])
    with pytest.raises(TrainingDivergedError, match="are no numbers"):
        training.run()
    assert not training.run_folder.is_complete


def test_the_seed_decides(parts: Parts, tmp_path: Path) -> None:
    first = trained(quick_recipe(epochs=1), parts, tmp_path / "a", seed=1)
    assert is_equal(first, trained(quick_recipe(epochs=1), parts, tmp_path / "b", seed=1))
    assert not is_equal(
        first, trained(quick_recipe(epochs=1), parts, tmp_path / "c", seed=2)
    )


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_training_resumes_exactly(
    epoch: int, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(quick_recipe(), parts, tmp_path / "whole")

    def killed_after_metrics(self: RunFolder, state: dict[str, object]) -> None:
        if state["epoch"] == epoch:
            raise Killed
        write_checkpoint(self, state)

    write_checkpoint = RunFolder.write_checkpoint
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_checkpoint", killed_after_metrics)
        with pytest.raises(Killed):
            trained(quick_recipe(), parts, tmp_path / "killed")
    assert is_equal(whole, trained(quick_recipe(), parts, tmp_path / "killed"))
    metrics = [without_times(tmp_path / name) for name in ("whole", "killed")]
    assert len(metrics[0]) == 3
    assert metrics[0] == metrics[1]


def without_times(path: Path) -> list[dict[str, float]]:
    return [
        {name: value for name, value in row.items() if name != "seconds"}
        for row in RunFolder(path).read_metrics()
    ]


def test_early_stopping_keeps_the_best_weights(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genre_model.training.fit import train
    from genre_model.training.fit.train import TrackScores

    losses = iter([3.0, 2.0, 2.5, 2.6, 2.7])
    monkeypatch.setattr(
        train, "score_tracks", lambda *_: TrackScores(next(losses), accuracy=0.1)
    )
    stopped = trained(quick_recipe(epochs=9, patience_epochs=2), parts, tmp_path)
    assert len(RunFolder(tmp_path).read_metrics()) == 4
    checkpoint = RunFolder(tmp_path).read_checkpoint()
    assert checkpoint is not None
    assert checkpoint["best_epoch"] == 2
    assert is_equal(stopped, checkpoint["best_weights"])
    assert not is_equal(stopped, checkpoint["average"])


def test_early_stopping_needs_validation_tracks(parts: Parts, tmp_path: Path) -> None:
    nothing = parts[1].subset(())
    with pytest.raises(RecipeError, match="validation tracks, and there are none"):
        trained(quick_recipe(patience_epochs=2), (parts[0], nothing), tmp_path)
    with pytest.raises(RecipeError, match="less than validate_every_epochs"):
        trained(quick_recipe(patience_epochs=1, validate_every_epochs=2), parts, tmp_path)


def test_levels_of_bands_are_not_learnt_of_changed_tracks(
    parts: Parts, tmp_path: Path
) -> None:
    recipe = replace(
        quick_recipe(epochs=1, steps_per_epoch=1, standardise_tracks=True),
        network="mfcc_lstm",
        network_options={"units": [4], "band_norm": True},
    )
    with pytest.raises(RecipeError, match=r"band_norm = true .*standardise_tracks = true"):
        trained(recipe, parts, tmp_path)
    assert not RunFolder(tmp_path).read_metrics()
    as_they_are = replace(recipe.training, standardise_tracks=False)
    trained(replace(recipe, training=as_they_are), parts, tmp_path)


def test_a_damaged_checkpoint_is_named(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(TrainingDataError, match=r"checkpoint\.pt is damaged"):
        trained(quick_recipe(), parts, tmp_path)


def state_of(**changes: object) -> TrainingState:
    return start_training(torch.nn.Linear(1, 1), quick_recipe(**changes).training)


def test_the_average_follows_the_weights() -> None:
    state = state_of(ema_decay=0.5, schedule="constant", learning_rate=0.0)
    with torch.no_grad():
        state.network.weight.fill_(10.0)  # type: ignore[operator]
    for _ in range(40):
        state.take_step(state.network(torch.ones(1, 1)).sum())
    weight = state.average.state_dict()["weight"]
    assert float(weight) == pytest.approx(10, abs=1e-3)


@pytest.fixture(scope="session")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One complete run of the protocol ``all``, of 40 tracks."""
    out = tmp_path_factory.mktemp("runs")
    (run,) = train_protocol(Experiment(quick_recipe(epochs=1), folder, out, "all"), [3])
    return run


def test_a_run_folder_holds_everything(run: RunFolder) -> None:
    names = {path.name for path in run.path.iterdir()}
    assert names == {
        *("settings.json", "environment.json", "metrics.csv", "model.onnx"),
        *("metrics.png", "metrics.svg", "in-use.lock"),
    }
    settings = json.loads((run.path / "settings.json").read_text())
    assert settings["recipe"]["training"]["epochs"] == 1
    assert settings["training"]["seed"] == 3
    with (run.path / "metrics.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 1


def test_the_card_lists_the_training_tracks(run: RunFolder) -> None:
    card = read_model(run.model_path).card
    assert card.training["n_tracks"] == len(card.training["track_ids"]) > 0
    assert card.training["source"] == "pictures"
    assert card.genres[4] == "hip hop"


def test_the_model_file_names_no_file_of_this_machine(run: RunFolder) -> None:
    content = run.model_path.read_bytes()
    assert b"site-packages" not in content
    assert b".py" not in content


def test_a_complete_run_is_not_trained_again(
    run: RunFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        experiments, "train_network", lambda *_: pytest.fail("trained again")
    )
    out = run.path.parents[2]
    (again,) = train_protocol(Experiment(quick_recipe(epochs=1), folder, out, "all"), [3])
    assert again.path == run.path


def test_a_run_that_another_process_is_at_is_waited_for(
    run: RunFolder,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(
        experiments, "train_network", lambda *_: pytest.fail("trained again")
    )
    caplog.set_level(logging.INFO, "genre_model")
    experiment = Experiment(quick_recipe(epochs=1), folder, tmp_path, "all")
    waited_for = RunFolder(tmp_path / run.path.relative_to(run.path.parents[2]))
    with ThreadPoolExecutor(1) as pool:
        with waited_for.in_use():
            trained = pool.submit(train_protocol, experiment, [3])
            wait_until(lambda: "is in use by another process" in caplog.text)
            assert not trained.done()
            assert not (waited_for.path / "settings.json").exists()
            shutil.copytree(run.path, waited_for.path, dirs_exist_ok=True)
        (again,) = trained.result(timeout=30)
    assert again.path == waited_for.path
    assert f"{again.path} is complete" in caplog.text


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    old, new = (tmp_path / f"checkpoint.pt.{name}.partial" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half a file")
    os.utime(old, (0, 0))
    run.start({})
    assert new.exists(), "somebody may be writing it"
    assert not old.exists()
    run.write_checkpoint({"epoch": 0})
    run.remove_checkpoint()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "environment.json",
        "settings.json",
    ]


def test_lengths_of_segments_share_mel_frames(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def counting(tracks: list[LabelledTrack], *rest: Any, **options: Any) -> Any:
        loaded.append(len(tracks))
        return load_labelled_mel_frames(tracks, *rest, **options)

    monkeypatch.setattr(experiments, "load_labelled_mel_frames", counting)
    experiments._mel_frames.cache_clear()
    recipe = quick_recipe(epochs=1, steps_per_epoch=1)
    cards = []
    for length in (40, 60):
        segment = replace(recipe.front_end.segment, segment_frames=length)
        other = replace(recipe, front_end=replace(recipe.front_end, segment=segment))
        experiment = Experiment(other, folder, tmp_path / str(length), "all")
        (run,) = train_protocol(experiment, [0])
        cards.append(read_model(run.model_path).card)
    assert loaded == [40]
    assert [card.front_end.segment.segment_frames for card in cards] == [40, 60]


def test_what_is_left_out_is_not_trained_on(folder: Path, tmp_path: Path) -> None:
    left_out = frozenset({"blues.00000", "rock.00003", "rock.00099"})
    recipe = quick_recipe(epochs=1)
    experiment = Experiment(recipe, folder, tmp_path, "all", leave_out=left_out)
    (run,) = train_protocol(experiment, [0])
    training = read_model(run.model_path).card.training
    there = {track.track_id for track in find_tracks(folder)}
    (fold,) = folds_of("all")
    assert set(training["track_ids"]) == there & set(fold.train) - left_out
    assert training["n_tracks"] == len(training["track_ids"])
    with pytest.raises(TrainingDataError, match="other settings or tracks"):
        train_protocol(Experiment(quick_recipe(epochs=1), folder, tmp_path, "all"), [0])


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--leave-out", "missing.txt"], r"--leave-out: cannot read .*missing\.txt: "),
        (["--leave-out", "."], "--leave-out: cannot read "),
        (["--set", "training.balance=1"], "'training.balance=1' changes no setting"),
    ],
)
def test_mistaken_flags_are_named_in_one_line(
    folder: Path,
    tmp_path: Path,
    flags: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "gtzan_crnn", "--data", str(folder), "--out", "runs"]
    assert main([*arguments, "--protocol", "all", *flags]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("genre-model: ")
    assert re.search(complaint, line)
    assert not list(tmp_path.iterdir())


def test_a_list_of_tracks_is_left_out_by_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}

    def train_nothing(experiment: Experiment, seeds: list[int], _: int) -> list[RunFolder]:
        seen.update(
            leave_out=experiment.leave_out, recipe=experiment.recipe.name, seeds=seeds
        )
        return []

    monkeypatch.setattr("genre_model.training.fit.experiment.train_protocol", train_nothing)
    path = tmp_path / "clips.txt"
    path.write_text("blues.00000\n\nrock.00003 rock.00099\n", "utf-8")
    flags = ["--leave-out", str(path), "--set", "training.genre_balance=1"]
    out = str(tmp_path / "runs")
    assert main(["train", "gtzan_crnn", "--data", str(folder), "--out", out, *flags]) == 0
    assert seen == {
        "leave_out": {"blues.00000", "rock.00003", "rock.00099"},
        "recipe": "gtzan_crnn+training.genre_balance=1",
        "seeds": [0],
    }


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "gtzan", range(200, 202))
    with pytest.raises(TrainingDataError, match="none of the 443 train tracks is there"):
        train_protocol(Experiment(quick_recipe(epochs=1), folder, tmp_path / "out"), [0])


def test_broken_pictures_are_reported_and_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_pictures(tmp_path, range(1))
    (folder / "mel_png" / "jazz" / "jazz.00054.png").write_bytes(b"broken header")
    data = load_labelled_mel_frames(find_tracks(folder), quick_recipe().front_end)
    assert len(data.track_ids) == 10
    assert "skipped jazz.00054" in caplog.text


def test_pictures_cannot_serve_another_front_end(folder: Path) -> None:
    front_end = quick_recipe().front_end
    finer = replace(front_end, mel=replace(front_end.mel, hop_samples=512))
    with pytest.raises(TrainingDataError, match="pictures were made with hop_samples 1920"):
        load_labelled_mel_frames(find_tracks(folder), finer)


def test_the_top_row_of_a_picture_is_the_highest_band(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path, range(1))
    data = load_labelled_mel_frames(find_tracks(folder), quick_recipe().front_end)
    assert data.mel_frames[0].shape == (84, 344)
    blues = data.mel_frames[data.track_ids.index("blues.00000")]
    assert int(blues.mean(axis=1).argmax()) < 8
    country = data.mel_frames[data.track_ids.index("country.00000")]
    assert 16 <= int(country.mean(axis=1).argmax()) < 24
    assert np.isfinite(blues).all()


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("step", [1, 1, 0.5, 0.5, 0.25]),
        ("plateau", [1, 1, 0.5, 0.5, 0.25]),
    ],
)
def test_the_learning_rate_follows_its_schedule(schedule: str, rates: list[float]) -> None:
    state = state_of(
        schedule=schedule, schedule_factor=0.5, schedule_epochs=2, learning_rate=1.0
    )
    seen = []
    for epoch in range(5):
        seen.append(state.optimizer.param_groups[0]["lr"])
        state.take_step(state.network(torch.ones(1, 1)).sum())
        # Better once, then never again: two bad epochs are enough for a plateau.
        state.move_learning_rate(1.0 if epoch else 2.0)
    assert seen == pytest.approx(rates if schedule != "plateau" else [1, 1, 1, 1, 0.5])


def test_a_plateau_waits_for_a_validation() -> None:
    state = state_of(schedule="plateau", schedule_factor=0.5, learning_rate=1.0)
    for _ in range(5):
        state.move_learning_rate(None)
    assert state.optimizer.param_groups[0]["lr"] == 1.0


def test_frozen_weights_are_left_to_nobody() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    network[0].requires_grad_(requires_grad=False)
    optimizer = start_training(network, quick_recipe(optimizer="adam").training).optimizer
    assert sum(p.numel() for g in optimizer.param_groups for p in g["params"]) == 3
    assert type(optimizer) is torch.optim.Adam


def test_a_recipe_that_needs_validation_tracks_gets_whole_artists(tmp_path: Path) -> None:
    recipe = quick_recipe(patience_epochs=2)
    (fold, *_) = Experiment(recipe, tmp_path, tmp_path, "rotation").folds()
    assert len(fold.valid) > 50
    (plain, *_) = Experiment(quick_recipe(), tmp_path, tmp_path, "rotation").folds()
    assert plain.valid == ()
    assert sorted(plain.train) == sorted(fold.train + fold.valid)


def test_only_some_genres_can_be_told_apart(folder: Path, tmp_path: Path) -> None:
    genres = ("classical", "metal")
    recipe = quick_recipe(epochs=1)
    experiment = Experiment(recipe, folder, tmp_path, "all", genres=genres)
    (run,) = train_protocol(experiment, [0])
    card = read_model(run.model_path).card
    assert card.genres == genres
    assert {name.split(".")[0] for name in card.training["track_ids"]} == set(genres)
    assert card.training["n_parameters"] > 1000
    assert card.training["recipe_hash"] == recipe.settings_hash


def test_segments_are_tracks_of_their_own(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "gtzan", range(2))
    experiment = Experiment(
        quick_recipe(epochs=1), folder, tmp_path / "out", "segment-random"
    )
    (run,) = train_protocol(experiment, [0])
    track_ids = read_model(run.model_path).card.training["track_ids"]
    assert 30 < len(track_ids) < 60, "most of 20 tracks times 3 segments"
    assert all("#" in name for name in track_ids)


def test_the_end_of_a_track_may_lack_a_segment(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    track = find_tracks(folder)[0]
    front_end = quick_recipe().front_end
    late = [
        replace(track, track_id=f"{track.track_id}#{n}", frames=(n * 112, 112))
        for n in (2, 3)
    ]
    data = load_labelled_mel_frames(late, front_end)
    assert data.track_ids == ("blues.00000#2",)
    assert "344 mel frames, too few for blues.00000#3" in caplog.text


@pytest.mark.parametrize("genres", ["classical", "classical,polka", ","])
def test_impossible_genres_are_refused(
    genres: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--data", str(folder), "--out", str(tmp_path / "runs"), "--genres", genres]
    assert main(["train", "gtzan_crnn", *flags]) == 1
    assert "--genres: " in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
