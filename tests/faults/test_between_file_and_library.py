"""What comes between a file and its row: other programs, lost disks, Ctrl-C."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from beets.library import Item
from mediafile import MediaFile
from plugin.conftest import HEARD
from plugin.moments import Moment, fail_saves

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome
    from plugin.moments import Moments

pytestmark = pytest.mark.usefixtures("classifier")


def notes(home: BeetsHome, title: str) -> list[str]:
    return [name for name in home.item(title) if name.startswith("genreclf_")]


def edit_library(home: BeetsHome, title: str, genre: str = "Polka") -> None:
    item = home.library().items(f"title:{title}")[0]
    item.genres = [genre]
    item.store()


def edit_file(path: Path, **values: Any) -> None:
    media_file = MediaFile(path)
    media_file.update(values)
    media_file.save()


def test_a_library_that_somebody_reads_for_too_long(
    home: BeetsHome, moments: Moments
) -> None:
    """Beets gives up, and goes on holding the lock of its database."""
    home.add_track("Song")
    home.settings["timeout"] = 0.5
    with closing(sqlite3.connect(home.database, isolation_level=None)) as reader:

        def read() -> None:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM items").fetchone()

        moments.at(Moment.COPY_EDITED, read)
        printed = home.beet("genreclf")
    assert printed.exit_code == 1
    assert "locked" in printed.err
    home.close()  # as the end of the process does
    assert home.genres("Song") == ([], [])
    assert home.beet("genreclf").exit_code == 0
    assert home.genres("Song") == (["Rock"], ["Rock"])


def test_a_disk_that_is_lost_in_the_middle_of_a_write(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_track("Song")

    def lose() -> None:
        shutil.rmtree(home.music)
        home.music.mkdir()
        raise OSError(errno.EIO, "Input/output error")

    moments.at(Moment.COPY_EDITED, lose)
    (line,) = home.beet("genreclf").err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert notes(home, "Song") == []


def test_what_cannot_be_put_back_stops_nothing(
    home: BeetsHome, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("A")
    home.add_track("B")
    fail_saves(monkeypatch, errno.ENOSPC, only=1)
    moments.at(Moment.AFTER_WRITE, lambda: edit_library(home, "A"))
    printed = home.beet("genreclf", "title+")
    assert printed.exit_code == 1
    assert home.genres("A") == (["Polka"], ["Rock"])
    assert home.genres("B") == (["Rock"], ["Rock"])


def test_a_write_that_fails_leaves_no_note(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")
    fail_saves(monkeypatch, errno.ENOSPC)
    assert home.beet("genreclf").exit_code == 1
    assert set(notes(home, "Song")) == HEARD
    assert home.genres("Song") == ([], [])


@pytest.mark.parametrize("moment", [Moment.INTENT_STORED, Moment.BEFORE_WRITE])
def test_a_genre_that_a_person_writes_before_the_copy_is_made(
    home: BeetsHome, moments: Moments, moment: Moment
) -> None:
    song = home.add_track("Song")
    moments.at(moment, lambda: edit_file(song, genres=["Polka"]))
    printed = home.beet("genreclf")
    assert "another program wrote it meanwhile" in printed.err
    assert home.genres("Song") == ([], ["Polka"])
    assert set(notes(home, "Song")) == HEARD


@pytest.mark.skipif(sys.platform == "win32", reason="the time of a change is not kept")
def test_an_edit_that_keeps_size_and_time(home: BeetsHome, moments: Moments) -> None:
    song = home.add_track("Song")

    def edit() -> None:
        before = song.stat()
        edit_file(song, title="Sing")
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert song.stat().st_size == before.st_size

    moments.at(Moment.COPY_EDITED, edit)
    assert "another program wrote it meanwhile" in home.beet("genreclf").err
    assert MediaFile(song).title == "Sing"


def test_another_run_that_writes_the_same(home: BeetsHome, moments: Moments) -> None:
    song = home.add_track("Song")

    def write_the_same() -> None:
        edit_file(song, genres=["Rock"])
        edit_library(home, "Song", "Rock")

    moments.at(Moment.COPY_EDITED, write_the_same)
    printed = home.beet("genreclf")
    assert (printed.err, printed.exit_code) == ("", 0)
    assert home.genres("Song") == (["Rock"], ["Rock"])


@pytest.mark.parametrize(
    ("flags", "moment"), [((), Moment.COPY_EDITED), (("-W",), Moment.FILE_READ)]
)
def test_an_edit_of_the_library_meanwhile(
    home: BeetsHome, moments: Moments, flags: tuple[str, ...], moment: Moment
) -> None:
    home.add_track("Song")
    moments.at(moment, lambda: edit_library(home, "Song"))
    printed = home.beet("genreclf", *flags)
    assert printed.exit_code == 1
    assert "another program changed it in the library meanwhile" in printed.err
    assert home.genres("Song") == (["Polka"], [])
    assert "genreclf_previous" not in notes(home, "Song")


@pytest.mark.parametrize("flags", [(), ("--update",)])
def test_an_edit_while_the_model_predicts(
    home: BeetsHome, moments: Moments, flags: tuple[str, ...]
) -> None:
    home.add_track("Song")
    if flags:
        home.beet("genreclf")
        home.classifier.model_id = "scripted@11111111"
        home.classifier.answers["Song"] = ("blues", 0.9)
    moments.at(Moment.PREDICTED, lambda: edit_library(home, "Song"))
    printed = home.beet("genreclf", *flags)
    assert printed.lines[-1].startswith("0 tagged, 0 abstained")
    assert home.item("Song").genres == ["Polka"]


def test_an_edit_of_a_known_track_while_the_model_predicts_another(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_track("Recalled")
    home.configure(min_confidence=0.9)
    home.beet("genreclf")
    home.configure(min_confidence=0.5)
    home.add_track("New")
    moments.at(Moment.PREDICTED, lambda: edit_library(home, "Recalled"))
    home.beet("genreclf", "title+")
    assert home.genres("New") == (["Rock"], ["Rock"])
    assert home.genres("Recalled") == (["Polka"], [])


@pytest.mark.usefixtures("default_signals")
def test_a_second_ctrl_c_just_after_the_library_was_told(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_track("Song")

    def interrupt() -> None:
        raise KeyboardInterrupt

    moments.at(Moment.GENRE_STORED, interrupt)
    home.beet("genreclf")
    assert home.genres("Song") == (["Rock"], ["Rock"])


def test_an_edit_of_an_album_while_its_genre_is_chosen(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_album("Record", ["Song"])
    home.settings["paths"] = {"default": "$genres/$title"}

    def set_genres(*genres: str) -> None:
        album = home.library().albums()[0]
        album.genres = list(genres)
        album.store(inherit=False)

    printed = home.beet("-v", "genreclf")
    assert " - Record: Rock" in printed.err + printed.out
    set_genres()
    moments.at(Moment.ALBUM_READ, lambda: set_genres("Polka"))
    printed = home.beet("-v", "genreclf", "--source", "track", "--move")
    assert home.album("Record").genres == ["Polka"]
    assert " - Record: Rock" not in printed.err + printed.out
    assert list(home.files()) == [home.music / "Record" / "Song.mp3"]


def test_a_track_that_got_the_number_of_one_that_was_removed(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_track("Alpha")
    home.add_track("Beta")

    def replace_beta() -> None:
        library = home.library()
        library.items("title:Beta")[0].remove()
        gamma = home.audio_file(home.music / "Gamma.mp3", title="Gamma")
        assert library.add(Item.from_path(gamma)) == 2

    moments.at(Moment.PREDICTED, replace_beta)
    printed = home.beet("genreclf", "-t", "1", "title+")
    assert "Beta.mp3: no longer in the library" in printed.err
    assert home.genres("Alpha") == (["Rock"], ["Rock"])
    assert home.genres("Gamma") == ([], [])


def test_another_run_that_tags_what_is_being_reverted(
    home: BeetsHome, moments: Moments
) -> None:
    home.add_track("Song", genres=["Pop"])
    home.beet("genreclf", "-f")

    def tag_meanwhile() -> None:
        row = home.library().items("title:Song")[0]
        row.genres, row["genreclf_genres"] = ["Blues"], "Blues"
        row.store()

    moments.at(Moment.AFTER_WRITE, tag_meanwhile)
    home.beet("genreclf", "--revert")
    assert home.item("Song").genres == ["Blues"]
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == (["Pop"], ["Pop"])


def test_a_file_that_is_moved_just_after_it_was_written(
    home: BeetsHome, moments: Moments
) -> None:
    song = home.add_track("A")
    home.add_track("B")
    moved = home.music / "moved.mp3"
    moments.at(Moment.AFTER_WRITE, lambda: song.rename(moved))
    printed = home.beet("genreclf", "title+")
    assert "Traceback" not in printed.err
    assert home.item("A").genres == MediaFile(moved).genres == ["Rock"]
    assert home.genres("B") == (["Rock"], ["Rock"])
