"""A process that is killed after it wrote a file, and before it told the library."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile
from plugin.conftest import HEARD

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.storage import file_tags as file_genres

if TYPE_CHECKING:
    from pathlib import Path

    from beets.library import Item
    from plugin.conftest import BeetsHome, ScriptedClassifier


class Killing:
    """Keeps what a kill at that moment would have left, and goes back to it."""

    def __init__(self, home: BeetsHome, song: Path) -> None:
        self._home = home
        self._song = song
        self._left = home.folder / "left"
        self._left.mkdir()

    def note(self) -> None:
        """Copy database and file as they are on the disk."""
        shutil.copy2(self._home.database, self._left / "library.db")
        shutil.copy2(self._song, self._left / "song.mp3")

    def go_back(self) -> None:
        """Put both back."""
        self._home.close()
        shutil.copy2(self._left / "library.db", self._home.database)
        shutil.copy2(self._left / "song.mp3", self._song)


@pytest.fixture
def song(home: BeetsHome) -> Path:
    return home.add_track("Song")


@pytest.fixture
def killing(home: BeetsHome, song: Path, monkeypatch: pytest.MonkeyPatch) -> Killing:
    """Look at the moment between file and library."""
    killing = Killing(home, song)
    note_written = provenance.note_written

    def note(item: Item) -> None:
        killing.note()
        note_written(item)

    monkeypatch.setattr(provenance, "note_written", note)
    return killing


def genres(home: BeetsHome, song: Path) -> tuple[list[str], list[str]]:
    """Return the genres in the library and in the file."""
    return home.item("Song").genres, MediaFile(song).genres or []


@pytest.fixture(params=[((), ()), (("Jazz",), ("-f",))], ids=["no genre", "a person's"])
def killed(
    request: pytest.FixtureRequest,
    home: BeetsHome,
    song: Path,
    killing: Killing,
    classifier: ScriptedClassifier,
) -> tuple[list[str], tuple[str, ...]]:
    """Kill a run; return the genres before it, and its flags."""
    before, flags = list(request.param[0]), request.param[1]
    if before:
        home.beet("modify", "-y", "-M", "title:Song", f"genres={before[0]}")
    home.beet("genreclf", *flags)
    assert classifier.heard
    killing.go_back()
    assert genres(home, song) == (before, ["Rock"])
    return before, flags


def test_the_next_run_makes_library_and_file_agree(
    home: BeetsHome, song: Path, killed: tuple[list[str], tuple[str, ...]]
) -> None:
    before, flags = killed
    printed = home.beet("genreclf", *flags)
    assert printed.exit_code == 0
    assert genres(home, song) == (["Rock"], ["Rock"])
    home.beet("genreclf", "--revert")
    assert genres(home, song) == (before, before)
    assert not [name for name in home.item("Song") if name.startswith("genreclf_")]


def test_reverting_gives_the_file_back(
    home: BeetsHome, song: Path, killed: tuple[list[str], tuple[str, ...]]
) -> None:
    before, _ = killed
    home.beet("genreclf", "--revert")
    assert genres(home, song) == (before, before)


def test_another_genre_than_the_model_chose_before(
    home: BeetsHome, song: Path, killing: Killing, classifier: ScriptedClassifier
) -> None:
    home.beet("genreclf")
    classifier.answers["Song"] = ("blues", 0.9)
    home.beet("genreclf", "-f", "--listen-again")
    killing.go_back()
    assert genres(home, song) == (["Rock"], ["Blues"])
    home.beet("genreclf", "-f", "--listen-again")
    assert genres(home, song) == (["Blues"], ["Blues"])
    home.beet("genreclf", "--revert")
    assert genres(home, song) == ([], [])


@pytest.mark.usefixtures("classifier")
def test_a_write_that_fails_leaves_no_note(
    home: BeetsHome, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("beetsplug.genreclf.storage.file_tags._edit", fail)
    assert home.beet("genreclf").exit_code == 1
    stored = {name for name in home.item("Song") if name.startswith("genreclf_")}
    assert stored == HEARD
    assert genres(home, song) == ([], [])


@pytest.mark.usefixtures("classifier")
def test_an_edit_of_the_library_meanwhile_stays(
    home: BeetsHome,
    song: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edit_file = file_genres._edit

    def edit_while_somebody_edits(path: Path, genres: list[str]) -> None:
        edit_file(path, genres)
        monkeypatch.setattr(file_genres, "_edit", edit_file)
        item = home.library().items("title:Song")[0]
        item.genres = ["Polka"]
        item.store()

    monkeypatch.setattr(file_genres, "_edit", edit_while_somebody_edits)
    printed = home.beet("genreclf")
    assert printed.exit_code == 1
    assert "another program changed it" in printed.err
    assert genres(home, song) == (["Polka"], [])
