"""``genre-model calibrate``: temperature and biases from labelled songs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import music, write_audio
from onnx_models import write_small_model

from genre_model.cli.main import main
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.features.segments import Segments
from genre_model.model.model_file import read_model
from genre_model.model.segment_probabilities import softmax
from genre_model.model.untrusted_network import check_untrusted_network
from genre_model.training.distillation.calibration import (
    Songs,
    cross_fitted,
    fit_calibration,
)

if TYPE_CHECKING:
    from pathlib import Path

ARTISTS = np.array([f"artist {number % 20}" for number in range(200)])


def songs_of(scale: float, bias: float = 0.0, *, unknown: bool = False) -> Songs:
    """Return 200 songs of two genres, with logits that are ``scale`` times too large."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    log_odds = rng.normal(np.where(labels == 1, 1.0, -1.0), np.sqrt(2))
    logits = scale * np.stack([-log_odds / 2, log_odds / 2], axis=1)
    logits[:, 1] += bias
    if unknown:
        labels[::2] = -1
    return Songs(logits.astype(np.float32), labels, ARTISTS)


def test_the_temperature_undoes_the_scale() -> None:
    once, twice = (fit_calibration(songs_of(scale), 2, []) for scale in (1.0, 2.0))
    assert twice.temperature == pytest.approx(2 * once.temperature, rel=0.1)


def test_so_much_of_what_is_written_is_right_as_is_wanted() -> None:
    songs = songs_of(1.0)
    calibration = fit_calibration(songs, 2, [])
    for temperature, is_enough in ((calibration.temperature, True), (1.0, False)):
        said = softmax(songs.logits, temperature)
        right = said.argmax(axis=1) == songs.labels
        written = said.max(axis=1) >= 0.6
        assert (right[written].mean() >= 0.85) is np.bool_(is_enough)


def test_music_of_no_genre_makes_it_less_sure() -> None:
    known = fit_calibration(songs_of(1.0), 2, [])
    with_others = fit_calibration(songs_of(1.0, unknown=True), 2, [])
    assert with_others.temperature > 1.5 * known.temperature


def test_a_bias_is_undone_where_it_is_asked_for() -> None:
    songs = songs_of(1.0, bias=3.0)
    assert fit_calibration(songs, 2, []).biases.tolist() == [0, 0]
    biases = fit_calibration(songs, 2, [1]).biases
    assert biases[0] == 0
    assert biases[1] == pytest.approx(-3.0, abs=0.6)
    as_it_comes, calibrated = cross_fitted(songs, 2, [1], 1.0)
    assert calibrated.accuracy > as_it_comes.accuracy + 0.1


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """A table of six songs by as many artists, one of them of another genre."""
    genres = ["blues", "rock", "blues", "rock", "polka", "rock"]
    rows = ["path,label,artist"]
    for number, genre in enumerate(genres):
        write_audio(tmp_path / f"{number}.wav", music(6.0, 22050, seed=number), 22050)
        rows.append(f"{number}.wav,{genre},artist {number}")
    table = tmp_path / "songs.csv"
    table.write_text("\n".join(rows), "utf-8")
    return table


def command_on(source: Path, songs: Path, out: Path) -> list[str]:
    """Write a model of two genres, and return the command that calibrates it."""
    write_small_model(source, genres=("blues", "rock"), pool_logits=True)
    return ["calibrate", str(source), "--songs", str(songs), "--out", str(out)]


def test_the_command_writes_a_model(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "model.onnx", tmp_path / "calibrated.onnx"
    arguments = command_on(source, songs, out)
    assert main([*arguments, "--bias", "rock", "--segments", "2"]) == 0
    printed = capsys.readouterr().out
    assert "calibrated on other artists: " in printed
    assert "of 5 songs of its genres" in printed
    before, after = read_model(source), read_model(out)
    shape = before.scorer.segment_shape
    segments = Segments(np.zeros((1, *shape), np.float32), np.zeros(1, np.int64))
    moved = after.scorer.score(segments).logits - before.scorer.score(segments).logits
    bias = float(printed.rpartition("rock ")[2].split()[0])
    np.testing.assert_allclose(moved, [[0, bias]], atol=0.006)
    assert after.card.front_end.segment.n_segments == 2
    assert after.card.metrics["labelled songs, cross-fitted"]["n_tracks"] == 5
    assert f"temperature {after.card.temperature:.2f}" in printed


def test_a_calibrated_model_can_be_calibrated_again(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "model.onnx"
    write_small_model(source, genres=("blues", "rock"), pool_logits=True, temperature=2.0)
    paths = [source, tmp_path / "once.onnx", tmp_path / "twice.onnx"]
    for before, after in pairwise(paths):
        arguments = ["calibrate", str(before), "--songs", str(songs), "--out", str(after)]
        assert main([*arguments, "--bias", "rock"]) == 0
    check_untrusted_network(paths[2].read_bytes())
    shape = read_model(source).scorer.segment_shape
    segments = Segments(np.zeros((1, *shape), np.float32), np.zeros(1, np.int64))
    first, second, third = (
        read_model(path).scorer.score(segments).logits for path in paths
    )
    once, twice = (
        float(line.rpartition("rock ")[2])
        for line in capsys.readouterr().out.splitlines()
        if "biases" in line
    )
    np.testing.assert_allclose(second - first, [[0, once]], atol=0.006)
    np.testing.assert_allclose(third - second, [[0, twice]], atol=0.006)


@pytest.mark.parametrize("by_name", [True, False])
def test_songs_that_it_has_learned_from_are_refused(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], by_name: bool
) -> None:
    source, learned = tmp_path / "model.onnx", tmp_path / "blues.00001.wav"
    (tmp_path / "0.wav").rename(learned)
    songs.write_text(songs.read_text("utf-8").replace("0.wav", learned.name), "utf-8")
    training: dict[str, Any] = {"track_ids": ["blues.00001"]}
    if not by_name:
        training = {"recordings_heard": [fingerprint_file(learned)]}
    write_small_model(source, genres=("blues", "rock"), pool_logits=True, training=training)
    arguments = ["calibrate", str(source), "--songs", str(songs)]
    assert main([*arguments, "--out", str(tmp_path / "out.onnx")]) == 1
    assert f"small has learned from {learned}" in capsys.readouterr().err


def test_the_command_names_what_is_wrong(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "model.onnx", tmp_path / "calibrated.onnx"
    arguments = command_on(source, songs, out)
    assert main([*arguments, "--bias", "polka"]) == 1
    assert "--bias: the model has no polka; it has blues, rock" in capsys.readouterr().err
    few = tmp_path / "few.csv"
    few.write_text("path,label,artist\n0.wav,blues,one\n1.wav,rock,one\n", "utf-8")
    arguments[3] = str(few)
    assert main(arguments) == 1
    assert "by too few artists (1); at least 5" in capsys.readouterr().err
    assert not out.exists()
