"""A program that writes into a file just when our copy takes its place.

``beet modify`` has then opened what is no file any more, and tells the library of its edit
after us.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest
from mediafile import MediaFile
from plugin.moments import Moment, fail_saves

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome
    from plugin.moments import Moments

pytestmark = pytest.mark.usefixtures("classifier")


def edit_library(home: BeetsHome, genre: str = "Polka", *, written: bool = True) -> None:
    """Do what ``beet modify`` does when what it has open is no file any more."""
    item = home.library().items("title:Song")[0]
    item.genres = [genre] if genre else []
    if written:
        item.mtime = item.current_mtime()
    item.store()


@pytest.fixture
def song(home: BeetsHome) -> Path:
    return home.add_track("Song")


@pytest.mark.parametrize("genre", ["Polka", ""])
def test_the_edit_is_in_the_file_when_the_run_ends(
    home: BeetsHome, song: Path, moments: Moments, genre: str
) -> None:
    moments.at(Moment.GENRE_STORED, lambda: edit_library(home, genre))
    printed = home.beet("genreclf")
    assert (printed.exit_code, printed.err) == (0, "")
    wanted = [genre] if genre else []
    assert home.genres("Song") == (wanted, wanted)
    assert home.beet("update").out == ""
    assert song.exists()


@pytest.mark.usefixtures("song")
def test_an_edit_that_was_kept_out_of_the_file_on_purpose(
    home: BeetsHome, moments: Moments
) -> None:
    moments.at(Moment.GENRE_STORED, lambda: edit_library(home, written=False))
    for _ in range(2):
        home.beet("genreclf")
        assert home.genres("Song") == (["Polka"], ["Rock"])


@pytest.mark.usefixtures("song")
def test_after_the_run_the_next_one_mends_it(home: BeetsHome) -> None:
    home.beet("genreclf")
    edit_library(home)
    assert home.beet("genreclf", "--pretend").exit_code == 0
    home.beet("genreclf", "-W")
    assert home.genres("Song") == (["Polka"], ["Rock"])
    assert "Song: Polka" in home.beet("genreclf").out
    assert home.genres("Song") == (["Polka"], ["Polka"])
    assert "Polka" not in home.beet("genreclf").out


def test_a_file_that_cannot_be_written_fails_the_run(
    home: BeetsHome, song: Path, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit_and_fill_the_disk() -> None:
        edit_library(home)
        fail_saves(monkeypatch, errno.ENOSPC)

    moments.at(Moment.GENRE_STORED, edit_and_fill_the_disk)
    printed = home.beet("genreclf")
    assert printed.exit_code == 1
    assert f"{song}: Polka in the library only: No space left" in printed.err


def test_a_file_that_waits_for_its_revert_goes_on_waiting(
    home: BeetsHome, song: Path
) -> None:
    """After ``--revert -W`` library and file differ on purpose."""
    media_file = MediaFile(song)
    media_file.genres = ["Bebop"]
    media_file.save()
    home.beet("modify", "-yMW", "title:Song", "genres=Jazz")
    home.beet("genreclf", "-f")
    assert home.genres("Song") == (["Rock"], ["Rock"])
    home.beet("genreclf", "--revert", "-W")
    home.beet("genreclf")
    assert home.genres("Song") == (["Jazz"], ["Rock"])
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == (["Jazz"], ["Bebop"])


def test_an_edit_that_met_the_write_itself(
    home: BeetsHome, song: Path, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored before we store; the file is put back, and is a second newer then."""
    os.utime(song, (1, 1))

    def edit_then_slow_down() -> None:
        edit_library(home)
        save = MediaFile.save

        def save_later(file: MediaFile, **options: Any) -> None:
            save(file, **options)
            later = song.stat().st_mtime + 2
            os.utime(file.path, (later, later))

        monkeypatch.setattr(MediaFile, "save", save_later)

    moments.at(Moment.AFTER_WRITE, edit_then_slow_down)
    home.beet("genreclf")
    assert home.genres("Song") == (["Polka"], ["Polka"])


# Stored after the file was given back, it can have the time of a file that has replaced
# what somebody had open; kept out of the file on purpose, it has not.
@pytest.mark.usefixtures("song")
@pytest.mark.parametrize("moment", [Moment.AFTER_WRITE, Moment.GENRE_STORED])
@pytest.mark.parametrize(("written", "in_file"), [(True, ["Polka"]), (False, [])])
def test_while_genres_are_given_back(
    home: BeetsHome, moments: Moments, moment: Moment, written: bool, in_file: list[str]
) -> None:
    home.beet("genreclf")
    moments.at(moment, lambda: edit_library(home, written=written))
    printed = home.beet("genreclf", "--revert")
    assert printed.exit_code == 0
    assert ("(was" in printed.out) == (moment is Moment.GENRE_STORED)
    assert home.genres("Song") == (["Polka"], in_file)
