"""``genre-model train-head``, as a person runs it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from audio_files import noise, tone, write_audio
from onnx_models import write_small_model

from genre_model.classifier import GenreClassifier
from genre_model.cli.main import main
from genre_model.model.model_file import read_model, write_model
from genre_model.personal.embedding_store import EmbeddingStore
from genre_model.personal.personal_model import PROTOCOL
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.model.segment_probabilities import SegmentScores

RATE_HZ = 22050
SECONDS = 4
GENRES = ("low", "high", "noise")
N_ARTISTS, N_TRACKS = 4, 2
N_FILES = len(GENRES) * N_ARTISTS * N_TRACKS


def sound(genre: str, seed: int) -> NDArray[np.float32]:
    """Make a sound that anybody tells from other genres, but like no other sound."""
    if genre == "noise":
        return noise(SECONDS, RATE_HZ, 0.3, seed)
    hz = {"low": 110, "high": 2200}[genre] * np.random.default_rng(seed).uniform(0.8, 1.2)
    tones = [tone(hz * n, SECONDS, RATE_HZ, 0.3 / n) for n in (1, 2, 3)]
    mixed: NDArray[np.float32] = np.sum(tones, axis=0)
    return mixed + noise(SECONDS, RATE_HZ, 0.01, seed)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ``genre/artist/track.flac``; nobody may change it."""
    root = tmp_path_factory.mktemp("labelled music")
    for g, genre in enumerate(GENRES):
        for artist in range(N_ARTISTS):
            folder = root / genre / f"{genre} artist {artist}"
            folder.mkdir(parents=True)
            for n in range(N_TRACKS):
                seed = 100 * g + 10 * artist + n
                write_audio(folder / f"track {n}.flac", sound(genre, seed), RATE_HZ)
    return root


