"""The command line of ``predict`` and ``models``, and its errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music, needs_utf8_names, write_audio
from onnx_models import write_small_model

from genre_model.cli.main import main
from genre_model.cli.shared_options import PROTOCOLS

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

RATE_HZ = 22050


@pytest.fixture
def song(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return write_audio(folder / "song {title} %s.flac", music(12, RATE_HZ), RATE_HZ)


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_small_model(tmp_path / "small.onnx"))


def test_predict_prints_the_best_genres(song: Path, model: str, run: Command) -> None:
    out = run("predict", song, "--model", model).out
    assert out.startswith(f"{song}: ")
    assert out.count("\n") == 1


def test_genres_of_what_is_unknown_are_not_listed_as_zeros(
    tmp_path: Path, run: Command
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 12 * RATE_HZ)).astype(np.float32)
    file = write_audio(tmp_path / "noise.flac", noise, RATE_HZ)
    line = run("predict", file).out
    assert line.startswith(f"{file}: unknown (strangeness ")
    assert " 0.00" not in line


def test_a_model_that_the_plugin_trained_is_found_by_its_name(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    monkeypatch.setenv("BEETSDIR", str(tmp_path / "beets"))
    assert (
        "no model 'my genres'" in run("predict", song, "--model", "my genres", status=1).err
    )
    folder = tmp_path / "beets" / "genreclf"
    folder.mkdir(parents=True)
    write_small_model(folder / "my genres.onnx")
    run("predict", song, "--model", "my genres")


def test_segments_are_lines_of_their_own(song: Path, model: str, run: Command) -> None:
    lines = run("predict", song, "--model", model, "--segments").out.splitlines()
    assert len(lines) == 1 + 3
    assert lines[1].startswith("    0:00  ")


def test_json_is_one_object_per_line(
    song: Path, model: str, tmp_path: Path, run: Command
) -> None:
    arguments = [str(song), str(tmp_path / "gone.mp3"), "--model", model]
    printed = run("predict", *arguments, "--json", "--segments", status=1)
    good, bad = map(json.loads, printed.out.splitlines())
    assert good["path"] == str(song)
    assert good["probabilities"][good["genre"]] == good["confidence"]
    assert sum(good["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert [segment["start_seconds"] for segment in good["segments"]] == sorted(
        segment["start_seconds"] for segment in good["segments"]
    )
    assert set(bad) == {"path", "error"}
    assert "gone.mp3" in bad["error"]


def test_without_segments_json_has_none(song: Path, model: str, run: Command) -> None:
    assert set(json.loads(run("predict", song, "--model", model, "--json").out)) == {
        *("path", "genre", "confidence", "unknown", "strangeness"),
        "probabilities",
    }


def test_a_folder_is_searched_for_audio(song: Path, model: str, run: Command) -> None:
    (song.parent / "cover.jpg").write_bytes(b"no audio")
    (song.parent / "._song.flac").write_bytes(b"a resource fork")
    assert run("predict", song.parent, "--model", model).out.count("\n") == 1


def test_a_folder_without_audio_is_an_error(
    model: str, tmp_path: Path, run: Command
) -> None:
    (tmp_path / "empty").mkdir()
    assert (
        "no audio files in"
        in run("predict", tmp_path / "empty", "--model", model, status=1).err
    )


def test_a_bad_file_is_named_and_the_rest_goes_on(
    song: Path, model: str, run: Command
) -> None:
    bad = song.parent / "bad.mp3"
    bad.write_text("no audio")
    printed = run("predict", bad, song, "--model", model, status=1)
    assert "bad.mp3" in printed.err
    assert printed.err.count("\n") == 1
    assert str(song) in printed.out


def test_a_missing_model_is_one_line(song: Path, run: Command) -> None:
    assert run("predict", song, "--model", "nosuch", status=1).err.startswith(
        "genre-model: no model 'nosuch'; there is"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="names of other bytes are Linux's")
def test_names_that_no_terminal_can_show_are_printed_safely(
    model: str, tmp_path: Path
) -> None:
    sound = write_audio(tmp_path / "plain.flac", music(4, RATE_HZ), RATE_HZ)
    odd = os.fsencode(tmp_path) + b"/\xff\x1b[31m.flac"
    sound.rename(os.fsdecode(odd))
    finished = subprocess.run(  # noqa: S603
        [sys.executable.encode(), b"-m", b"genre_model", b"predict", odd, b"--model",
         model.encode()],
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert b"\x1b" not in finished.stdout


def test_models_lists_the_bundled_model(run: Command) -> None:
    out = run("models").out
    assert out.startswith("genre_crnn_v1@")
    assert "hip hop" in out
    assert "labelled songs, cross-fitted: accuracy 0." in out


def test_models_prints_a_card(model: str, run: Command) -> None:
    assert json.loads(run("models", model, "--json").out)["name"] == "small"


@pytest.mark.parametrize(
    "command", [[], ["predict"], ["models"], ["train"], ["evaluate"], ["export"]]
)
def test_every_command_has_help(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    assert "usage: genre-model" in capsys.readouterr().out


def test_the_protocols_of_the_command_line_are_those_there_are() -> None:
    from genre_model.training.data import protocols

    assert PROTOCOLS == protocols.PROTOCOLS


def test_without_the_train_extra_the_error_tells_what_to_install(tmp_path: Path) -> None:
    blocked = (
        "import sys; sys.modules['torch'] = None;from genre_model.cli.main import main;"
    )
    call = "sys.exit(main(['train', 'gtzan_crnn', '--data', '.', '--out', 'x']))"
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", blocked + call],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert finished.returncode == 1
    assert finished.stderr.strip().endswith("install beets-genreclf[train]")
    assert "Traceback" not in finished.stderr


def test_a_closed_pipe_is_no_traceback(song: Path, model: str) -> None:
    command = f'"{sys.executable}" -m genre_model predict "{song}" --model "{model}" --json'
    finished = subprocess.run(  # noqa: S602
        f"{command} | true", shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in finished.stderr


@needs_utf8_names
def test_names_that_the_encoding_lacks_do_not_end_the_run(
    model: str, tmp_path: Path
) -> None:
    write_audio(tmp_path / "\u65e5\u672c.flac", music(4, RATE_HZ), RATE_HZ)
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "genre_model", "predict", str(tmp_path), "--model", model],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
    )
    assert finished.returncode == 0, finished.stderr
    assert b"\\u65e5\\u672c.flac: " in finished.stdout
