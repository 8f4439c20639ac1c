"""Full disks and lost ones: file and library agree, and nothing else is touched."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from audio_files import music, write_audio
from beets.library import Item
from mediafile import MediaFile
from plugin.moments import fail_saves

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")


def test_library_on_a_full_disk_leaves_the_file_as_it_was(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_track("First")
    second = home.add_track("Second", genres=["Soul", "Jazz"])
    store = Item.store

    def store_until_full(item: Item, *args: Any, **kwargs: Any) -> None:
        if item.title == "Second":
            raise sqlite3.OperationalError("database or disk is full")
        store(item, *args, **kwargs)

    monkeypatch.setattr(Item, "store", store_until_full)

    printed = home.beet("genreclf", "-f", "title+")

    monkeypatch.undo()
    assert len(home.classifier.heard) == 2
    (line,) = printed.err.splitlines()
    assert line == f"error: genreclf: {home.database}: database or disk is full"
    assert printed.exit_code == 1
    assert home.item("First").genres == ["Rock"]
    assert MediaFile(second).genres == home.item("Second").genres == ["Soul", "Jazz"]
    assert "genreclf_genres" not in home.item("Second")


def test_file_on_a_full_disk_is_named_and_the_rest_goes_on(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = home.add_track("Full")
    home.add_track("Song")
    fail_saves(monkeypatch, errno.ENOSPC, only=0)

    printed = home.beet("genreclf", "title+")

    assert len(home.classifier.heard) == 2
    warning, error = printed.err.splitlines()
    assert warning.startswith(f"genreclf: {full}: genre neither written nor stored: ")
    assert "No space left on device" in warning
    assert error == "error: genreclf: 1 track failed; the warnings say why"
    assert home.item("Full").genres == []
    assert home.item("Song").genres == ["Rock"]


@pytest.mark.parametrize(
    ("error", "n_folders", "n_warnings"),
    [
        pytest.param(errno.EROFS, 1, 3, id="the disk is read-only"),
        pytest.param(errno.EACCES, 1, 6, id="one album is somebody else's"),
        pytest.param(errno.EACCES, 6, 3, id="all albums are somebody else's"),
    ],
)
def test_a_read_only_music_folder_ends_the_run_but_one_album_does_not(
    home: BeetsHome,
    monkeypatch: pytest.MonkeyPatch,
    error: int,
    n_folders: int,
    n_warnings: int,
) -> None:
    for number in range(6):
        home.add_track(f"Song {number}", f"{number % n_folders}/{number}.mp3")

    fail_saves(monkeypatch, error)
    printed = home.beet("genreclf")
    monkeypatch.undo()
    *warnings, last = printed.err.splitlines()
    assert len(warnings) == n_warnings
    assert printed.exit_code == 1
    said = f"error: genreclf: {home.music} is read-only; to keep genres"
    assert last.startswith(said) is (n_warnings == 3)


@pytest.mark.parametrize("source", ["track", "album"])
def test_what_was_heard_is_remembered_though_it_was_not_written(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    home.add_track("Song")
    home.configure(source=source)

    with monkeypatch.context() as patch:
        fail_saves(patch, errno.EROFS)
        home.beet("genreclf")
    assert home.item("Song").genres == []
    home.classifier.heard.clear()
    home.beet("genreclf", "-W")
    assert home.item("Song").genres == ["Rock"]
    assert not home.classifier.heard


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_a_full_disk_ends_the_run(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """Hours of listening would be for nothing."""
    paths = [home.add_track(f"Song {number}") for number in range(30)]
    reason = os.strerror(error)

    with monkeypatch.context() as full:
        fail_saves(full, error)
        printed = home.beet("genreclf", "title+")
    *warnings, last = printed.err.splitlines()
    assert printed.exit_code == 1
    assert not any(item.genres for item in home.items())
    wanted = [
        f"genreclf: {path}: genre neither written nor stored: {reason}" for path in paths
    ]
    if error == errno.EACCES:
        assert (sorted(warnings), len(home.classifier.heard)) == (sorted(wanted), 30)
        return
    assert len(warnings) == 3
    assert set(warnings) < set(wanted)
    assert last.startswith(f"error: genreclf: the disk of {home.music} is full; make room")
    assert len(home.classifier.heard) < 30
    assert home.beet("genreclf").exit_code == 0


FULL = """
import errno
import mutagen.id3
from beets.ui import main

def fail(*_arguments, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")

mutagen.id3.ID3.save = fail
main(["genreclf"])
"""


def test_nothing_else_is_printed_of_a_full_disk(home: BeetsHome) -> None:
    """In a process of its own, since within pytest logs are handled."""
    home.configure(min_confidence=0)
    song = home.add_track("Song")
    write_audio(song, music(6), codec="libmp3lame")
    home.beet("version")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FULL],
        env=os.environ | {"BEETSDIR": str(home.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, second = done.stderr.splitlines()
    assert first.startswith(f"genreclf: {song}: genre neither written nor stored: No space")
    assert second.startswith("error: genreclf: 1 track failed")


@pytest.mark.parametrize("is_mount_point", [False, True])
@pytest.mark.parametrize("mode", [(), ("--check",), ("--revert",)])
def test_lost_disk_is_said_once(
    home: BeetsHome, mode: tuple[str, ...], is_mount_point: bool
) -> None:
    for number in range(30):
        home.add_track(f"Song {number}", genres=["Pop"] if mode else [])
    home.configure(label_map={"rock": "Pop"} if "--check" in mode else {})
    if mode == ("--revert",):
        home.beet("genreclf", "-f", "--listen-again")
    before = home.dump()
    shutil.rmtree(home.music)
    if is_mount_point:
        home.music.mkdir()

    printed = home.beet("genreclf", *mode)

    assert home.classifier.heard or mode == ("--revert",)
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert printed.exit_code == 1
    assert home.dump() == before


def test_lost_disk_is_said_once_where_nothing_has_to_be_heard(home: BeetsHome) -> None:
    for number in range(5):
        home.add_track(f"Song {number}")
    home.beet("genreclf")
    home.classifier.heard.clear()
    shutil.rmtree(home.music)
    home.configure(label_map={"rock": "Heavy"})

    printed = home.beet("genreclf", "-f")

    assert not home.classifier.heard
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert len(home.items("genres:=Rock")) == 5


def test_file_that_is_away_is_not_forgotten(home: BeetsHome) -> None:
    path = home.add_track("Song", genres=["Soul"])
    home.add_track("Other")
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
    away = path.rename(home.folder / "away.mp3")
    home.configure(label_map={"rock": "Heavy"})
    printed = home.beet("genreclf", "-f", "-W", "title:Song")
    assert f"{path}: genre not stored: the file is missing" in printed.err
    assert printed.exit_code == 1
    away.rename(path)

    home.beet("genreclf", "--revert")

    assert home.classifier.heard
    assert home.genres("Song") == (["Polka"], ["Soul"])
