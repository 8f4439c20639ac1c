"""``beet genreclf --revert``: as if the plugin had never been there."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import mutagen
import pytest
from audio_files import CONTAINERS, AudioKind, music, write_audio
from beets.library import Item
from mediafile import MediaFile
from plugin.conftest import genres_in

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")
SEVERAL = pytest.mark.parametrize("genres", [[], ["Pop"], ["Pop", "Soul"]], ids=len)


def tags_in(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what a file says of its sound, and the names of the tags that say it."""
    said = dict(MediaFile(path).as_dict())
    del said["art"], said["images"]
    return said, sorted(map(str, (mutagen.File(path).tags or {}).keys()))


def fields_of_the_plugin(home: BeetsHome) -> list[str]:
    return [line for line in home.dump() if "genreclf_" in line]


def assert_in_step(home: BeetsHome) -> None:
    """Check that ``beet update`` has no reason to look into any file."""
    assert all(item.mtime == item.current_mtime() for item in home.items())
    assert home.beet("update", "-p").out == ""


@SEVERAL
def test_gives_back_what_stood_there(home: BeetsHome, genres: list[str]) -> None:
    path = home.add_track("Song", genres=genres)
    before = tags_in(path)
    home.beet("genreclf", "-f")
    assert home.item("Song").genres == genres_in(path) == ["Rock"]
    assert_in_step(home)
    home.classifier.heard.clear()

    printed = home.beet("genreclf", "--revert")

    was = ", ".join(genres) or "no genre"
    assert printed.lines == [f"Ann - Song: {was} (was: Rock)", "1 reverted"]
    assert (printed.err, printed.exit_code) == ("", 0)
    assert home.item("Song").genres == genres
    assert tags_in(path) == before
    assert not fields_of_the_plugin(home)
    assert not home.classifier.heard
    assert_in_step(home)


def test_gives_back_no_tag_but_the_genre(home: BeetsHome) -> None:
    path = home.add_track("Song", genres=["Pop"])
    home.beet("modify", "-yMW", "title:Song", "title=Renamed")
    home.beet("genreclf", "-f")
    assert MediaFile(path).title == "Song"
    home.beet("genreclf", "--revert")
    assert (MediaFile(path).title, genres_in(path)) == ("Song", ["Pop"])
    assert home.item("Renamed").genres == ["Pop"]


@pytest.mark.parametrize("genres", [[], ["Pop", "Soul"]], ids=len)
@pytest.mark.parametrize("kind", CONTAINERS.values(), ids=CONTAINERS)
def test_gives_back_in_every_container(
    home: BeetsHome, kind: AudioKind, genres: list[str]
) -> None:
    path = write_audio(home.music / f"Song{kind.suffix}", music(1), codec=kind.codec)
    media_file = MediaFile(path)
    media_file.update({"title": "Song", "year": 1999, "genres": genres or None})
    media_file.save()
    home.library().add(Item.from_path(path))
    before = tags_in(path)
    home.beet("genreclf", "-f")
    assert genres_in(path) == ["Rock"]
    home.beet("genreclf", "--revert")

    assert tags_in(path) == before
    assert home.item("Song").genres == genres
    assert_in_step(home)


@pytest.mark.parametrize("trouble", ["missing", "damaged", "read-only"])
def test_a_file_that_cannot_be_written_stops_no_other(
    home: BeetsHome, trouble: str
) -> None:
    bad, good = (home.add_track(title, genres=["Pop"]) for title in ("Bad", "Good"))
    home.beet("genreclf", "-f")
    spared = shutil.copy(bad, home.folder / "spared.mp3")
    if trouble == "read-only":
        if sys.platform == "win32" or os.geteuid() == 0:
            pytest.skip("root writes anything")
        bad.chmod(stat.S_IRUSR)
    else:
        bad.unlink()
    if trouble == "damaged":
        bad.write_bytes(b"no sound" * 100)

    printed = home.beet("genreclf", "--revert")

    warning, error = printed.err.splitlines()
    assert warning.startswith(f"genreclf: {bad}: not reverted: ")
    assert f"{bad}: {bad}" not in warning
    assert error == "error: genreclf: 1 track failed; the warnings say why"
    assert printed.lines == ["Ann - Good: Pop (was: Rock)", "1 not written, 1 reverted"]
    assert printed.exit_code == 1
    assert home.item("Bad").genres == ["Rock"]
    assert home.item("Good").genres == genres_in(good) == ["Pop"]
    # So the next one tries again.
    bad.unlink(missing_ok=True)
    shutil.copy(spared, bad)
    assert home.beet("genreclf", "--revert").exit_code == 0
    assert home.item("Bad").genres == genres_in(bad) == ["Pop"]
