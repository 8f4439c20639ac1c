"""Files whose path has the genre follow it, if they are told to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from beets.library import Item

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")


@pytest.fixture(autouse=True)
def genre_folders(home: BeetsHome) -> None:
    home.settings["paths"] = {
        "default": "$genres/$album/$title",
        "singleton": "$genres/$title",
    }


def add_art(home: BeetsHome, name: str, path: Path) -> None:
    path.write_bytes(b"a picture")
    album = home.album(name)
    album.artpath = os.fsencode(path)
    album.store(inherit=False)


def files(home: BeetsHome) -> list[str]:
    """Return what lies in the music folder, and check that the library knows it."""
    found = sorted(home.files())
    library = home.library()
    known = [item.filepath for item in library.items()]
    art = [album.artpath for album in library.albums() if album.artpath]
    known += [Path(os.fsdecode(path)) for path in art]
    assert {path for path in known if home.music in path.parents} == set(found)
    return [path.relative_to(home.music).as_posix() for path in found]


@pytest.mark.parametrize("source", ["track", "album"])
def test_an_album_moves_as_a_whole(home: BeetsHome, source: str) -> None:
    home.add_album("Record", ["One", "Two"])
    add_art(home, "Record", home.music / "Record" / "cover.jpg")
    home.beet("modify", "-yM", "title:Two", "genres=Jazz")
    home.classifier.answers |= {"One": ("blues", 0.9), "Two": ("blues", 0.7)}

    printed = home.beet("genreclf", "-m", "-s", source)

    folder = home.album("Record").genres[0]
    assert (printed.err, printed.exit_code) == ("", 0)
    assert files(home) == [
        f"{folder}/Record/{name}" for name in ("One.mp3", "Two.mp3", "cover.jpg")
    ]
    assert home.item("Two").genres == ["Jazz"]


def test_a_track_without_an_album_moves(home: BeetsHome) -> None:
    home.add_track("Single")
    home.add_track("Groomed", genres=["Jazz"])
    home.beet("genreclf", "--move")
    assert files(home) == ["Groomed.mp3", "Rock/Single.mp3"]


@pytest.mark.parametrize(
    ("configured", "flags", "moved"),
    [
        (False, [], False),
        (False, ["-m"], True),
        (True, [], True),
        (True, ["-M"], False),
        (True, ["--nomove"], False),
        (True, ["-p"], False),
    ],
)
def test_flag_wins_over_configuration(
    home: BeetsHome, configured: bool, flags: list[str], moved: bool
) -> None:
    home.add_album("Record", ["One"])
    home.configure(move=configured)
    home.beet("genreclf", *flags)
    assert home.classifier.heard
    assert files(home) == ["Rock/Record/One.mp3" if moved else "Record/One.mp3"]


def test_what_beets_does_not_import_by_moving_is_moved_all_the_same(
    home: BeetsHome,
) -> None:
    """The flag speaks of genres; how files came into the library is another matter."""
    home.settings["import"] |= {"copy": False, "move": False}
    home.add_track("Single")
    home.beet("genreclf", "-m")
    assert files(home) == ["Rock/Single.mp3"]


def test_what_was_not_tagged_stays(home: BeetsHome) -> None:
    home.add_track("Groomed", genres=["Jazz"])
    home.add_track("Murky")
    home.add_album("Record", ["One"], genres=["Acid Jazz"])
    home.beet("modify", "-yM", "title:One", "genres=Jazz")
    home.classifier.answers["Murky"] = ("rock", 0.4)
    before = home.files()
    home.beet("genreclf", "-m")
    assert home.files() == before


def test_an_album_that_only_now_gets_its_genre_moves(home: BeetsHome) -> None:
    """Its tracks got theirs in a run that was interrupted before its albums."""
    home.add_album("Record", ["One"])
    home.beet("genreclf")
    album = home.album("Record")
    album.genres = []
    album.store(inherit=False)
    home.classifier.heard.clear()
    home.beet("genreclf", "-m")
    assert not home.classifier.heard
    assert files(home) == ["Rock/Record/One.mp3"]


def test_what_lies_outside_the_music_folder_stays(home: BeetsHome) -> None:
    outside = home.folder / "elsewhere"
    single = home.audio_file(outside / "Single.mp3")
    track = home.audio_file(outside / "Record" / "One.mp3", album="Record")
    library = home.library()
    library.add(Item.from_path(single))
    library.add_album([Item.from_path(track)])
    add_art(home, "Record", outside / "Record" / "front.jpg")
    before = sorted(outside.rglob("*"))

    printed = home.beet("genreclf", "-m")

    assert printed.exit_code == 0
    assert sorted(outside.rglob("*")) == before
    assert files(home) == []
    assert {item.filepath for item in home.items("genres:Rock")} == {single, track}


def test_a_file_that_cannot_move_is_a_warning_and_stops_no_other(home: BeetsHome) -> None:
    home.add_track("Bad")
    home.add_track("Good")
    home.classifier.answers["Bad"] = ("blues", 0.9)
    # A file stands where the folder should be.
    (home.music / "Blues").write_text("in the way")

    printed = home.beet("genreclf", "-m")

    warning, error = printed.err.splitlines()
    assert warning.startswith("genreclf: Ann - Bad not moved: ")
    assert error == "error: genreclf: 1 track failed; the warnings say why"
    assert printed.exit_code == 1
    assert home.item("Bad").filepath == home.music / "Bad.mp3"
    assert home.item("Good").filepath == home.music / "Rock" / "Good.mp3"
    assert all(item.filepath.exists() for item in home.items())
    assert home.item("Bad").genres == ["Blues"]


def test_a_file_that_is_gone_stops_no_other_of_its_album(home: BeetsHome) -> None:
    home.add_album("Record", ["Gone", "One"])
    home.beet("modify", "-yM", "title:Gone", "genres=Rock")
    home.configure(source="track")
    home.item("Gone").filepath.unlink()

    printed = home.beet("genreclf", "-m")

    assert len(home.classifier.heard) == 1
    assert printed.err.startswith("genreclf: Ann - Gone not moved: ")
    assert len(printed.err.splitlines()) == 2
    assert printed.exit_code == 1
    assert home.item("One").filepath.parts[-3:] == ("Rock", "Record", "One.mp3")


def test_lost_art_is_no_obstacle(home: BeetsHome) -> None:
    home.add_album("Record", ["One"])
    art = home.music / "Record" / "cover.jpg"
    add_art(home, "Record", art)
    art.unlink()
    home.beet("genreclf", "-m")
    assert files(home) == ["Rock/Record/One.mp3"]


def test_a_taken_name_is_not_overwritten(home: BeetsHome) -> None:
    other = home.add_track("Song", "Rock/Song.mp3", genres=["Rock"], artist="Bob")
    home.add_track("Song")
    content = other.read_bytes()
    home.beet("genreclf", "-m")
    assert other.read_bytes() == content
    assert files(home) == ["Rock/Song.1.mp3", "Rock/Song.mp3"]


def tag_and_move(home: BeetsHome) -> None:
    home.add_album("Record", ["One", "Two"], genres=["Jazz"])
    add_art(home, "Record", home.music / "Record" / "cover.jpg")
    home.add_track("Single", genres=["Jazz"])
    home.beet("genreclf", "-f", "-m")
    assert {name.split("/")[0] for name in files(home)} == {"Rock"}


def test_revert_moves_back(home: BeetsHome) -> None:
    tag_and_move(home)
    home.beet("genreclf", "--revert", "-m")
    assert files(home) == [
        "Jazz/Record/One.mp3",
        "Jazz/Record/Two.mp3",
        "Jazz/Record/cover.jpg",
        "Jazz/Single.mp3",
    ]


def test_revert_moves_nothing_unless_told(home: BeetsHome) -> None:
    tag_and_move(home)
    home.beet("genreclf", "--revert")
    assert {name.split("/")[0] for name in files(home)} == {"Rock"}
    assert home.album("Record").genres == ["Jazz"]
