"""Texts of strangers that would talk to the terminal: in names, tags, labels and cards."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest
from audio_files import music, needs_utf8_names, write_audio
from beets.library import Item
from mediafile import MediaFile
from onnx_models import rewrite_card, write_small_model

from genre_model.cli.main import main
from genre_model.model.model_file import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plugin.conftest import BeetsHome

#: Colour, title of the window, bell, the one-byte form of ESC [, and right-to-left.
EVIL = "\x1b[31mred\x1b]0;owned\x07\x9b31m\u202e"
HARMFUL = ("\x1b", "\x07", "\x9b", "\u202e")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such names on Windows")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def add_song(home: BeetsHome, name: str, *, broken: bool = False) -> Path:
    path = home.music / f"{name}.flac"
    write_audio(path, music(5))
    media_file = MediaFile(path)
    media_file.update({"title": f"{EVIL} title", "artist": f"{EVIL} artist"})
    media_file.save()
    home.library().add(Item.from_path(path))
    if broken:
        path.write_bytes(bytes(2000))
    return path


def evil_model(path: Path) -> Path:
    """A sound model whose card is not kind; one's own may hold any label."""
    write_small_model(path)
    values = json.loads(read_model(path).card.to_json())
    values["name"] = f"{EVIL} model"
    values["genres"] = [f"{EVIL} low", f"{EVIL} high"]
    values["licence"] = f"{EVIL} licence"
    values["training"] = {"data": f"{EVIL} data", f"{EVIL} key": 1}
    values["metrics"] = {f"{EVIL} protocol": {"accuracy": 0.5}}
    rewrite_card(path, json.dumps(values))
    return path


def harm_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if any(bad in line for bad in HARMFUL)]


@needs_utf8_names
@pytest.mark.parametrize(
    "flags",
    [
        ("genreclf",),
        ("-v", "genreclf"),
        ("genreclf", "-p"),
        ("genreclf", "--check"),
        ("genreclf", "--revert"),
        ("genreclf-eval",),
        ("genreclf-train", "--min-tracks", "1", "--pretend"),
    ],
)
def test_names_tags_and_labels(
    home: BeetsHome, flags: tuple[str, ...], logged: pytest.LogCaptureFixture
) -> None:
    add_song(home, f"{EVIL} whole")
    add_song(home, f"{EVIL} broken", broken=True)
    write_small_model(home.folder / "small.onnx")
    home.configure(model="small.onnx", min_confidence=0)
    if flags[-1] == "--revert":
        home.beet("genreclf")
    if flags[-1] == "--check":
        home.beet("modify", "-y", "-M", "-W", "title:title", "genres=High")
    if flags[0] in ("genreclf-eval", "genreclf-train"):
        home.beet("modify", "-y", "-M", "-W", "title:title", f"genres={EVIL}")
    logged.clear()

    printed = home.beet(*flags)

    ours = [r.getMessage() for r in logged.records if "genreclf" in r.name]
    # It was there, in whatever form.
    assert "31mred" in printed.out + printed.err + "".join(ours)
    assert harm_in(printed.out) == []
    assert [line for line in harm_in(printed.err) if "genreclf" in line] == []
    assert harm_in("\n".join(ours)) == []


def test_a_genre_is_one_line(home: BeetsHome) -> None:
    write_audio(home.music / "song.flac", music(5))
    home.library().add(Item.from_path(home.music / "song.flac"))
    write_small_model(home.folder / "small.onnx")
    home.beet("modify", "-y", "-M", "-W", "genres=Pop\n9 tagged")
    home.configure(model="small.onnx", min_confidence=0)
    for flags in (["-p", "-f"], ["-f"], ["--revert"]):
        printed = home.beet("genreclf", *flags)
        assert any("9 tagged" in line for line in printed.lines)
        assert not [line for line in printed.lines if line.startswith("9 tagged")]


@pytest.mark.parametrize(
    "path", ["evil.onnx", pytest.param(f"{EVIL}.onnx", marks=needs_utf8_names)]
)
def test_cards(home: BeetsHome, path: str) -> None:
    model = evil_model(home.folder / path)
    for arguments in (
        ("genreclf-models", str(model)),
        ("genreclf-models", "--import", str(model)),
        ("genreclf-models", "--import", str(model), "--name", f"{EVIL}"),
        ("genreclf-models",),
        ("genreclf-models", "--use", "evil"),
        ("genreclf-models", "--remove", f"{EVIL}"),
        ("genreclf-models", f"{EVIL}"),
    ):
        printed = home.beet(*arguments)
        assert printed.out + printed.err
        assert harm_in(printed.out + printed.err) == []


@needs_utf8_names
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = write_audio(tmp_path / f"{EVIL}.flac", music(5))
    broken = tmp_path / f"{EVIL} broken.flac"
    broken.write_bytes(bytes(2000))
    model = evil_model(tmp_path / f"{EVIL}.onnx")
    for arguments in (
        ["predict", "--model", str(model), str(song), str(broken)],
        ["predict", "--model", str(model), "--segments", str(song)],
        ["predict", "--model", str(model), "--json", str(song), str(broken)],
        ["predict", "--model", f"{EVIL}", str(song)],
        ["models", str(model)],
    ):
        main(arguments)
        printed = capsys.readouterr()
        assert printed.out + printed.err
        assert harm_in(printed.out + printed.err) == []
