"""``genre-model train-head``: the model, its card and report, held-out tracks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from personal.conftest import (
    GENRES,
    N_ARTISTS,
    N_FILES,
    N_TRACKS,
    artist_of,
    genre_of,
    linked,
)

from genre_model.classifier import GenreClassifier
from genre_model.cli.main import main
from genre_model.model.model_file import read_model
from genre_model.personal.personal_model import PROTOCOL

if TYPE_CHECKING:
    from commands import Command
    from personal.conftest import TrainHead


def test_a_folder_becomes_a_model_that_tags(train: TrainHead, run: Command) -> None:
    trained = train(train.music)
    assert trained.status == 0, trained.err
    assert "24 tracks by 12 artists, 3 genres" in trained.out
    assert "this model" in trained.out
    assert "LEAKY" not in trained.out
    model = read_model(train.out)
    assert trained.out.rstrip().endswith(f"{model.model_id} is in {train.out}")
    assert set(model.card.genres) == set(GENRES)
    assert model.card.metrics[PROTOCOL]["accuracy"] > 0.9
    assert trained.err == "", "a bar is for terminals"
    for genre in GENRES:
        folder = train.music / genre
        lines = run("predict", folder, "--model", train.out, "--json").out
        predicted = [json.loads(line)["genre"] for line in lines.splitlines()]
        assert predicted == [genre] * N_ARTISTS * N_TRACKS


def test_a_model_that_learned_nothing_is_reported(train: TrainHead) -> None:
    rows = [(path, "xy"[i % 2]) for i, path in enumerate(train.files())]
    run = train(train.table(rows))
    assert run.status == 0, run.err
    assert run.out.endswith("\nIt is no better than 'majority' in the table.\n")


def test_each_file_is_decoded_once(
    train: TrainHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(train.music)
    assert len(train.decoded) == N_FILES
    assert (train.folder / "own.embeddings.db").exists()
    monkeypatch.chdir(train.music.parent)  # another spelling of the folder
    second = train(Path(train.music.name), "--test", train.music)
    assert second.status == 0
    assert len(train.decoded) == N_FILES
    assert second.out.startswith(first.out.partition("own@")[0])


def test_the_same_tracks_become_the_same_file(train: TrainHead) -> None:
    assert train.cached(train.music).status == 0
    content = train.out.read_bytes()
    assert train.cached(train.music, "-t", 1).status == 0
    assert train.out.read_bytes() == content


def test_a_table_trains_as_a_folder_does(train: TrainHead) -> None:
    rows = [(path, genre_of(path), artist_of(path)) for path in train.files()]
    by_table, by_folder = train.cached(train.table(rows)), train.cached(train.music)
    assert by_table.status == by_folder.status == 0
    assert by_table.out.partition("own@")[0] == by_folder.out.partition("own@")[0]


def test_the_card_holds_the_command_without_paths(train: TrainHead) -> None:
    options = (
        *("--name", "my genres", "--map", "low=bass; deep", "--map", "noise="),
        *("--alias", "bass=Hip-Hop", "--folds", 3, "--seed", 1, "--test", train.music),
        *("--genre-balance", 0.5, "--max-per-artist", 2, "--labels", "all"),
        *("--report", train.folder / "report.json", "--replace", "-t", 2),
    )
    assert train.cached(train.music, *options).status == 0
    card = read_model(train.out).card
    assert card.name == "my genres"
    assert card.training["command"] == (
        "genre-model train-head --data DATA --out OUT --name 'my genres' --labels all "
        "--min-tracks 2 --max-per-artist 2 --genre-balance 0.5 --folds 3 --seed 1 "
        "--map 'low=bass;deep' --map noise= --alias bass=Hip-Hop --test TEST"
    )
    assert set(card.genres) == {"bass", "deep", "high"}
    assert str(train.folder) not in card.to_json()


def test_a_new_model_can_be_the_parent_of_the_next(train: TrainHead) -> None:
    parent = train.folder / "parent.onnx"
    assert train.cached(train.music, "--out", parent).status == 0
    run = train(train.music, "--parent", parent)
    assert run.status == 0, run.err
    assert "parent, by name" not in run.out, "it was trained on these labels"
    assert "--parent PARENT" in read_model(train.out).card.to_json()


def test_the_report_tells_how_much_unknown_music_is_written(train: TrainHead) -> None:
    out = train.cached(train.music).out
    assert re.search(r"left out in turn, it writes \d+\.\d% at 0\.6", out)


def test_a_label_that_was_left_out_is_unknown_to_the_model(
    train: TrainHead, run: Command
) -> None:
    sounds = train.files()
    noises = train.files("noise")
    rows = [(p, genre_of(p), artist_of(p)) for p in sounds if p not in noises[2:]]
    trained = train.cached(train.table(rows), "--min-tracks", "4")
    assert "left out, fewer than 4 tracks: noise 2" in trained.out
    assert "left out in turn" not in trained.out, "of two genres none can be"
    lines = run("predict", "--model", train.out, *sounds).out.splitlines()
    unknown = [": unknown (" in line for line in lines]
    assert unknown == ["noise" in str(path) for path in sounds]


def test_several_genres_at_once(train: TrainHead, run: Command) -> None:
    labels = {"low": "tones;low", "high": "tones;high", "noise": "noise"}
    rows = [(path, labels[genre_of(path)], artist_of(path)) for path in train.files()]
    data = train.table(rows)
    trained = train.cached(data, "--labels", "all", "--test", data)
    assert trained.status == 0, trained.err
    assert read_model(train.out).card.multi_label
    folder = train.music / "low"
    lines = run("predict", folder, "--model", train.out, "--json").out
    for line in lines.splitlines():
        probable = json.loads(line)["probabilities"]
        assert probable["low"] > 0.5
        assert probable["tones"] > 0.5
        assert probable["noise"] < 0.5
    first = train.cached(data, "--replace")
    assert set(read_model(train.out).card.genres) == {"tones", "noise"}
    assert "2 genres" in first.out


def test_two_artists_in_a_label_are_enough(train: TrainHead) -> None:
    # Some heads see one label only, and no label has a track for each of the folds.
    few = [p for p in train.files("low", "high") if artist_of(p)[-1] in "12"]
    rows = [(p, genre_of(p), artist_of(p)) for p in few if p.stem == "track 0"]
    run = train(train.table(rows))
    assert run.status == 0, run.err
    assert "4 tracks by 4 artists" in run.out


def test_names_that_no_track_has_are_pointed_out(train: TrainHead) -> None:
    maps = ("--map", "lwo=bass", "--map", "Low=bass")
    aliases = ("--alias", "hihg=jazz", "--alias", "low=jazz", "--alias", "BASS=jazz")
    run = train.cached(train.music, *maps, *aliases)
    assert run.status == 0
    assert run.err.splitlines() == [
        "genre-model: --map lwo: no track has that label",
        "genre-model: --alias hihg: no track has that label",
        "genre-model: --alias low: no track has that label",
    ]


def test_numbers_are_written_for_programs(train: TrainHead) -> None:
    report = train.folder / "new folder" / "report.json"
    options = ("--report", report, "--test", train.music)
    assert train.cached(train.music, *options).status == 0
    numbers = json.loads(report.read_text())
    card = read_model(train.out).card
    assert numbers["accuracy"] == card.metrics[PROTOCOL]["accuracy"]
    assert numbers["baselines"]["majority"]["accuracy"] < 0.5
    assert numbers["model"].startswith("own@")
    assert numbers["test"]["n_tracks"] == N_FILES
    assert numbers["test"]["leaks"]


@pytest.fixture
def parts(train: TrainHead) -> tuple[Path, Path]:
    """Return two folders that share no artist, to train and to test."""
    data, test = train.folder / "train", train.folder / "test"
    for genre in GENRES:
        files = train.files(genre)
        linked(data / genre, [p for p in files if "artist 0" not in str(p)])
        linked(test / genre, [p for p in files if "artist 0" in str(p)])
    return data, test


def test_held_out_tracks_are_scored_beside_the_parent(
    parts: tuple[Path, Path], train: TrainHead
) -> None:
    data, test = parts
    report = train.folder / "report.json"
    options = ("--test", test, "--alias", "low=jazz", "--report", report)
    run = train(data, *options)
    assert run.status == 0, run.err
    assert len(train.decoded) == N_FILES
    _, _, tested = run.out.partition(f"Test on {3 * N_TRACKS} tracks")
    assert "LEAKY" not in tested
    assert "genre_crnn_v1, by name" in tested
    numbers = json.loads(report.read_text())["test"]
    assert numbers["leaks"] == []
    # The same as predictions with the file that was written.
    classifier = GenreClassifier.load(train.out)
    surest = [classifier.predict_file(path).confidence for path in test.rglob("*.flac")]
    confidence = sum(row["confidence"] * row["tracks"] for row in numbers["reliability"])
    assert confidence / numbers["n_tracks"] == pytest.approx(np.mean(surest), abs=1e-3)
    assert train(data, *options).out == run.out
    assert len(train.decoded) == N_FILES


def test_held_out_tracks_that_share_something_with_the_training_are_leaks(
    parts: tuple[Path, Path], train: TrainHead
) -> None:
    data, test = parts
    shared = next((data / "low").glob("*/track 0.flac"))
    copy = test / "low" / shared.parent.name / "copy.flac"
    copy.parent.mkdir()
    copy.write_bytes(shared.read_bytes())
    run = train(data, "--test", test)
    assert "LEAKY: 1 tracks share an artist or an album with those" in run.out
    run = train.cached(train.music, "--test", train.music / ".." / train.music.name)
    assert f"LEAKY: the model was trained on {N_FILES} of these tracks" in run.out


def test_held_out_labels_that_the_model_does_not_know_are_left_out(
    parts: tuple[Path, Path], train: TrainHead
) -> None:
    data, test = parts
    bad = train.folder / "bad.flac"
    bad.write_bytes(b"no audio")
    files = [*sorted(test.rglob("*.flac")), bad]
    labels = ["LOW", "low;polka", "polka", "polka", "ska;low", "old name", "low"]
    other = train.table(list(zip(files, labels, range(len(files)), strict=True)))
    options = ("--test", other, "--map", "old name=high")
    run = train(data, *options)
    assert run.status == 0
    assert "Test on 3 tracks" in run.out
    assert "3 of 7 tracks have no label that the model knows" in run.out
    assert "labels that it does not know: polka 2, ska 1" in run.out
    assert "1 tracks could not be listened to" in run.out
    assert "bad.flac" in run.err
    assert "Test on 4 tracks" in train(data, *options, "--labels", "all").out


def test_if_no_track_is_left_to_test_no_file_is_decoded(
    parts: tuple[Path, Path], train: TrainHead
) -> None:
    data, test = parts
    (test / "low").rename(test / "polka")
    for genre in ("high", "noise"):
        for path in (test / genre).rglob("*.flac"):
            path.unlink()
    run = train(data, "--test", test)
    assert run.status == 1
    assert "no track is left to test: 2 of 2 tracks have no label" in run.err
    assert not train.decoded


def test_held_out_data_that_does_not_exist_is_noticed_first(train: TrainHead) -> None:
    run = train(train.music, "--test", train.folder / "nosuch")
    assert run.status == 1
    assert "nosuch" in run.err
    assert not train.decoded


def test_training_needs_no_torch(music: Path, known: Path, tmp_path: Path) -> None:
    arguments = ["train-head", "--data", str(music), "--out", str(tmp_path / "own.onnx")]
    arguments += ["--cache", str(known), "--min-tracks", "2", "--test", str(music)]
    script = (
        "import json, sys; from genre_model.cli.main import main;"
        f"status = main({arguments!r});"
        "print(json.dumps([status, sorted(sys.modules)]))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    status, loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == 0, done.stderr
    # scikit-learn loads pandas where it finds it.
    heavy = {"torch", "librosa", "matplotlib", "beets"}
    assert not heavy & set(loaded)
    assert not {name for name in loaded if name.startswith("genre_model.training")}


def test_help_explains_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train-head", "--help"])
    assert caught.value.code == 0
    assert "LABEL=GENRE" in capsys.readouterr().out


def test_a_terminal_shows_a_bar(train: TrainHead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    data = train.folder / "data"
    for genre in ("low", "high"):
        linked(data / genre, train.files(genre))
    (data / "low" / "bad.mp3").write_bytes(b"no audio")
    run = train(data)
    assert run.status == 0
    assert "/17 [" in run.err
    assert "bad.mp3" in run.err
