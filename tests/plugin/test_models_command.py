"""``beet genreclf-models`` with the bundled model and models of the person's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item
from onnx_models import write_small_model

import genre_model
from beetsplug.genreclf.model_choice import choose_model
from genre_model.model_file import DEFAULT_MODEL

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

    from genre_model import GenreClassifier, TrackPrediction

BUNDLED = Path(genre_model.__file__).parent / "models" / f"{DEFAULT_MODEL}.onnx"


@pytest.fixture
def models(home: BeetsHome) -> Path:
    """Where a person puts models."""
    folder = home.folder / "genreclf"
    folder.mkdir()
    return folder


@pytest.fixture
def small(models: Path) -> Path:
    """A model of the person's own, whose card has another name than its file."""
    return write_small_model(models / "mine.onnx")


def headings(lines: list[str]) -> list[str]:
    """Return the lines that name a model, less the hash of its content."""
    return [line.split("@")[0] for line in lines if "@" in line]


def model_of_next_run(home: BeetsHome) -> str:
    """Tag a track; return the name of the model that listened, as its card says it."""
    path = write_audio(home.music / "Song.wav", music(4))
    item_id = home.library().add(Item.from_path(path))
    printed = home.beet("genreclf", "-c", "0", f"id:{item_id}")
    assert (printed.err, printed.exit_code) == ("", 0)
    (item,) = home.items(f"id:{item_id}")
    return str(item["genreclf_model"]).split("@")[0]


class TestList:
    def test_what_is_bundled(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"* {DEFAULT_MODEL}"]
        assert "  genres: blues, classical, country" in printed.out
        assert "accuracy 0." in printed.out
        assert (printed.err, printed.exit_code) == ("", 0)

    @pytest.mark.usefixtures("small")
    def test_own_models_by_the_name_that_chooses_them(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"* {DEFAULT_MODEL}", "  mine: small"]
        home.beet("genreclf-models", "--use", "mine")
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"  {DEFAULT_MODEL}", "* mine: small"]

    def test_a_copy_beside_the_original(self, home: BeetsHome, models: Path) -> None:
        shutil.copy(BUNDLED, models / "copied.onnx")
        assert headings(home.beet("genreclf-models").lines) == [
            f"* copied: {DEFAULT_MODEL}",
            f"* {DEFAULT_MODEL}",
        ]

    def test_a_configured_file_somewhere_else(self, home: BeetsHome) -> None:
        write_small_model(home.folder / "elsewhere.onnx")
        home.configure(model="elsewhere.onnx")
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"  {DEFAULT_MODEL}", "* small"]

    def test_a_damaged_file_does_not_hide_the_others(
        self, home: BeetsHome, small: Path
    ) -> None:
        damaged = small.with_name("{damaged}.onnx")
        damaged.write_bytes(BUNDLED.read_bytes()[:1000])
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"* {DEFAULT_MODEL}", "  mine: small"]
        (warning,) = printed.err.splitlines()
        assert warning.startswith(f"genreclf: model file {damaged}: ")
        assert printed.exit_code == 0


