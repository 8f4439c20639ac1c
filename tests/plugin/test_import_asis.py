"""Imports as they are, re-imports, other plugins, and every way to get files in."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest
from audio_files import music, write_audio
from mediafile import MediaFile
from plugin.conftest import genres_in
from plugin.importing import AS_IS, MATCHED, files_in, put_album
from plugin.moments import fail_saves

from genre_model import AudioDecodeError

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")
EVERY_IMPORT = pytest.mark.parametrize(
    ("threaded", "singles"),
    [(True, ()), (False, ()), (True, ("-s",)), (False, ("-s",))],
    ids=["threads", "one thread", "threads, singletons", "one thread, singletons"],
)


@EVERY_IMPORT
def test_db_leaves_the_files_as_they_are(
    home: BeetsHome, threaded: bool, singles: tuple[str, ...]
) -> None:
    folder = put_album(home, "One", "Two")
    home.settings["threaded"] = threaded
    before = files_in(home.inbox)

    printed = home.beet(*AS_IS, *singles, folder)

    assert len(home.classifier.heard) == 2
    assert printed.out == "genreclf: 2 tagged, 0 abstained, 0 unreadable\n"
    assert home.genres("One") == home.genres("Two") == (["Rock"], [])
    contents = sorted(content for content, _ in files_in(home.inbox).values())
    assert files_in(home.inbox) == before
    assert sorted(content for content, _ in home.files().values()) == contents


@EVERY_IMPORT
def test_write_puts_the_genre_and_no_other_tag_into_the_copies(
    home: BeetsHome, threaded: bool, singles: tuple[str, ...]
) -> None:
    folder = put_album(home, "One", "Two", comments="in the file")
    home.settings["threaded"] = threaded
    home.configure(asis="write", source="track")
    before = files_in(home.inbox)
    home.classifier.answers["Two"] = ("blues", 0.9)

    printed = home.beet(*AS_IS, *singles, "--set", "comments=in the library", folder)

    assert printed.out == "genreclf: 2 tagged, 0 abstained, 0 unreadable\n"
    assert home.genres("One") == (["Rock"], ["Rock"])
    assert home.genres("Two") == (["Blues"], ["Blues"])
    assert files_in(home.inbox) == before
    item = home.item("One")
    assert item.comments == "in the library"
    assert MediaFile(item.filepath).comments == "in the file"
    assert "in the library -> in the file" in home.beet("update", "-p").out


def test_what_was_written_is_no_change_for_beet_update(home: BeetsHome) -> None:
    home.configure(asis="write")
    home.beet(*AS_IS, put_album(home, "One", "Two"))
    assert home.genres("One") == (["Rock"], ["Rock"])
    assert home.beet("update", "-p").out == ""


@EVERY_IMPORT
def test_skip_hears_nothing(
    home: BeetsHome, threaded: bool, singles: tuple[str, ...]
) -> None:
    folder = put_album(home, "Song")
    home.settings["threaded"] = threaded
    home.configure(asis="skip")
    home.beet(*AS_IS, *singles, folder)
    assert not home.classifier.heard
    assert home.item("Song").genres == []


@EVERY_IMPORT
@pytest.mark.parametrize("asis", ["db", "write", "skip"])
def test_asis_does_not_concern_what_was_matched(
    home: BeetsHome,
    plugin_names: list[str],
    threaded: bool,
    singles: tuple[str, ...],
    asis: str,
) -> None:
    folder = put_album(home, "Song")
    home.settings["threaded"] = threaded
    home.configure(asis=asis)
    plugin_names.append("perfectmatch")

    home.beet(*MATCHED, *singles, folder)

    assert len(home.classifier.heard) == 1
    assert home.item("Song").mb_trackid == "t1"
    assert home.genres("Song") == (["Rock"], ["Rock"])


def test_nothing_is_written_where_imports_write_nothing(home: BeetsHome) -> None:
    home.settings["import"]["write"] = False
    home.configure(asis="write")
    home.beet(*AS_IS, put_album(home, "Song"))
    assert home.genres("Song") == (["Rock"], [])


def test_a_genre_of_the_user_is_not_written(home: BeetsHome) -> None:
    folder = put_album(home, "Song", genres=["Polka"])
    home.configure(asis="write")
    home.beet(*AS_IS, "--set", "genres=Folk", folder)
    assert not home.classifier.heard
    assert home.genres("Song") == (["Folk"], ["Polka"])


def test_writing_goes_on_where_a_file_is_damaged(home: BeetsHome) -> None:
    folder = put_album(home, "Bad", "Song")
    home.configure(asis="write")
    home.classifier.answers["Bad"] = AudioDecodeError(f"{folder}/Bad.mp3: noise")

    printed = home.beet(*AS_IS, folder)

    assert f"genreclf: {folder}/Bad.mp3: noise" in printed.err.splitlines()
    assert printed.err.count("genreclf: ") == 1
    assert home.genres("Bad") == ([], [])
    assert home.genres("Song") == (["Rock"], ["Rock"])


def test_a_full_disk_is_reported_for_three_files(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_album(home, *(f"Song {number}" for number in range(9)))
    home.configure(asis="write")
    with monkeypatch.context() as full:
        fail_saves(full, errno.ENOSPC)
        printed = home.beet(*AS_IS, folder)
    said = [line for line in printed.err.splitlines() if line.startswith("genreclf: ")]
    *warnings, last = said
    assert len(warnings) == 3
    assert all("genre in the library only: No space" in line for line in warnings)
    place = home.items()[0].filepath.parent
    assert last == (
        f"genreclf: the disk of {place} is full: 6 more tracks have their genre in the "
        "library only; make room, then `beet write`"
    )
    assert [item.genres for item in home.items()] == [["Rock"]] * 9
    home.beet("write")
    assert [genres_in(item.filepath) for item in home.items()] == [["Rock"]] * 9


@pytest.mark.parametrize(
    ("way", "stays", "in_file"),
    [
        ({"copy": True}, True, ["Rock"]),
        ({"move": True}, False, ["Rock"]),
        ({"link": True, "copy": False}, True, []),
        ({"copy": False, "move": False}, True, ["Rock"]),
    ],
    ids=["copied", "moved", "linked", "left in place"],
)
def test_every_way_into_the_library(
    home: BeetsHome, way: dict[str, Any], stays: bool, in_file: list[str]
) -> None:
    home.settings["import"] = {"write": True, **way}
    home.configure(asis="write")
    folder = put_album(home, "Song")
    before = files_in(home.inbox)

    home.beet(*AS_IS, folder)

    assert home.genres("Song") == (["Rock"], in_file)
    assert bool(files_in(home.inbox)) is stays
    in_place = str(home.item("Song").filepath) == f"{folder}/Song.mp3"
    assert in_place == (way == {"copy": False, "move": False})
    assert (files_in(home.inbox) == before) is (stays and not in_place)


def test_left_in_place_and_in_the_library_only(home: BeetsHome) -> None:
    home.settings["import"] = {"copy": False, "move": False, "write": True}
    folder = put_album(home, "Song")
    before = files_in(home.inbox)
    home.beet(*AS_IS, folder)
    assert home.genres("Song") == (["Rock"], [])
    assert files_in(home.inbox) == before


def test_several_albums_at_a_time(home: BeetsHome) -> None:
    home.configure(source="track", asis="write")
    home.settings["threaded"] = True
    for number in range(6):
        titles = [f"{name} {number}" for name in ("One", "Two", "Three")]
        put_album(home, *titles, album=f"Album {number}")
        home.classifier.answers[f"Two {number}"] = ("blues", 0.9)

    printed = home.beet(*AS_IS, str(home.inbox))

    assert len(home.classifier.heard) == 18
    assert printed.out == "genreclf: 18 tagged, 0 abstained, 0 unreadable\n"
    for item in home.items():
        genre = "Blues" if item.title.startswith("Two") else "Rock"
        assert item.genres == genres_in(item.filepath) == [genre]
    assert {tuple(album.genres) for album in home.library().albums()} == {("Rock",)}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("flags", [AS_IS, MATCHED], ids=["as it is", "matched"])
def test_nothing_is_heard_again_in_a_second_import(
    home: BeetsHome, plugin_names: list[str], flags: list[str], force: bool
) -> None:
    plugin_names.append("perfectmatch")
    folder = put_album(home, "Murky", "Song", genres=["Pop"] if force else [])
    home.configure(force=force, source="track")
    home.classifier.answers["Murky"] = ("rock", 0.4)
    home.beet(*AS_IS, folder)
    scores = [item["genreclf_scores"] for item in home.items()]
    assert len(home.classifier.heard) == 2

    home.beet(*flags, "-L")
    home.beet("genreclf")

    assert len(home.classifier.heard) == 2
    assert home.item("Song").genres == ["Rock"]
    assert home.item("Song")["genreclf_previous"] == ("Pop" if force else "")
    assert home.item("Murky").genres == (["Pop"] if force else [])
    assert [item["genreclf_scores"] for item in home.items()] == scores


def test_a_second_import_from_files_keeps_a_genre_of_the_library(home: BeetsHome) -> None:
    home.beet(*AS_IS, put_album(home, "Song"))
    home.beet(*AS_IS, str(home.item("Song").filepath.parent))
    assert len(home.classifier.heard) == 1
    assert home.genres("Song") == (["Rock"], [])


def test_another_recording_is_heard_in_a_second_import(home: BeetsHome) -> None:
    home.beet(*AS_IS, put_album(home, "Song"))
    path = write_audio(home.item("Song").filepath, music(2))
    media_file = MediaFile(path)
    media_file.update({"title": "Song", "artist": "Ann", "album": "Record"})
    media_file.save()
    home.classifier.answers[path.stem] = ("blues", 0.9)

    home.beet(*AS_IS, str(path.parent))

    assert len(home.classifier.heard) == 2
    assert home.item("Song").genres == ["Blues"]


@pytest.mark.parametrize(
    ("plugins", "options", "heard", "genres"),
    [
        (["lastfm", "genreclf"], {}, ["Song"], ["Last", "Rock", "Last"]),
        (["genreclf", "lastfm"], {}, None, ["Last", "Rock", "Rock"]),
        (["lastfm", "genreclf"], {"force": True}, None, ["Last", "Rock", "Rock"]),
    ],
    ids=["after it", "before it", "after it by force"],
)
def test_beside_lastgenre(
    home: BeetsHome,
    plugin_names: list[str],
    plugins: list[str],
    options: dict[str, Any],
    heard: list[str] | None,
    genres: list[str],
) -> None:
    titles = ["MurkyFamous", "Song", "SongFamous"]
    folder = put_album(home, *titles)
    plugin_names[:] = plugins
    home.configure(source="track", asis="write", **options)
    home.classifier.answers["MurkyFamous"] = ("rock", 0.4)

    home.beet(*AS_IS, folder)

    assert sorted(path.stem for path in home.classifier.heard) == (heard or titles)
    assert [item.genres for item in home.items()] == [[genre] for genre in genres]
    home.beet("genreclf", "--revert")
    # It told the library only: as they are, tracks get no tags of beets.
    restored = ["Last"] if plugins[0] == "lastfm" else []
    assert home.genres("SongFamous") == (restored, [])


def test_beet_update_spreads_no_genre_after_an_import_as_it_is(home: BeetsHome) -> None:
    for title, genres in (("A", ["Shoegaze"]), ("B", ["Dub"]), ("C", [])):
        put_album(home, title, genres=genres)
    home.beet(*AS_IS, str(home.inbox))
    home.beet("update")
    assert home.classifier.heard
    assert [item.genres for item in home.items()] == [["Shoegaze"], ["Dub"], ["Rock"]]
