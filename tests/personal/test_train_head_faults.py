"""``genre-model train-head``: bad input, the cache of embeddings, better models."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from onnx_models import write_small_model
from personal.conftest import GENRES, N_ARTISTS, N_FILES, artist_of, genre_of, linked

from genre_model.model.model_file import read_model, write_model
from genre_model.personal.personal_model import PROTOCOL

if TYPE_CHECKING:
    from pathlib import Path

    from personal.conftest import TrainHead


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--min-tracks", "9"], "fewer than 9 tracks: high 8, low 8, noise 8"),
        (["--map", "low=", "--map", "high="], "only noise is left"),
        (["--map", "low=tone", "--map", "high=tone", "--map", "noise="], "only tone"),
        (["--alias", "low=polka"], "--alias low: the parent knows no polka, only"),
        (["--parent", "nosuch"], "no model 'nosuch'"),
        (["--name", " "], "--name is empty"),
    ],
)
def test_bad_options_are_refused_in_one_line_before_decoding(
    train: TrainHead, options: list[str], complaint: str
) -> None:
    run = train(train.music, *options)
    assert run.status == 1
    assert complaint in run.err
    assert run.err.count("\n") == 1
    assert run.out == ""
    assert not train.decoded
    assert not train.out.exists()


@pytest.mark.parametrize(
    "options",
    [
        *("--out model.pt", "--out folder", "--cache tracks.csv", "--report report.txt"),
        *("--map low", "--map =low", "--alias low", "--min-tracks 0", "--folds 1"),
        *("--max-per-artist 0", "--seed -1", "--genre-balance 1.1"),
        *("--genre-balance nan", "--labels some", "--threads 0"),
    ],
)
def test_impossible_options_are_wrong_usage(train: TrainHead, options: str) -> None:
    with pytest.raises(SystemExit) as caught:
        train(train.music, *options.split())
    assert caught.value.code == 2


def test_data_that_does_not_exist_is_named(train: TrainHead) -> None:
    missing = train.folder / "nosuch"
    run = train(missing)
    assert run.status == 1
    assert run.err == f"genre-model: {missing}: No such file or directory\n"


def test_audio_is_no_table(train: TrainHead) -> None:
    run = train(train.files("low")[0])
    assert run.status == 1
    assert "is not UTF-8" in run.err


def test_a_label_by_one_artist_is_refused(train: TrainHead) -> None:
    run = train(train.table([(p, genre_of(p), genre_of(p)) for p in train.files()]))
    assert run.status == 1
    assert "all tracks by one artist" in run.err
    assert not train.decoded


def test_unknown_artists_make_the_score_leaky(train: TrainHead) -> None:
    run = train.cached(train.table([(path, genre_of(path)) for path in train.files()]))
    assert run.status == 0
    assert "LEAKY: the artist of 24 tracks is not known" in run.out


def test_unreadable_files_are_named_and_left_out(train: TrainHead) -> None:
    data = train.folder / "data"
    for genre in ("low", "high"):
        linked(data / genre, train.files(genre))
    # Each is the first of an artist, and takes the place of a good one.
    for folder in (data / "low").iterdir():
        (folder / "a bad one.mp3").write_bytes(b"no audio")
    run = train(data, "--max-per-artist", 2)
    assert run.status == 0
    assert run.err.count("a bad one.mp3") == N_ARTISTS
    assert "4 tracks could not be listened to" in run.out
    assert "4 tracks left out: more than 2 by an artist" in run.out
    assert "12 tracks by 8 artists, 2 genres" in run.out


def test_if_all_files_are_unreadable_the_error_tells(train: TrainHead) -> None:
    for artist in ("low/ann", "low/bob", "high/cid", "high/dan"):
        folder = train.folder / "data" / artist
        folder.mkdir(parents=True)
        (folder / "bad.mp3").write_bytes(b"no audio")
    run = train(train.folder / "data")
    assert run.status == 1
    assert "4 tracks could not be listened to; no label is left" in run.err
    assert not train.out.exists()


def test_control_characters_in_labels_are_replaced(train: TrainHead) -> None:
    odd = "\x1b\x7f  \u200bx"
    rows = [(p, f"{genre_of(p)}{odd}", artist_of(p)) for p in train.files()]
    run = train.cached(train.table(rows))
    assert run.status == 0, run.err
    assert "\x1b" not in run.out
    replacement = "\N{REPLACEMENT CHARACTER}"
    assert f"low{replacement * 2} {replacement}x" in read_model(train.out).card.genres


def test_places_that_cannot_be_written_are_noticed_first(train: TrainHead) -> None:
    (train.folder / "file").write_text("no folder")
    (train.folder / "folder.onnx").mkdir()
    for option, place in (
        ("--out", train.folder / "file" / "own.onnx"),
        ("--out", train.folder / "folder.onnx"),
        ("--report", train.folder / "file" / "report.json"),
    ):
        run = train(train.music, option, place)
        assert run.status == 1
        assert run.err.count("\n") == 1
    assert not train.decoded


def test_a_cache_that_cannot_be_written_costs_time_only(train: TrainHead) -> None:
    (train.folder / "file").write_text("no folder")
    run = train(train.music, "--cache", train.folder / "file" / "cache.db")
    assert run.status == 0
    assert run.err.count("the next training listens again") == 1
    assert train.out.exists()


def test_ctrl_c_keeps_the_embeddings(train: TrainHead) -> None:
    train.stop_at = 6
    run = train(train.music, "-t", 1)
    assert run.status == 130
    assert "own.embeddings.db keeps what was heard" in run.err
    assert not train.out.exists()
    train.stop_at = None
    train.decoded.clear()
    assert train(train.music).status == 0
    assert len(train.decoded) == N_FILES - 5


@pytest.fixture
def shuffled(train: TrainHead) -> Path:
    """Return a table of labels that have nothing to do with the sound."""
    files = enumerate(train.files())
    return train.table([(path, GENRES[n % 3], f"artist {n}") for n, path in files])


def test_a_better_model_is_replaced_on_demand_only(
    train: TrainHead, shuffled: Path
) -> None:
    report = train.folder / "report.json"
    assert train.cached(train.music).status == 0
    content = train.out.read_bytes()
    options = ("--test", train.music, "--report", report)
    run = train.cached(shuffled, *options)
    assert run.status == 1
    new = json.loads(report.read_text())["accuracy"]
    assert new < 0.8
    assert re.search(
        r"own@\w+ at .* is better: accuracy 1\.000 \(3 genres, 24 tracks\), against "
        rf"{new:.3f} \(3 genres, 24 tracks\) of the new model; nothing was written: "
        "take --replace, or another --out\n",
        run.err,
    )
    assert "this model" in run.out
    assert "Test on" not in run.out, "held-out tracks do not choose to replace"
    assert train.out.read_bytes() == content
    other = train.folder / "other.onnx"
    assert train.cached(shuffled, *options, "--out", other).status == 0
    assert train.cached(shuffled, *options, "--replace").status == 0
    assert train.out.read_bytes() != content
    assert train.cached(train.music).status == 0, "a worse one is replaced"


@pytest.mark.parametrize(
    ("accuracy", "is_refused"),
    [
        *((1.0, True), (0.999, True), (0.1, False)),
        # Nobody knows how good such a model is.
        *((None, True), ("1.0", True), (True, True), (7.0, True), (float("nan"), True)),
    ],
)
def test_a_model_is_compared_by_the_score_in_its_card(
    train: TrainHead, shuffled: Path, accuracy: object, is_refused: bool
) -> None:
    assert train.cached(train.music).status == 0
    metrics = {PROTOCOL: {"accuracy": accuracy, "leaky": True}}
    card = replace(read_model(train.out).card, metrics=metrics)
    write_model(train.out, train.out.read_bytes(), card)
    run = train.cached(shuffled)
    assert run.status == int(is_refused)
    said = "(3 genres, LEAKY)" if accuracy in (1.0, 0.999) else "was never scored"
    if accuracy is not True:
        assert (said in run.err) == is_refused


@pytest.mark.parametrize("metrics", [{}, {PROTOCOL: 1.0}, {"other": {"accuracy": 1.0}}])
def test_a_model_with_another_score_is_replaced_on_demand_only(
    train: TrainHead, shuffled: Path, metrics: dict[str, object]
) -> None:
    write_small_model(train.out, metrics=metrics)
    run = train.cached(shuffled)
    assert run.status == 1
    assert "was never scored as personal models are" in run.err
    assert train.cached(shuffled, "--replace").status == 0


def test_a_damaged_model_is_replaced_on_demand_only(
    train: TrainHead, shuffled: Path
) -> None:
    train.out.write_bytes(b"no model")
    assert "the score of the current model is unknown" in train.cached(shuffled).err
    assert train.cached(shuffled, "--replace").status == 0
    assert read_model(train.out).card.name == "own"


def test_a_model_with_more_genres_is_replaced_on_demand_only(train: TrainHead) -> None:
    assert train.cached(train.music).status == 0
    run = train.cached(train.music, "--map", "noise=")
    assert run.status == 1
    assert "knows noise, the new model does not" in run.err
    assert train.cached(train.music, "--map", "noise=", "--replace").status == 0
    assert train.cached(train.music).status == 0, "one with fewer is replaced"
