"""``beet genreclf-models --import``: files of friends, and of people who are none."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from audio_files import needs_utf8_names
from onnx_models import rewrite_card, spectral_balance_network, write_small_model
from plugin.conftest import models_complaint as complaint

from genre_model.model.model_file import read_model, write_model
from genre_model.model.source import DEFAULT_MODEL, MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome

#: Clears the screen, and prints text over the answer "refused".
ESCAPES = "\x1b[2J\x1b[1;31mTrust me\x07\r\n\u202e"

NO_NAMES = ["../evil", "/evil", "a\\b", "a:b", "..", ".hidden", "-x", "x.onnx"]
NO_NAMES += ["", " x", "x ", "x\n", "\x1b[31mred"]


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """What a friend sent."""
    (tmp_path / "inbox").mkdir(exist_ok=True)
    return write_small_model(tmp_path / "inbox" / "theirs.onnx", name="personal")


def own_files(home: BeetsHome) -> list[str]:
    """List what lies in the folder of the person's own models."""
    return sorted(path.name for path in (home.folder / "genreclf").glob("**/*"))


class TestGood:
    def test_joins_the_others_and_is_not_chosen(
        self, home: BeetsHome, theirs: Path
    ) -> None:
        printed = home.beet("genreclf-models", "--import", str(theirs))

        model_id = read_model(theirs).model_id
        assert printed.lines == [
            f"theirs ({model_id}) is one of your models now",
            "To tag with it: beet genreclf-models --use theirs",
        ]
        assert (printed.err, printed.exit_code) == ("", 0)
        copy = home.folder / "genreclf" / "theirs.onnx"
        assert copy.read_bytes() == theirs.read_bytes()
        assert own_files(home) == ["theirs.onnx"]
        listed = home.beet("genreclf-models").lines
        assert f"  theirs: {model_id}" in listed
        (in_force,) = [line for line in listed if line.startswith("*")]
        assert in_force.startswith(f"* {DEFAULT_MODEL}@")

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("Björns Modell (2.)", marks=needs_utf8_names),
            pytest.param("デモ", marks=needs_utf8_names),
            "80s_mix-1.5",
        ],
    )
    def test_under_a_name_of_ones_own(
        self, home: BeetsHome, theirs: Path, name: str
    ) -> None:
        printed = home.beet("genreclf-models", "--import", str(theirs), name)
        assert printed.lines[0].startswith(f"{name} (personal@")
        assert own_files(home) == [f"{name}.onnx"]
        assert home.beet("genreclf-models", "--use", name).exit_code == 0
        assert f"* {name}: personal@" in home.beet("genreclf-models").out

    def test_a_chosen_model_comes_back(self, home: BeetsHome, theirs: Path) -> None:
        (home.folder / "genreclf").mkdir()
        (home.folder / "genreclf" / "chosen-model").write_text("theirs\n")
        printed = home.beet("genreclf-models", "--import", str(theirs))
        assert printed.lines[1:] == [
            "A model of this name was chosen before: it tags from now on"
        ]

    def test_what_was_exported(self, home: BeetsHome) -> None:
        home.beet("genreclf-models", "--export", DEFAULT_MODEL, str(home.inbox / "x.onnx"))
        printed = home.beet("genreclf-models", "--import", str(home.inbox / "x.onnx"))
        assert printed.lines[0].startswith(f"x ({DEFAULT_MODEL}@")


class TestName:
    @pytest.mark.parametrize("name", NO_NAMES)
    def test_that_is_none(self, home: BeetsHome, theirs: Path, name: str) -> None:
        home.beet("version")
        before = sorted(home.folder.rglob("*"))
        printed = home.beet("genreclf-models", "--import", str(theirs), "--", name)
        assert complaint(printed).startswith(f"{name!r} cannot be the name of a model")
        assert sorted(home.folder.rglob("*")) == before

    def test_of_the_file_that_is_none(self, home: BeetsHome, theirs: Path) -> None:
        theirs = theirs.rename(theirs.with_name("$(theirs).onnx"))
        printed = home.beet("genreclf-models", "--import", str(theirs))
        assert "give one: beet genreclf-models --import FILE NAME" in complaint(printed)

    @pytest.mark.parametrize("name", [DEFAULT_MODEL, DEFAULT_MODEL.upper()])
    def test_of_a_bundled_model(self, home: BeetsHome, theirs: Path, name: str) -> None:
        printed = home.beet("genreclf-models", "--import", str(theirs), name)
        assert complaint(printed) == f"{name} comes with genreclf; give another name"

    def test_of_an_own_model(self, home: BeetsHome, theirs: Path) -> None:
        (home.folder / "genreclf").mkdir()
        mine = home.folder / "genreclf" / "mine.onnx"
        mine.write_text("damaged, but mine")
        printed = home.beet("genreclf-models", "--import", str(theirs), "mine")
        assert complaint(printed).startswith("there is a model mine already")
        assert "beet genreclf-models --remove mine" in complaint(printed)
        assert mine.read_text() == "damaged, but mine"


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": np.zeros(3)}))


