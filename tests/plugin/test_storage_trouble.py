"""Full disks and lost ones: file and library agree, and nothing else is touched."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import mutagen.id3
import pytest
from beets.library import Item
from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier


def test_library_on_a_full_disk_leaves_the_file_as_it_was(
    home: BeetsHome, classifier: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
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
    assert len(classifier.heard) == 2
    (line,) = printed.err.splitlines()
    assert line == f"error: genreclf: {home.database}: database or disk is full"
    assert printed.exit_code == 1
    assert home.item("First").genres == ["Rock"]
    assert MediaFile(second).genres == home.item("Second").genres == ["Soul", "Jazz"]
    assert "genreclf_genres" not in home.item("Second")


def test_file_on_a_full_disk_is_named_and_the_rest_goes_on(
    home: BeetsHome, classifier: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = home.add_track("Full")
    home.add_track("Song")
    save = mutagen.id3.ID3.save

    def save_until_full(tags: mutagen.id3.ID3, filething: Any, **kwargs: Any) -> None:
        if tags["TIT2"].text == ["Full"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(tags, filething, **kwargs)

    monkeypatch.setattr(mutagen.id3.ID3, "save", save_until_full)

    printed = home.beet("genreclf")

    assert len(classifier.heard) == 2
    warning, error = printed.err.splitlines()
    assert warning.startswith(f"genreclf: {full}: genre neither written nor stored: ")
    assert "No space left on device" in warning
    assert error == "error: genreclf: 1 track failed; the warnings say why"
    assert home.item("Full").genres == []
    assert home.item("Song").genres == ["Rock"]


@pytest.mark.parametrize("is_mount_point", [False, True])
@pytest.mark.parametrize("mode", [(), ("--check",), ("--revert",)])
def test_lost_disk_is_said_once(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    mode: tuple[str, ...],
    is_mount_point: bool,
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

    assert classifier.heard or mode == ("--revert",)
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert printed.exit_code == 1
    assert home.dump() == before


def test_lost_disk_is_said_once_where_nothing_has_to_be_heard(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    for number in range(5):
        home.add_track(f"Song {number}")
    home.beet("genreclf")
    classifier.heard.clear()
    shutil.rmtree(home.music)
    home.configure(label_map={"rock": "Heavy"})

    printed = home.beet("genreclf", "-f")

    assert not classifier.heard
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: genreclf: the music folder {home.music} is missing")
    assert len(home.items("genres:=Rock")) == 5
