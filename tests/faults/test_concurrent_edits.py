"""A program that writes into a file just when our copy takes its place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile

from beetsplug.genreclf.storage import concurrent_edits, file_writer
from beetsplug.genreclf.storage import file_tags as file_genres
from beetsplug.genreclf.tagging import revert

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beets.library import Item, Library
    from plugin.conftest import BeetsHome

    from beetsplug.genreclf.storage.file_writer import FileWriter

pytestmark = pytest.mark.usefixtures("classifier")


def edit_library(home: BeetsHome, genre: str = "Polka", *, written: bool = True) -> None:
    """Do what ``beet modify`` does when what it has open is no file any more."""
    item = home.library().items("title:Song")[0]
    item.genres = [genre] if genre else []
    if written:
        item.mtime = item.current_mtime()
    item.store()


def genres(home: BeetsHome) -> tuple[list[str], list[str]]:
    """Return the genres of the song in the library, and in its file."""
    item = home.item("Song")
    return item.genres, MediaFile(item.filepath).genres or []


@pytest.fixture
def song(home: BeetsHome) -> Path:
    return home.add_track("Song")


@pytest.fixture
def as_copy_takes_place(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen whenever the song was replaced and the run has gone on."""

    def arrange(happen: Callable[[], None]) -> None:
        look_again = concurrent_edits.rewrite_lost_edits

        def after_the_last_track(lib: Library, writer: FileWriter) -> int:
            happen()
            return look_again(lib, writer)

        monkeypatch.setattr(concurrent_edits, "rewrite_lost_edits", after_the_last_track)

    return arrange


@pytest.mark.parametrize("genre", ["Polka", ""])
def test_the_edit_is_in_the_file_when_the_run_ends(
    home: BeetsHome, song: Path, as_copy_takes_place: Callable[..., None], genre: str
) -> None:
    as_copy_takes_place(lambda: edit_library(home, genre))
    printed = home.beet("genreclf")
    assert (printed.exit_code, printed.err) == (0, "")
    wanted = [genre] if genre else []
    assert genres(home) == (wanted, wanted)
    assert home.beet("update").out == ""
    assert song.exists()


@pytest.mark.usefixtures("song")
def test_an_edit_that_was_kept_out_of_the_file_on_purpose(
    home: BeetsHome, as_copy_takes_place: Callable[..., None]
) -> None:
    as_copy_takes_place(lambda: edit_library(home, written=False))
    home.beet("genreclf")
    assert genres(home) == (["Polka"], ["Rock"])
    home.beet("genreclf")
    assert genres(home) == (["Polka"], ["Rock"])


@pytest.mark.usefixtures("song")
def test_while_genres_are_given_back(
    home: BeetsHome, as_copy_takes_place: Callable[..., None]
) -> None:
    home.beet("genreclf")
    as_copy_takes_place(lambda: edit_library(home))
    assert home.beet("genreclf", "--revert").exit_code == 0
    assert genres(home) == (["Polka"], ["Polka"])


@pytest.mark.usefixtures("song")
def test_after_the_run_the_next_one_mends_it(home: BeetsHome) -> None:
    home.beet("genreclf")
    edit_library(home)
    assert home.beet("genreclf", "--pretend").exit_code == 0
    home.beet("genreclf", "-W")
    assert genres(home) == (["Polka"], ["Rock"])
    printed = home.beet("genreclf")
    assert "Song: Polka" in printed.out
    assert genres(home) == (["Polka"], ["Polka"])
    assert "Polka" not in home.beet("genreclf").out


def test_a_file_that_cannot_be_written_fails_the_run(
    home: BeetsHome,
    song: Path,
    as_copy_takes_place: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    def edit_and_fill_the_disk() -> None:
        edit_library(home)
        monkeypatch.setattr("beetsplug.genreclf.storage.file_tags._edit", fail)

    as_copy_takes_place(edit_and_fill_the_disk)
    printed = home.beet("genreclf")
    assert printed.exit_code == 1
    assert f"{song}: Polka in the library only: No space left" in printed.err


@pytest.mark.usefixtures("song")
def test_a_file_that_waits_for_its_revert_goes_on_waiting(home: BeetsHome) -> None:
    """After ``--revert -W`` library and file differ on purpose."""
    media_file = MediaFile(home.item("Song").filepath)
    media_file.genres = ["Bebop"]
    media_file.save()
    home.beet("modify", "-yMW", "title:Song", "genres=Jazz")
    home.beet("genreclf", "-f")
    assert genres(home) == (["Rock"], ["Rock"])
    home.beet("genreclf", "--revert", "-W")
    home.beet("genreclf")
    assert genres(home) == (["Jazz"], ["Rock"])
    home.beet("genreclf", "--revert")
    assert genres(home) == (["Jazz"], ["Bebop"])


@pytest.mark.usefixtures("song")
def test_an_edit_that_met_the_write_itself(
    home: BeetsHome, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored before we store; the file is put back, and is a second newer then."""
    save, put_back = file_genres._save, file_genres.put_back_file_genres
    os.utime(song, (1, 1))

    def save_then_edit_library(item: Item, *genres: list[str], safe: bool) -> None:
        save(item, *genres, safe=safe)
        monkeypatch.setattr(file_genres, "_save", save)
        edit_library(home)

    def put_back_later(item: Item, wanted: list[str], *, safe: bool) -> None:
        put_back(item, wanted, safe=safe)
        later = song.stat().st_mtime + 2
        os.utime(song, (later, later))

    monkeypatch.setattr(file_genres, "_save", save_then_edit_library)
    monkeypatch.setattr(file_writer, "put_back_file_genres", put_back_later)
    home.beet("genreclf")
    assert genres(home) == (["Polka"], ["Polka"])


def edit_while_reverting(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch, *, written: bool = True
) -> None:
    """Let somebody edit the library once, while genres are given back."""
    settle = file_genres.is_in_step
    asked: list[Item] = []

    def settle_while_somebody_edits(item: Item) -> bool:
        asked.append(item)
        # Asked before the file is written, and after it: only what is stored after it
        # can have the time of a file that has replaced what somebody had open.
        if len(asked) == 2:
            edit_library(home, written=written)
        return settle(item)

    monkeypatch.setattr(revert, "is_in_step", settle_while_somebody_edits)


@pytest.mark.usefixtures("song")
def test_an_edit_of_the_library_while_genres_are_given_back_stays(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.beet("genreclf")
    edit_while_reverting(home, monkeypatch)
    printed = home.beet("genreclf", "--revert")
    assert "(was" not in printed.out
    assert genres(home) == (["Polka"], ["Polka"])


@pytest.mark.usefixtures("song")
def test_nor_is_one_that_was_kept_out_of_the_file_put_into_it(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.beet("genreclf")
    edit_while_reverting(home, monkeypatch, written=False)
    home.beet("genreclf", "--revert")
    assert genres(home) == (["Polka"], [])