@pytest.fixture(scope="session")
def heard(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of a training on all of the music."""
    folder = tmp_path_factory.mktemp("heard")
    arguments = ["--data", str(music), "--out", str(folder / "first.onnx")]
    assert main(["train-head", *arguments, "--min-tracks", "2"]) == 0
    return folder / "first.embeddings.db"


class Run(NamedTuple):
    """What became of a command."""

    status: int
    out: str
    err: str


@pytest.fixture
def train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the command with few tracks; the model is to be ``tmp_path / 'own.onnx'``."""

    def run(data: Path, *options: object) -> Run:
        given = ["--data", data, "--out", tmp_path / "own.onnx", "--min-tracks", 2]
        status = main(["train-head", *map(str, [*given, *options])])
        return Run(status, *capsys.readouterr())

    return run


class Decoding:
    """Counts decoded files; may fail or be stopped at one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.stop_at: int | None = None
        original = IsolatedClassifier.score_file

        def score_file(classifier: IsolatedClassifier, path: Path) -> SegmentScores:
            self.names.append(path.name)
            if len(self.names) == self.stop_at:
                raise KeyboardInterrupt
            return original(classifier, path)

        monkeypatch.setattr(IsolatedClassifier, "score_file", score_file)


@pytest.fixture
def decoding(monkeypatch: pytest.MonkeyPatch) -> Decoding:
    return Decoding(monkeypatch)


def files_of(music: Path, *genres: str) -> list[Path]:
    return sorted(path for genre in genres for path in (music / genre).rglob("*.flac"))


def table(
    path: Path, rows: Sequence[tuple[object, ...]], header: str = "path,label"
) -> Path:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def linked(folder: Path, files: list[Path]) -> Path:
    """Link tracks of artists into a folder."""
    for file in files:
        target = folder / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
    return folder


class TestTraining:
    def test_a_folder_becomes_a_model_that_tags(
        self,
        music: Path,
        tmp_path: Path,
        train: Callable[..., Run],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        run = train(music)
        assert run.status == 0, run.err
        assert "24 tracks by 12 artists, 3 genres" in run.out
        assert "this model" in run.out
        assert "LEAKY" not in run.out
        out = tmp_path / "own.onnx"
        model = read_model(out)
        assert run.out.rstrip().endswith(f"{model.model_id} is in {out}")
        assert set(model.card.genres) == set(GENRES)
        assert model.card.metrics[PROTOCOL]["accuracy"] > 0.9
        # A bar is for terminals.
        assert run.err == ""
        for genre in GENRES:
            assert main(["predict", str(music / genre), "--model", str(out), "--json"]) == 0
            lines = capsys.readouterr().out.splitlines()
            assert len(lines) == N_ARTISTS * N_TRACKS
            assert {json.loads(line)["genre"] for line in lines} == {genre}

    def test_one_that_learned_nothing_says_so(
        self, music: Path, tmp_path: Path, train: Callable[..., Run]
    ) -> None:
        rows = [(path, "xy"[i % 2]) for i, path in enumerate(files_of(music, *GENRES))]
        run = train(table(tmp_path / "labels.csv", rows))
        assert run.status == 0, run.err
        assert run.out.endswith("\nIt is no better than 'majority' in the table.\n")

    def test_everything_is_heard_once(
        self,
        music: Path,
        train: Callable[..., Run],
        decoding: Decoding,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = train(music)
        assert len(decoding.names) == N_FILES
        assert (tmp_path / "own.embeddings.db").exists()
        # However the folder is spelled.
        monkeypatch.chdir(music.parent)
        second = train(Path(music.name), "--test", music)
        assert second.status == 0
        assert len(decoding.names) == N_FILES
        assert second.out.startswith(first.out.partition("own@")[0])

    def test_the_same_tracks_become_the_same_file(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        assert train(music, "--cache", heard).status == 0
        content = (tmp_path / "own.onnx").read_bytes()
        assert train(music, "--cache", heard, "-t", 1).status == 0
        assert (tmp_path / "own.onnx").read_bytes() == content

    def test_a_table_does_what_a_folder_does(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        rows = [(path, path.parts[-3], path.parts[-2]) for path in files_of(music, *GENRES)]
        data = table(tmp_path / "tracks.csv", rows, "path,label,artist")
        by_table = train(data, "--cache", heard)
        by_folder = train(music, "--cache", heard)
        assert by_table.status == by_folder.status == 0
        assert by_table.out.partition("own@")[0] == by_folder.out.partition("own@")[0]

    def test_the_card_tells_how_without_paths(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        options = (
            *("--name", "my genres", "--map", "low=bass; deep", "--map", "noise="),
            *("--alias", "bass=Hip-Hop", "--folds", 3, "--seed", 1),
            *("--genre-balance", 0.5, "--max-per-artist", 2, "--labels", "all"),
            *("--report", tmp_path / "report.json", "--replace", "-t", 2),
        )
        assert train(music, "--cache", heard, "--test", music, *options).status == 0
        card = read_model(tmp_path / "own.onnx").card
        assert card.name == "my genres"
        assert card.training["command"] == (
            "genre-model train-head --data DATA --out OUT --name 'my genres' --labels all "
            "--min-tracks 2 --max-per-artist 2 --genre-balance 0.5 --folds 3 --seed 1 "
            "--map 'low=bass;deep' --map noise= --alias bass=Hip-Hop --test TEST"
        )
        assert set(card.genres) == {"bass", "deep", "high"}
        assert str(tmp_path) not in card.to_json()

    def test_a_new_model_can_be_the_parent_of_the_next(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        parent = tmp_path / "parent.onnx"
        assert train(music, "--cache", heard, "--out", parent).status == 0
        run = train(music, "--parent", parent)
        assert run.status == 0, run.err
        # It knows these labels by heart.
        assert "parent, by name" not in run.out
        assert "--parent PARENT" in read_model(tmp_path / "own.onnx").card.to_json()

    def test_the_report_says_how_much_unknown_music_it_writes(
        self, music: Path, train: Callable[..., Run], heard: Path
    ) -> None:
        run = train(music, "--cache", heard)
        assert re.search(r"left out in turn, it writes \d+\.\d% at 0\.6", run.out)

    def test_what_was_left_out_is_unknown_to_the_model(
        self,
        music: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        sounds = files_of(music, *GENRES)
        noises = [path for path in sounds if path.parts[-3] == "noise"]
        rows = [(p, p.parts[-3], p.parts[-2]) for p in sounds if p not in noises[2:]]
        data = table(tmp_path / "few.csv", rows, "path,label,artist")
        run = train(data, "--cache", heard, "--min-tracks", "4")
        assert "left out, fewer than 4 tracks: noise 2" in run.out
        assert "left out in turn" not in run.out, "of two genres none can be"
        main(["predict", "--model", str(tmp_path / "own.onnx"), *map(str, sounds)])
        unknown = [": unknown (" in line for line in capsys.readouterr().out.splitlines()]
        assert unknown == ["noise" in str(path) for path in sounds]

    def test_several_genres_at_once(
        self,
        music: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        named = {"low": '"tones;low"', "high": "tones;high", "noise": "noise"}
        rows = [
            (path, named[path.parts[-3]].strip('"'), path.parts[-2])
            for path in files_of(music, *GENRES)
        ]
        data = table(tmp_path / "tracks.csv", rows, "path,label,artist")
        run = train(data, "--labels", "all", "--cache", heard, "--test", data)
        assert run.status == 0, run.err
        out = tmp_path / "own.onnx"
        assert read_model(out).card.multi_label
        assert main(["predict", str(music / "low"), "--model", str(out), "--json"]) == 0
        for line in capsys.readouterr().out.splitlines():
            probable = json.loads(line)["probabilities"]
            assert probable["low"] > 0.5
            assert probable["tones"] > 0.5
            assert probable["noise"] < 0.5
        first = train(data, "--cache", heard, "--replace")
        assert set(read_model(out).card.genres) == {"tones", "noise"}
        assert "2 genres" in first.out

    def test_two_artists_in_a_label_are_enough(
        self, music: Path, tmp_path: Path, train: Callable[..., Run]
    ) -> None:
        # Some heads see one label only, and no label has a track for each of the folds.
        few = [path for path in files_of(music, "low", "high") if "artist 1" in str(path)]
        few += [path for path in files_of(music, "low", "high") if "artist 2" in str(path)]
        rows = [(p, p.parts[-3], p.parts[-2]) for p in few if p.stem == "track 0"]
        run = train(table(tmp_path / "few.csv", rows, "path,label,artist"))
        assert run.status == 0, run.err
        assert "4 tracks by 4 artists" in run.out

    def test_names_that_nothing_has_are_pointed_out(
        self, music: Path, train: Callable[..., Run], heard: Path
    ) -> None:
        run = train(
            music,
            *("--cache", heard, "--map", "lwo=bass", "--map", "Low=bass"),
            *("--alias", "hihg=jazz", "--alias", "low=jazz", "--alias", "BASS=jazz"),
        )
        assert run.status == 0
        assert run.err.splitlines() == [
            "genre-model: --map lwo: no track has that label",
            "genre-model: --alias hihg: no track has that label",
            "genre-model: --alias low: no track has that label",
        ]

    def test_numbers_are_written_for_programs(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        report = tmp_path / "new folder" / "report.json"
        options = ("--cache", heard, "--report", report)
        assert train(music, *options, "--test", music).status == 0
        numbers = json.loads(report.read_text())
        card = read_model(tmp_path / "own.onnx").card
        assert numbers["accuracy"] == card.metrics[PROTOCOL]["accuracy"]
        assert numbers["baselines"]["majority"]["accuracy"] < 0.5
        assert numbers["model"].startswith("own@")
        assert numbers["test"]["n_tracks"] == N_FILES
        assert numbers["test"]["leaks"]


class TestHeldOut:
    @pytest.fixture
    def parts(self, music: Path, tmp_path: Path) -> tuple[Path, Path]:
        """Two folders that share no artist."""
        train, test = tmp_path / "train", tmp_path / "test"
        for genre in GENRES:
            files = files_of(music, genre)
            linked(train / genre, [p for p in files if "artist 0" not in str(p)])
            linked(test / genre, [p for p in files if "artist 0" in str(p)])
        return train, test

    def test_it_is_scored_beside_the_parent(
        self,
        parts: tuple[Path, Path],
        train: Callable[..., Run],
        decoding: Decoding,
        tmp_path: Path,
    ) -> None:
        data, test = parts
        report = tmp_path / "report.json"
        options = ("--test", test, "--alias", "low=jazz", "--report", report)
        run = train(data, *options)
        assert run.status == 0, run.err
        assert len(decoding.names) == N_FILES
        _, _, tested = run.out.partition(f"Test on {3 * N_TRACKS} tracks")
        assert "LEAKY" not in tested
        assert "genre_crnn_v1, by name" in tested
        numbers = json.loads(report.read_text())["test"]
        assert numbers["leaks"] == []
        # The same as listening with the file that was written.
        classifier = GenreClassifier.load(tmp_path / "own.onnx")
        surest = [classifier.predict_file(path).confidence for path in test.rglob("*.flac")]
        confidence = sum(
            row["confidence"] * row["tracks"] for row in numbers["reliability"]
        )
        assert confidence / numbers["n_tracks"] == pytest.approx(np.mean(surest), abs=1e-3)
        assert train(data, *options).out == run.out
        assert len(decoding.names) == N_FILES

    def test_what_it_shares_with_the_training_is_said(
        self, parts: tuple[Path, Path], music: Path, train: Callable[..., Run], heard: Path
    ) -> None:
        data, test = parts
        shared = next((data / "low").glob("*/track 0.flac"))
        copy = test / "low" / shared.parent.name / "copy.flac"
        copy.parent.mkdir()
        copy.write_bytes(shared.read_bytes())
        run = train(data, "--test", test)
        assert "LEAKY: 1 tracks share an artist or an album with those" in run.out
        run = train(music, "--cache", heard, "--test", music / ".." / music.name)
        assert f"LEAKY: the model was trained on {N_FILES} of these tracks" in run.out

    def test_labels_that_the_model_does_not_know_are_left_out(
        self, parts: tuple[Path, Path], train: Callable[..., Run], tmp_path: Path
    ) -> None:
        data, test = parts
        files = sorted(test.rglob("*.flac"))
        labels = ["LOW", "low;polka", "polka", "polka", "ska;low", "old name"]
        files.append(tmp_path / "bad.flac")
        labels.append("low")
        rows = list(zip(files, labels, range(len(files)), strict=True))
        (tmp_path / "bad.flac").write_bytes(b"no audio")
        other = table(tmp_path / "test.csv", rows, "path,label,artist")
        options = ("--test", other, "--map", "old name=high")
        run = train(data, *options)
        assert run.status == 0
        assert "Test on 3 tracks" in run.out
        assert "3 of 7 tracks have no label that the model knows" in run.out
        assert "labels that it does not know: polka 2, ska 1" in run.out
        assert "1 tracks could not be listened to" in run.out
        assert "bad.flac" in run.err
        run = train(data, *options, "--labels", "all")
        assert "Test on 4 tracks" in run.out

    def test_nothing_to_test_is_noticed_before_listening(
        self, parts: tuple[Path, Path], train: Callable[..., Run], decoding: Decoding
    ) -> None:
        data, test = parts
        (test / "low").rename(test / "polka")
        for genre in ("high", "noise"):
            for path in (test / genre).rglob("*.flac"):
                path.unlink()
        run = train(data, "--test", test)
        assert run.status == 1
        assert "no track is left to test: 2 of 2 tracks have no label" in run.err
        assert not decoding.names

    def test_a_test_that_does_not_exist_is_noticed_first(
        self, music: Path, train: Callable[..., Run], decoding: Decoding, tmp_path: Path
    ) -> None:
        run = train(music, "--test", tmp_path / "nosuch")
        assert run.status == 1
        assert "nosuch" in run.err
        assert not decoding.names


class TestBadInput:
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
    def test_it_is_refused_in_one_line_before_listening(
        self,
        music: Path,
        train: Callable[..., Run],
        decoding: Decoding,
        tmp_path: Path,
        options: list[str],
        complaint: str,
    ) -> None:
        run = train(music, *options)
        assert run.status == 1
        assert complaint in run.err
        assert run.err.count("\n") == 1
        assert run.out == ""
        assert not decoding.names
        assert not (tmp_path / "own.onnx").exists()

    @pytest.mark.parametrize(
        "options",
        [
            ["--out", "model.pt"],
            ["--out", "folder"],
            ["--cache", "tracks.csv"],
            ["--report", "report.txt"],
            ["--map", "low"],
            ["--map", "=low"],
            ["--alias", "low"],
            ["--min-tracks", "0"],
            ["--max-per-artist", "0"],
            ["--folds", "1"],
            ["--seed", "-1"],
            ["--genre-balance", "1.1"],
            ["--genre-balance", "nan"],
            ["--labels", "some"],
            ["--threads", "0"],
        ],
    )
    def test_impossible_options_are_wrong_usage(
        self, music: Path, train: Callable[..., Run], options: list[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            train(music, *options)
        assert caught.value.code == 2

    def test_data_that_does_not_exist(
        self, tmp_path: Path, train: Callable[..., Run]
    ) -> None:
        run = train(tmp_path / "nosuch")
        assert run.status == 1
        assert run.err == f"genre-model: {tmp_path / 'nosuch'}: No such file or directory\n"

    def test_audio_is_no_table(self, music: Path, train: Callable[..., Run]) -> None:
        run = train(files_of(music, "low")[0])
        assert run.status == 1
        assert "is not UTF-8" in run.err

    def test_a_label_by_one_artist(
        self, music: Path, train: Callable[..., Run], tmp_path: Path, decoding: Decoding
    ) -> None:
        rows = [(path, path.parts[-3], path.parts[-3]) for path in files_of(music, *GENRES)]
        run = train(table(tmp_path / "t.csv", rows, "path,label,artist"))
        assert run.status == 1
        assert "all tracks by one artist" in run.err
        assert not decoding.names

    def test_an_artist_that_nobody_knows_makes_the_score_leaky(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        rows = [(path, path.parts[-3]) for path in files_of(music, *GENRES)]
        run = train(table(tmp_path / "t.csv", rows), "--cache", heard)
        assert run.status == 0
        assert "LEAKY: the artist of 24 tracks is not known" in run.out

    def test_files_that_cannot_be_read_are_named_and_left_out(
        self, music: Path, train: Callable[..., Run], tmp_path: Path
    ) -> None:
        data = tmp_path / "data"
        for genre in ("low", "high"):
            linked(data / genre, files_of(music, genre))
        # Each is the first of an artist, and takes the place of a good one.
        for folder in (data / "low").iterdir():
            (folder / "a bad one.mp3").write_bytes(b"no audio")
        run = train(data, "--max-per-artist", 2)
        assert run.status == 0
        assert run.err.count("a bad one.mp3") == N_ARTISTS
        assert "4 tracks could not be listened to" in run.out
        assert "4 tracks left out: more than 2 by an artist" in run.out
        assert "12 tracks by 8 artists, 2 genres" in run.out

    def test_if_no_file_can_be_read_that_is_said(
        self, train: Callable[..., Run], tmp_path: Path
    ) -> None:
        for genre in ("low", "high"):
            for artist in ("ann", "bob"):
                folder = tmp_path / "data" / genre / f"{genre} {artist}"
                folder.mkdir(parents=True)
                (folder / "bad.mp3").write_bytes(b"no audio")
        run = train(tmp_path / "data")
        assert run.status == 1
        assert "4 tracks could not be listened to; no label is left" in run.err
        assert not (tmp_path / "own.onnx").exists()

    def test_labels_that_no_model_file_takes_are_made_harmless(
        self, music: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        rows = [
            (path, f"{path.parts[-3]}\x1b\x7f  \u200bx", path.parts[-2])
            for path in files_of(music, *GENRES)
        ]
        run = train(table(tmp_path / "t.csv", rows, "path,label,artist"), "--cache", heard)
        assert run.status == 0, run.err
        assert "\x1b" not in run.out
        (genre,) = {
            g[3:] for g in read_model(tmp_path / "own.onnx").card.genres if "w" in g
        }
        assert genre == "\N{REPLACEMENT CHARACTER}" * 2 + " \N{REPLACEMENT CHARACTER}x"

    def test_places_that_cannot_be_written_are_noticed_first(
        self, music: Path, train: Callable[..., Run], decoding: Decoding, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("no folder")
        (tmp_path / "folder.onnx").mkdir()
        for option, place in (
            ("--out", tmp_path / "file" / "own.onnx"),
            ("--out", tmp_path / "folder.onnx"),
            ("--report", tmp_path / "file" / "report.json"),
        ):
            run = train(music, option, place)
            assert run.status == 1
            assert run.err.count("\n") == 1
        assert not decoding.names


class TestCache:
    def test_one_that_cannot_be_written_costs_time_only(
        self, music: Path, train: Callable[..., Run], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("no folder")
        run = train(music, "--cache", tmp_path / "file" / "cache.db")
        assert run.status == 0
        assert run.err.count("the next training listens again") == 1
        assert (tmp_path / "own.onnx").exists()

    def test_a_full_disk_costs_time_only(
        self, music: Path, train: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect = EmbeddingStore._connect

        def connect_to_little_space(store: EmbeddingStore) -> sqlite3.Connection:
            connection = connect(store)
            connection.execute("PRAGMA max_page_count = 4")
            return connection

        monkeypatch.setattr(EmbeddingStore, "_connect", connect_to_little_space)
        run = train(music)
        assert run.status == 0
        assert "database or disk is full: the next training listens again" in run.err

    def test_a_damaged_one_is_put_aside(
        self,
        music: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
        decoding: Decoding,
    ) -> None:
        cache = tmp_path / "own.embeddings.db"
        content = bytearray(heard.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        cache.write_bytes(content)
        assert train(music).status == 0
        assert len(decoding.names) == N_FILES
        assert (tmp_path / "own.embeddings.db.damaged").read_bytes() == content
        assert train(music).status == 0
        assert len(decoding.names) == N_FILES

    def test_the_database_of_another_program_is_left_alone(
        self, music: Path, train: Callable[..., Run], tmp_path: Path
    ) -> None:
        cache = tmp_path / "library.db"
        other = sqlite3.connect(cache)
        other.execute("CREATE TABLE items (id)")
        other.execute("CREATE TABLE features (id)")
        other.commit()
        other.close()
        content = cache.read_bytes()
        run = train(music, "--cache", cache)
        assert run.status == 0
        assert "holds something else than embeddings" in run.err
        assert cache.read_bytes() == content

    def test_ctrl_c_keeps_what_was_heard(
        self, music: Path, train: Callable[..., Run], decoding: Decoding, tmp_path: Path
    ) -> None:
        decoding.stop_at = 6
        run = train(music, "-t", 1)
        assert run.status == 130
        assert "own.embeddings.db keeps what was heard" in run.err
        assert not (tmp_path / "own.onnx").exists()
        decoding.stop_at = None
        decoding.names.clear()
        assert train(music).status == 0
        assert len(decoding.names) == N_FILES - 5


class TestReplacement:
    @pytest.fixture
    def shuffled(self, music: Path, tmp_path: Path) -> Path:
        """Tracks whose labels no sound tells."""
        files = files_of(music, *GENRES)
        rows = [(path, GENRES[n % 3], f"artist {n}") for n, path in enumerate(files)]
        return table(tmp_path / "shuffled.csv", rows, "path,label,artist")

    def test_a_better_model_is_replaced_on_demand_only(
        self,
        music: Path,
        shuffled: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
    ) -> None:
        out, report = tmp_path / "own.onnx", tmp_path / "report.json"
        assert train(music, "--cache", heard).status == 0
        content = out.read_bytes()
        options = ("--cache", heard, "--test", music, "--report", report)
        run = train(shuffled, *options)
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
        # Tracks that choose nothing do not choose to replace, either.
        assert "Test on" not in run.out
        assert out.read_bytes() == content
        assert train(shuffled, *options, "--out", tmp_path / "other.onnx").status == 0
        assert train(shuffled, *options, "--replace").status == 0
        assert out.read_bytes() != content
        # The other way round nothing stands in the way.
        assert train(music, "--cache", heard).status == 0

    @pytest.mark.parametrize(
        ("accuracy", "is_refused"),
        [
            (1.0, True),
            (0.999, True),
            (0.1, False),
            # Nobody knows how good such a one is.
            (None, True),
            ("1.0", True),
            (True, True),
            (7.0, True),
            (float("nan"), True),
        ],
    )
    def test_only_a_score_like_its_own_counts(
        self,
        music: Path,
        shuffled: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
        accuracy: object,
        is_refused: bool,
    ) -> None:
        assert train(music, "--cache", heard).status == 0
        path = tmp_path / "own.onnx"
        metrics = {PROTOCOL: {"accuracy": accuracy, "leaky": True}}
        card = replace(read_model(path).card, metrics=metrics)
        write_model(path, path.read_bytes(), card)
        run = train(shuffled, "--cache", heard)
        assert run.status == int(is_refused)
        said = "(3 genres, LEAKY)" if accuracy in (1.0, 0.999) else "was never scored"
        if accuracy is not True:
            assert (said in run.err) == is_refused

    @pytest.mark.parametrize("metrics", [{}, {PROTOCOL: 1.0}, {"other": {"accuracy": 1.0}}])
    def test_a_model_that_was_scored_otherwise_is_replaced_on_demand_only(
        self,
        shuffled: Path,
        train: Callable[..., Run],
        heard: Path,
        tmp_path: Path,
        metrics: dict[str, object],
    ) -> None:
        write_small_model(tmp_path / "own.onnx", metrics=metrics)
        run = train(shuffled, "--cache", heard)
        assert run.status == 1
        assert "was never scored as personal models are" in run.err
        assert train(shuffled, "--cache", heard, "--replace").status == 0

    def test_a_damaged_model_is_replaced_on_demand_only(
        self, shuffled: Path, train: Callable[..., Run], heard: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "own.onnx").write_bytes(b"no model")
        assert "nobody knows how good" in train(shuffled, "--cache", heard).err
        assert train(shuffled, "--cache", heard, "--replace").status == 0
        assert read_model(tmp_path / "own.onnx").card.name == "own"

    def test_a_model_that_knows_more_genres_is_replaced_on_demand_only(
        self, music: Path, train: Callable[..., Run], heard: Path
    ) -> None:
        assert train(music, "--cache", heard).status == 0
        run = train(music, "--cache", heard, "--map", "noise=")
        assert run.status == 1
        assert "knows noise, the new model does not" in run.err
        # And the other way round.
        assert train(music, "--cache", heard, "--map", "noise=", "--replace").status == 0
        assert train(music, "--cache", heard).status == 0


def test_it_needs_no_torch(music: Path, heard: Path, tmp_path: Path) -> None:
    arguments = ["train-head", "--data", str(music), "--out", str(tmp_path / "own.onnx")]
    arguments += ["--cache", str(heard), "--min-tracks", "2", "--test", str(music)]
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


def test_a_terminal_shows_a_bar(
    music: Path,
    train: Callable[..., Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    (tmp_path / "data" / "low" / "cid").mkdir(parents=True)
    (tmp_path / "data" / "low" / "cid" / "bad.mp3").write_bytes(b"no audio")
    for genre in ("low", "high"):
        linked(tmp_path / "data" / genre, files_of(music, genre))
    run = train(tmp_path / "data")
    assert run.status == 0
    assert "/17 [" in run.err
    assert "bad.mp3" in run.err
