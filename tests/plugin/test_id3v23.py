"""``id3v23: yes``: several genres in an MP3 file would be read back as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mutagen
import pytest
from audio_files import CONTAINERS, music, write_audio
from beets.library import Item
from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

pytestmark = pytest.mark.usefixtures("classifier")

WARNING = (
    "genreclf: MP3 files get one genre, though count is 2: id3v23 is on, and several "
    "genres would be read back as one"
)
BOTH = {"blues": 0.5, "rock": 0.4, "hip hop": 0.1}


@pytest.fixture
def two_genres(home: BeetsHome) -> ScriptedClassifier:
    home.settings["id3v23"] = True
    home.configure(count=2, min_confidence=0.3)
    home.classifier.answers = dict.fromkeys(["One", "Two", *CONTAINERS], BOTH)
    return home.classifier


def test_mp3_files_get_one_genre_and_the_run_says_so_once(
    home: BeetsHome, two_genres: ScriptedClassifier
) -> None:
    home.add_track("One")
    home.add_track("Two")

    printed = home.beet("genreclf")

    assert len(two_genres.heard) == 2
    assert printed.err.splitlines() == [WARNING]
    assert printed.lines[:2] == ["Ann - One: Blues 0.50", "Ann - Two: Blues 0.50"]
    assert printed.exit_code == 0
    for item in home.items():
        assert item.genres == MediaFile(item.filepath).genres == ["Blues"]
        assert mutagen.File(item.filepath).tags.version == (2, 3, 0)
    assert home.beet("update", "-p").out == ""


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "mp3"])
def test_other_formats_get_both(
    home: BeetsHome, two_genres: ScriptedClassifier, name: str
) -> None:
    path = write_audio(
        home.music / f"{name}{CONTAINERS[name].suffix}",
        music(1),
        codec=CONTAINERS[name].codec,
    )
    home.library().add(Item.from_path(path))

    printed = home.beet("genreclf")

    assert two_genres.heard
    assert printed.err == ""
    (item,) = home.items()
    assert item.genres == MediaFile(path).genres == ["Blues", "Rock"]
    assert home.beet("update", "-p").out == ""


def test_without_the_setting_mp3_files_get_both(
    home: BeetsHome, two_genres: ScriptedClassifier
) -> None:
    home.settings["id3v23"] = False
    path = home.add_track("One")
    printed = home.beet("genreclf")
    assert two_genres.heard
    assert printed.err == ""
    assert home.item("One").genres == MediaFile(path).genres == ["Blues", "Rock"]


def test_one_genre_needs_no_warning(
    home: BeetsHome, two_genres: ScriptedClassifier
) -> None:
    home.add_track("One")
    printed = home.beet("genreclf", "-n", "1")
    assert two_genres.heard
    assert printed.err == ""
    assert home.item("One").genres == ["Blues"]


@pytest.mark.usefixtures("two_genres")
def test_revert_gives_back_the_one_genre_that_stood_in_the_file(home: BeetsHome) -> None:
    path = home.add_track("One", genres=["Pop"])
    home.beet("genreclf", "-f")
    home.beet("genreclf", "--revert")
    assert home.item("One").genres == MediaFile(path).genres == ["Pop"]
    assert home.beet("update", "-p").out == ""


def test_update_does_not_warn_of_a_count_that_nobody_chose(
    home: BeetsHome, two_genres: ScriptedClassifier
) -> None:
    home.settings["id3v23"] = False
    home.add_track("One", genres=["Pop"])
    home.beet("genreclf", "-f", "-k")
    assert home.item("One").genres == ["Pop", "Blues"]
    home.settings["id3v23"] = True
    home.configure(count=1)
    two_genres.model_id = "scripted@11111111"

    printed = home.beet("genreclf", "--update")

    assert len(two_genres.heard) == 2
    assert printed.err == ""
    assert home.item("One").genres == ["Pop"]