def larger_than_any_model(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)


def reading_another_file(path: Path) -> None:
    """ONNX Runtime looks for it in the working directory."""
    model = onnx.load_model_from_string(path.read_bytes())
    tensor = model.graph.initializer[1]
    path.with_name("secret.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    path.write_bytes(model.SerializeToString())


def with_an_operator_of_a_library(path: Path) -> None:
    model = onnx.load_model_from_string(path.read_bytes())
    model.graph.node[1].domain = "com.evil\x1b[2J"
    path.write_bytes(model.SerializeToString())


def answering_nan(path: Path) -> None:
    weights = np.full((84, 2), np.nan, np.float32)
    write_model(path, spectral_balance_network(weights=weights), read_model(path).card)


def missing(path: Path) -> None:
    path.unlink()


def named_for_the_terminal(path: Path) -> None:
    change_card(path, name=ESCAPES)


def with_genres_for_the_terminal(path: Path) -> None:
    change_card(path, genres=["low", ESCAPES.strip()])


def change_card(path: Path, **values: object) -> None:
    card = json.loads(read_model(path).card.to_json())
    rewrite_card(path, json.dumps(card | values))


class TestBad:
    @pytest.mark.parametrize(
        ("spoil", "expected"),
        [
            (missing, "cannot be read (No such file or directory)"),
            (truncated, "it is no ONNX network"),
            (pickled, "it is no ONNX network"),
            (larger_than_any_model, "it is larger than 256 MB"),
            (reading_another_file, "its values 'weights' lie in another file"),
            (with_an_operator_of_a_library, "its operator 'MatMul' of 'com.evil\\x1b[2J'"),
            (answering_nan, "the network returned values that are no numbers"),
            (named_for_the_terminal, "its card holds unprintable characters: '\\x1b"),
            (with_genres_for_the_terminal, "its card holds unprintable characters"),
        ],
    )
    def test_is_one_line_and_nothing_is_kept(
        self,
        home: BeetsHome,
        theirs: Path,
        monkeypatch: pytest.MonkeyPatch,
        spoil: Callable[[Path], None],
        expected: str,
    ) -> None:
        spoil(theirs)
        monkeypatch.chdir(theirs.parent)
        printed = home.beet("genreclf-models", "--import", str(theirs))
        assert complaint(printed).startswith(f"model file {theirs}: {expected}")
        assert own_files(home) == []

    def test_text_of_a_card_does_nothing_to_the_terminal(
        self, home: BeetsHome, theirs: Path
    ) -> None:
        measured = {ESCAPES: {"accuracy": 0.5, "command": ESCAPES, "leaky": ESCAPES}}
        training = {"recipe": ESCAPES, "parent": ESCAPES, "labels": {ESCAPES: ESCAPES}}
        change_card(theirs, licence=ESCAPES, metrics=measured, training=training)

        assert home.beet("genreclf-models", "--import", str(theirs)).exit_code == 0

        for command in (["genreclf-models"], ["genreclf-models", "theirs"]):
            printed = home.beet(*command)
            assert (printed.err, printed.exit_code) == ("", 0)
            assert "Trust me" in printed.out
            assert printed.out.replace("\n", "").isprintable()
            assert len(printed.lines) == len(printed.out.split("\n")) - 1

    def test_a_folder_that_cannot_be_written(self, home: BeetsHome, theirs: Path) -> None:
        (home.folder / "genreclf").write_text("no folder")
        printed = home.beet("genreclf-models", "--import", str(theirs))
        assert complaint(printed).startswith(f"{home.folder / 'genreclf'}")

    def test_a_full_disk(
        self, home: BeetsHome, theirs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full_disk(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("genre_model.atomic_file.os.fsync", full_disk)
        printed = home.beet("genreclf-models", "--import", str(theirs))
        path = home.folder / "genreclf" / "theirs.onnx"
        assert complaint(printed) == f"{path}: No space left on device"
        assert own_files(home) == []
