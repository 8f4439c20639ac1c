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
from beets.dbcore.db import Transaction
from beets.library import Item
from mediafile import MediaFile
from plugin.conftest import HEARD

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import choose_album_genre
from beetsplug.genreclf.storage import commit as keeper
from beetsplug.genreclf.storage import file_tags as file_genres
from beetsplug.genreclf.storage import file_writer
from beetsplug.genreclf.storage.atomic_edit import atomic_edit
from beetsplug.genreclf.storage.file_tags import read_file_genres, write_file_genres
from beetsplug.genreclf.storage.write_intent import note_ahead
from beetsplug.genreclf.tagging import albums, revert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

pytestmark = pytest.mark.usefixtures("classifier")
EDIT = file_genres._edit


def genres(home: BeetsHome, title: str) -> tuple[list[str], list[str]]:
    """Return the genres of a track in the library, and in its file."""
    item = home.item(title)
    return item.genres, MediaFile(item.filepath).genres or []


def notes(home: BeetsHome, title: str) -> list[str]:
    return [name for name in home.item(title) if name.startswith("genreclf_")]


def edit_library(home: BeetsHome, title: str) -> None:
    item = home.library().items(f"title:{title}")[0]
    item.genres = ["Polka"]
    item.store()


@pytest.fixture
def after_edit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Let something happen once, after the first file was edited."""

    def arrange(happen: Callable[[], None]) -> None:
        def edit(path: Path, wanted: Sequence[str]) -> None:
            EDIT(path, wanted)
            monkeypatch.setattr(file_genres, "_edit", EDIT)
            happen()

        monkeypatch.setattr(file_genres, "_edit", edit)

    return arrange


def test_a_library_that_somebody_reads_for_too_long(
    home: BeetsHome, after_edit: Callable[[Callable[[], None]], None]
) -> None:
    """Beets gives up, and goes on holding the lock of its database."""
    home.add_track("Song")
    home.settings["timeout"] = 0.5
    with closing(sqlite3.connect(home.database, isolation_level=None)) as reader:

        def read() -> None:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM items").fetchone()

        after_edit(read)
        printed = home.beet("genreclf")
    assert printed.exit_code == 1
    assert "locked" in printed.err
    home.close()  # as the end of the process does
    assert genres(home, "Song") == ([], [])
    assert home.beet("genreclf").exit_code == 0
    assert genres(home, "Song") == (["Rock"], ["Rock"])


def test_a_disk_that_is_lost_in_the_middle_of_a_write(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")

    def lose(*_arguments: object) -> None:
        shutil.rmtree(home.music)
        home.music.mkdir()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(file_genres, "_edit", lose)
    printed = home.beet("genreclf")
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert notes(home, "Song") == []


def test_what_cannot_be_put_back_stops_nothing(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("A")
    home.add_track("B")
    edits: list[Path] = []

    def edit(path: Path, wanted: Sequence[str]) -> None:
        edits.append(path)
        if len(edits) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        EDIT(path, wanted)
        if len(edits) == 1:
            edit_library(home, "A")

    monkeypatch.setattr(file_genres, "_edit", edit)
    printed = home.beet("genreclf", "title+")
    assert printed.exit_code == 1
    assert genres(home, "A")[0] == ["Polka"]
    assert genres(home, "B") == (["Rock"], ["Rock"])


def test_a_genre_that_a_person_writes_just_before_the_copy_is_made(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = home.add_track("Song")

    def note_while_somebody_writes(item: Item) -> Callable[[], None]:
        take_back = note_ahead(item)
        media_file = MediaFile(song)
        media_file.genres = ["Polka"]
        media_file.save()
        return take_back

    monkeypatch.setattr(keeper, "note_ahead", note_while_somebody_writes)
    printed = home.beet("genreclf")
    assert "another program wrote it meanwhile" in printed.err
    assert genres(home, "Song") == ([], ["Polka"])
    assert set(notes(home, "Song")) == HEARD


def test_another_run_that_writes_the_same(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")

    def edit_after_another_run(path: Path, wanted: Sequence[str]) -> None:
        monkeypatch.setattr(file_genres, "_edit", EDIT)
        EDIT(home.music / "Song.mp3", wanted)
        item = home.library().items("title:Song")[0]
        item.genres = list(wanted)
        item.store()
        EDIT(path, wanted)

    monkeypatch.setattr(file_genres, "_edit", edit_after_another_run)
    printed = home.beet("genreclf")
    assert (printed.err, printed.exit_code) == ("", 0)
    assert genres(home, "Song") == (["Rock"], ["Rock"])


@pytest.mark.usefixtures("default_signals")
def test_a_second_ctrl_c_just_after_the_library_was_told(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")
    leave = Transaction.__exit__
    told: list[Item] = []

    def leave_interrupted(transaction: Transaction, *details: Any) -> bool | None:
        result = leave(transaction, *details)
        is_root = not any(transaction.db._tx_stacks.values())
        if told and is_root:
            told.clear()
            raise KeyboardInterrupt
        return result

    note_written = provenance.note_written

    def note(item: Item) -> None:
        told.append(item)
        note_written(item)

    monkeypatch.setattr(provenance, "note_written", note)
    monkeypatch.setattr(Transaction, "__exit__", leave_interrupted)
    home.beet("genreclf")
    monkeypatch.undo()
    assert genres(home, "Song") == (["Rock"], ["Rock"])


def test_a_note_that_outlives_a_kill_is_no_claim(home: BeetsHome) -> None:
    home.add_track("Song")
    item = home.library().items("title:Song")[0]
    provenance.claim_track(item, ["Rock"], [])
    note_ahead(item)  # and killed here
    home.beet("modify", "-y", "-M", "title:Song", "genres=Rock")
    home.beet("genreclf")
    home.beet("genreclf", "--revert")
    assert genres(home, "Song") == (["Rock"], ["Rock"])


def edit_file(path: Path, **values: Any) -> None:
    media_file = MediaFile(path)
    media_file.update(values)
    media_file.save()


def test_a_genre_that_a_person_writes_once_the_file_was_read(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = home.add_track("Song")

    def edit_then_copy(path: Path) -> AbstractContextManager[Path]:
        edit_file(song, genres=["Polka"])
        return atomic_edit(path)

    monkeypatch.setattr(file_genres, "atomic_edit", edit_then_copy)
    printed = home.beet("genreclf")
    assert "another program wrote it meanwhile" in printed.err
    assert genres(home, "Song") == ([], ["Polka"])


@pytest.mark.skipif(sys.platform == "win32", reason="the time of a change is not kept")
def test_an_edit_that_keeps_size_and_time(
    home: BeetsHome, after_edit: Callable[[Callable[[], None]], None]
) -> None:
    song = home.add_track("Song")

    def edit() -> None:
        before = song.stat()
        edit_file(song, title="Sing")
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert song.stat().st_size == before.st_size

    after_edit(edit)
    assert "another program wrote it meanwhile" in home.beet("genreclf").err
    assert MediaFile(song).title == "Sing"


def test_an_edit_of_the_library_beside_a_run_that_writes_no_files(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song")
    reads: list[Item] = []

    def read(item: Item) -> list[str]:
        reads.append(item)
        if len(reads) == 2:
            edit_library(home, "Song")
        return read_file_genres(item)

    monkeypatch.setattr(keeper, "read_file_genres", read)
    printed = home.beet("genreclf", "-W")
    assert len(reads) == 2
    assert "another program changed it in the library meanwhile" in printed.err
    assert genres(home, "Song") == (["Polka"], [])
    assert "genreclf_previous" not in notes(home, "Song")


def test_an_edit_of_an_album_while_its_genre_is_chosen(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_album("Record", ["Song"])
    home.configure(source="track")

    def edit_then_choose(votes: Any) -> Any:
        album = home.library().albums()[0]
        album.genres = ["Polka"]
        album.store(inherit=False)
        return choose_album_genre(votes)

    monkeypatch.setattr(albums, "choose_album_genre", edit_then_choose)
    changed: list[set[int]] = []
    tag = albums.AlbumTagger._tag

    def tag_and_look(tagger: albums.AlbumTagger, *arguments: Any) -> None:
        tag(tagger, *arguments)
        changed.append(tagger.changed)

    monkeypatch.setattr(albums.AlbumTagger, "_tag", tag_and_look)
    printed = home.beet("-v", "genreclf")
    assert changed == [set()], "or --move would move its files"
    assert home.album("Record").genres == ["Polka"]
    assert " - Record: Rock" not in printed.err + printed.out, "it has not changed"


def test_a_track_that_got_the_number_of_one_that_was_removed(
    home: BeetsHome, classifier: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Alpha")
    home.add_track("Beta")
    predict = classifier.predict_file

    def replace_then_predict(path: Path) -> Any:
        if path.stem == "Beta":
            library = home.library()
            library.items("title:Beta")[0].remove()
            gamma = home.audio_file(home.music / "Gamma.mp3", title="Gamma")
            assert library.add(Item.from_path(gamma)) == 2
        return predict(path)

    monkeypatch.setattr(classifier, "predict_file", replace_then_predict)
    printed = home.beet("genreclf", "-t", "1")
    assert "Beta.mp3: no longer in the library" in printed.err
    assert genres(home, "Alpha") == (["Rock"], ["Rock"])
    assert genres(home, "Gamma") == ([], [])


def test_another_run_that_tags_what_is_being_reverted(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("Song", genres=["Pop"])
    home.beet("genreclf", "-f")
    asked: list[Item] = []

    def tag_meanwhile(item: Item) -> bool:
        asked.append(item)
        if len(asked) == 2:
            row = home.library().items("title:Song")[0]
            provenance.claim_track(row, ["Blues"], ["Pop"])
            row.store()
        return file_genres.is_in_step(item)

    with monkeypatch.context() as both:
        both.setattr(revert, "is_in_step", tag_meanwhile)
        home.beet("genreclf", "--revert")
    assert genres(home, "Song")[0] == ["Blues"]
    home.beet("genreclf", "--revert")
    assert genres(home, "Song") == (["Pop"], ["Pop"])


def test_a_file_that_is_moved_just_after_it_was_written(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = home.add_track("A")
    home.add_track("B")

    def write_then_move(item: Item, *arguments: Any, **options: Any) -> bool:
        done = write_file_genres(item, *arguments, **options)
        if item.title == "A":
            song.rename(song.with_name("moved.mp3"))
        return done

    monkeypatch.setattr(file_writer, "write_file_genres", write_then_move)
    printed = home.beet("genreclf")
    assert "Traceback" not in printed.err
    assert home.item("A").genres == MediaFile(home.music / "moved.mp3").genres == ["Rock"]
    assert genres(home, "B") == (["Rock"], ["Rock"])
