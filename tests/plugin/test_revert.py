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

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

pytestmark = pytest.mark.usefixtures("classifier")
SEVERAL = pytest.mark.parametrize("genres", [[], ["Pop"], ["Pop", "Soul"]], ids=len)


def genres_in(path: Path) -> list[str]:
    return MediaFile(path).genres or []


def tags_in(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what a file says of its sound, and the names of the tags that say it."""
    said = dict(MediaFile(path).as_dict())
    del said["art"], said["images"]
    return said, sorted(map(str, (mutagen.File(path).tags or {}).keys()))


def set_genres_in(path: Path, genres: list[str]) -> None:
    media_file = MediaFile(path)
    media_file.update({"genres": genres or None})
    media_file.save()


def fields_of_ours(home: BeetsHome) -> list[str]:
    return [line for line in home.dump() if "genreclf_" in line]


def assert_in_step(home: BeetsHome) -> None:
    """Check that ``beet update`` has no reason to look into any file."""
    assert all(item.mtime == item.current_mtime() for item in home.items())
    assert home.beet("update", "-p").out == ""


class TestGivesBack:
    @SEVERAL
    def test_what_stood_there(
        self, home: BeetsHome, classifier: ScriptedClassifier, genres: list[str]
    ) -> None:
        path = home.add_track("Song", genres=genres)
        before = tags_in(path)
        home.beet("genreclf", "-f")
        assert home.item("Song").genres == genres_in(path) == ["Rock"]
        assert_in_step(home)
        classifier.heard.clear()

        printed = home.beet("genreclf", "--revert")

        was = ", ".join(genres) or "no genre"
        assert printed.lines == [f"Ann - Song: {was} (was: Rock)", "1 reverted"]
        assert (printed.err, printed.exit_code) == ("", 0)
        assert home.item("Song").genres == genres
        assert tags_in(path) == before
        assert not fields_of_ours(home)
        assert not classifier.heard
        assert_in_step(home)

    @pytest.mark.parametrize(
        ("genres", "in_file"), [([], ["Folk"]), (["Pop"], []), (["Pop"], ["Folk", "Pop"])]
    )
    def test_to_the_file_what_stood_in_the_file(
        self, home: BeetsHome, genres: list[str], in_file: list[str]
    ) -> None:
        path = home.add_track("Song", genres=genres)
        set_genres_in(path, in_file)
        home.beet("genreclf", "-f")
        assert home.item("Song")["genreclf_file_previous"] == "; ".join(in_file)
        home.beet("genreclf", "--revert")

        assert home.item("Song").genres == genres
        assert genres_in(path) == in_file

    def test_what_stood_there_before_the_first_of_several_taggings(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Pop"])
        set_genres_in(path, ["Folk"])
        home.beet("genreclf", "-f")
        classifier.answers["Song"] = ("blues", 0.9)
        home.beet("genreclf", "-f", "--listen-again")
        classifier.model_id = "scripted@11111111"
        classifier.answers["Song"] = ("hip hop", 0.9)
        home.beet("genreclf", "--update")
        assert home.item("Song").genres == genres_in(path) == ["Hip Hop"]

        home.beet("genreclf", "--revert")

        assert home.item("Song").genres == ["Pop"]
        assert genres_in(path) == ["Folk"]

    def test_no_tag_but_the_genre(self, home: BeetsHome) -> None:
        path = home.add_track("Song", genres=["Pop"])
        home.beet("modify", "-yMW", "title:Song", "title=Renamed")
        home.beet("genreclf", "-f")
        assert MediaFile(path).title == "Song"
        home.beet("genreclf", "--revert")
        assert (MediaFile(path).title, genres_in(path)) == ("Song", ["Pop"])
        assert home.item("Renamed").genres == ["Pop"]

    @pytest.mark.parametrize("genres", [[], ["Pop", "Soul"]], ids=len)
    @pytest.mark.parametrize("kind", CONTAINERS.values(), ids=CONTAINERS)
    def test_in_every_container(
        self, home: BeetsHome, kind: AudioKind, genres: list[str]
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


class TestLeavesAlone:
    def test_a_genre_that_was_changed_in_the_library(self, home: BeetsHome) -> None:
        path = home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        home.beet("modify", "-yM", "title:Song", "genres=Polka")
        printed = home.beet("genreclf", "--revert")
        assert printed.lines == ["0 reverted, 1 changed since, left alone"]
        assert home.item("Song").genres == genres_in(path) == ["Polka"]
        assert not fields_of_ours(home)

    def test_a_genre_that_was_changed_in_the_file(self, home: BeetsHome) -> None:
        path = home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        set_genres_in(path, ["Folk"])
        printed = home.beet("genreclf", "--revert")
        left_alone = "the file's was changed since, left alone"
        assert printed.lines[0] == f"Ann - Song: Pop (was: Rock; {left_alone})"
        assert home.item("Song").genres == ["Pop"]
        assert genres_in(path) == ["Folk"]

    @pytest.mark.parametrize("flag", ["-f", "-w"])
    def test_an_emptied_file_that_was_written_again(
        self, home: BeetsHome, flag: str
    ) -> None:
        path = home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        set_genres_in(path, [])
        home.beet("genreclf", flag)
        assert genres_in(path) == ["Rock"]
        home.beet("genreclf", "--revert")
        assert (home.item("Song").genres, genres_in(path)) == (["Pop"], [])

    def test_what_was_only_listened_to(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky", genres=["Pop"])
        home.add_track("Untouched", genres=["Pop"])
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("genreclf", "-f", "title:Murky")
        assert fields_of_ours(home)
        before = home.files()
        printed = home.beet("genreclf", "--revert")
        assert printed.lines == ["2 not written by genreclf, 0 reverted"]
        assert printed.exit_code == 0
        assert home.item("Murky").genres == ["Pop"]
        assert home.files() == before
        assert not fields_of_ours(home)

    def test_everything_if_only_pretending(self, home: BeetsHome) -> None:
        home.add_album("Record", ["One", "Two"], genres=["Acid Jazz"])
        home.beet("genreclf", "-f")
        before = home.dump(), home.files()
        printed = home.beet("genreclf", "--revert", "-p")
        assert printed.lines[0] == "Ann - One: no genre (was: Rock)"
        assert printed.lines[-1] == "pretending: 2 reverted"
        assert (home.dump(), home.files()) == before

    def test_files_where_nothing_is_to_be_written(self, home: BeetsHome) -> None:
        home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        before = home.files()
        home.beet("genreclf", "--revert", "-W")
        assert home.item("Song").genres == ["Pop"]
        assert home.files() == before

    def test_what_the_query_does_not_match(self, home: BeetsHome) -> None:
        home.add_track("One", genres=["Pop"])
        home.add_track("Two", genres=["Pop"])
        home.beet("genreclf", "-f")
        home.beet("genreclf", "--revert", "title:Two")
        assert [item.genres for item in home.items()] == [["Rock"], ["Pop"]]


class TestAlbum:
    def test_gets_its_genre_back_with_its_last_track(self, home: BeetsHome) -> None:
        home.add_album("Record", ["One", "Two"], genres=["Acid Jazz"])
        home.beet("genreclf", "-f")
        home.beet("genreclf", "--revert", "title:One")
        assert home.album("Record").genres == ["Rock"]
        home.beet("genreclf", "--revert", "title:Two")
        assert home.album("Record").genres == ["Acid Jazz"]
        assert not fields_of_ours(home)
        assert [item.genres for item in home.items()] == [[], []]

    def test_keeps_a_genre_that_was_changed_since(self, home: BeetsHome) -> None:
        home.add_album("Record", ["One"], genres=["Acid Jazz"])
        home.beet("genreclf", "-f")
        album = home.album("Record")
        album.genres = ["Polka"]
        album.store(inherit=False)
        home.beet("genreclf", "--revert")
        assert home.album("Record").genres == ["Polka"]
        assert not fields_of_ours(home)


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
