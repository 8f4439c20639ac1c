"""A larger network, once installed, under the plugin's commands."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from audio_files import tone, write_audio
from onnx_models import write_small_model

from genre_model.model.source import installed_model_path

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome

NAME = "gtzan_mn04_v1"


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRE_MODEL_DATA", str(tmp_path / "data"))


@pytest.fixture
def installed() -> Path:
    """What installing leaves, but smaller."""
    path = installed_model_path(NAME)
    path.parent.mkdir(parents=True)
    return write_small_model(path)


def in_force(home: BeetsHome) -> str:
    """Return the heading of the model in force."""
    (line,) = (x for x in home.beet("genreclf-models").lines if x.startswith("* "))
    return line


def test_its_genres_are_spelled_as_the_bundled_models(home: BeetsHome) -> None:
    """It was trained as a head, but not on labels that a person spelled so."""
    path = installed_model_path(NAME)
    path.parent.mkdir(parents=True)
    training = {"method": "head", "data": "GTZAN", "track_ids": ["blues.00001"]}
    write_small_model(path, training=training)
    write_audio(home.add_track("Song"), tone(3000.0, 4))
    home.configure(model=NAME)
    assert home.beet("genreclf", "-c", "0").exit_code == 0
    assert home.item("Song").genres == ["High"]


@pytest.mark.usefixtures("installed")
def test_is_a_model_like_any(home: BeetsHome) -> None:
    assert any(line.startswith(f"  {NAME}") for line in home.beet("genreclf-models").lines)
    assert home.beet("genreclf-models", "--use", NAME).exit_code == 0
    assert NAME in in_force(home)
    assert home.beet("genreclf", "-c", "0").exit_code == 0


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["genreclf-train", "--name", NAME.upper()], "comes with genreclf"),
        (["genreclf-models", "--remove", NAME], "was installed by genre-model backbone"),
    ],
)
def test_its_name_is_taken_and_it_stays(
    home: BeetsHome, args: list[str], complaint: str
) -> None:
    printed = home.beet(*args)
    assert printed.exit_code == 1
    assert complaint in printed.err


@pytest.mark.usefixtures("installed")
def test_ones_own_model_builds_upon_it(labelled: BeetsHome) -> None:
    labelled.configure(training={"min_tracks": 3})
    printed = labelled.beet("genreclf-train", "--backbone", "mn04")
    assert (printed.err, printed.exit_code) == ("", 0)
    details = labelled.beet("genreclf-models", "personal").out
    assert "parent small" in details


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--backbone", "mn04"], "genre-model backbone install mn04"),
        (["--backbone", "mn05"], "no backbone 'mn05'; there is mn04"),
        (["--backbone", "mn04", "--parent", "x"], "--backbone does not go with --parent"),
    ],
)
def test_what_cannot_be_built_upon(
    home: BeetsHome, flags: list[str], complaint: str
) -> None:
    home.add_track("Song")
    printed = home.beet("genreclf-train", *flags)
    assert printed.exit_code == 1
    assert complaint in printed.err


def test_a_copy_under_another_name_is_not_the_one_in_force(
    home: BeetsHome, installed: Path
) -> None:
    """Models of the same content are told apart by their names."""
    own = home.folder / "genreclf" / "mine.onnx"
    own.parent.mkdir()
    shutil.copyfile(installed, own)
    home.beet("genreclf-models", "--use", "mine")
    assert in_force(home).startswith("* mine: ")