class TestShow:
    def test_the_card_of_a_bundled_model(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-models", DEFAULT_MODEL)
        assert headings(printed.lines[:1]) == [DEFAULT_MODEL]
        assert "  trained with: recipe " in printed.out
        assert "  licence: " in printed.out

    @pytest.mark.usefixtures("small")
    def test_the_card_of_an_own_model(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-models", "mine")
        assert headings(printed.lines) == ["small"]
        assert "  genres: low, high" in printed.lines

    def test_the_card_of_a_file(self, home: BeetsHome) -> None:
        path = write_small_model(home.folder / "elsewhere.onnx")
        assert headings(home.beet("genreclf-models", str(path)).lines) == ["small"]


class TestUse:
    @pytest.mark.usefixtures("small")
    def test_is_remembered(self, home: BeetsHome) -> None:
        assert model_of_next_run(home) == DEFAULT_MODEL
        printed = home.beet("genreclf-models", "--use", "mine")
        assert printed.lines[0].startswith("mine (small@")
        assert printed.lines[0].endswith(" tags from now on")
        assert model_of_next_run(home) == "small"
        # And taken back.
        home.beet("genreclf-models", "--use", DEFAULT_MODEL)
        assert model_of_next_run(home) == DEFAULT_MODEL

    @pytest.mark.usefixtures("small")
    def test_a_flag_has_the_last_word(self, home: BeetsHome) -> None:
        home.beet("genreclf-models", "--use", "mine")
        path = write_audio(home.music / "Song.wav", music(4))
        home.library().add(Item.from_path(path))
        home.beet("genreclf", "-c", "0", "--model", DEFAULT_MODEL)
        assert home.items()[0]["genreclf_model"].startswith(f"{DEFAULT_MODEL}@")

    @pytest.mark.usefixtures("small")
    def test_contradicts_a_configured_model(self, home: BeetsHome) -> None:
        home.configure(model=DEFAULT_MODEL)

        printed = home.beet("genreclf-models", "--use", "mine")

        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-models: the configuration says")
        assert DEFAULT_MODEL in line
        assert printed.exit_code == 1
        home.configure(model=None)
        assert model_of_next_run(home) == DEFAULT_MODEL

    @pytest.mark.usefixtures("small")
    def test_does_not_disturb_a_run_that_is_under_way(
        self, home: BeetsHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hear = genre_model.GenreClassifier.predict_file

        def hear_long(classifier: GenreClassifier, path: Path) -> TrackPrediction:
            choose_model("mine")
            return hear(classifier, path)

        monkeypatch.setattr(genre_model.GenreClassifier, "predict_file", hear_long)
        assert model_of_next_run(home) == DEFAULT_MODEL
        assert model_of_next_run(home) == "small"

    def test_takes_names_only(self, home: BeetsHome) -> None:
        path = write_small_model(home.folder / "elsewhere.onnx")
        printed = home.beet("genreclf-models", "--use", str(path))
        (line,) = printed.err.splitlines()
        assert str(path) in line
        assert "genreclf.model" in line
        assert printed.exit_code == 1


class TestTrouble:
    @pytest.mark.parametrize("use", [[], ["--use"]])
    @pytest.mark.parametrize("name", ["missing", "damaged"])
    def test_is_one_line_that_names_the_model(
        self, home: BeetsHome, models: Path, name: str, use: list[str]
    ) -> None:
        (models / "damaged.onnx").write_text("{no} model\n" * 100)
        printed = home.beet("genreclf-models", *use, name)
        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-models: ")
        assert name in line
        assert (printed.out, printed.exit_code) == ("", 1)
        # Nothing was chosen.
        assert headings(home.beet("genreclf-models").lines) == [f"* {DEFAULT_MODEL}"]

    @pytest.mark.parametrize("args", [["--use"], ["one", "two"]])
    def test_one_model_is_to_be_named(self, home: BeetsHome, args: list[str]) -> None:
        printed = home.beet("genreclf-models", *args)
        assert printed.err == "error: genreclf-models: name one model, please\n"
        assert printed.exit_code == 1

    @pytest.mark.parametrize("command", ["genreclf", "genreclf-models"])
    def test_a_chosen_model_that_is_gone(
        self, home: BeetsHome, small: Path, command: str
    ) -> None:
        home.add_track("Song")
        write_small_model(small.with_name("other.onnx"))
        home.beet("genreclf-models", "--use", "mine")
        small.unlink()

        printed = home.beet(command)

        (line,) = printed.err.splitlines()
        assert line.startswith(f"error: {command}: no model 'mine'")
        # What to do, and what there is.
        assert "beet genreclf-models --use" in line
        assert DEFAULT_MODEL in line
        assert "other" in line
        assert printed.exit_code == 1
        assert home.beet("genreclf-models", "--use", "other").exit_code == 0
        assert headings(home.beet("genreclf-models").lines)[-1] == "* other: small"
