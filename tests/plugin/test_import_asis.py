"""Imports as they are, re-imports, other plugins, and every way to get files in."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import mutagen.id3
import pytest
from audio_files import music, write_audio
from mediafile import MediaFile
from plugin.test_import import AS_IS, MATCHED, PERFECT_MATCH, genres_in, put_album

from genre_model import AudioDecodeError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

THREADED = pytest.mark.parametrize("threaded", [True, False], ids=["threads", "one thread"])
#: Whether what is imported is an album or tracks of none.
AS_SINGLES = pytest.mark.parametrize("singles", [[], ["-s"]], ids=["album", "singletons"])

#: Stands for lastgenre: knows some tracks, and leaves alone those with a genre.
LAST_FM = """
from beets.plugins import BeetsPlugin


class LastFmPlugin(BeetsPlugin):
    def __init__(self):
        super().__init__()
        self.import_stages = [self.fill]

    def fill(self, session, task):
        for item in task.imported_items():
            if "Famous" in item.title and not item.genres:
                item.genres = ["Last"]
                item.store()
"""


@pytest.fixture
def plugins(home: BeetsHome, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the enabled plugins; two more may be enabled."""
    folder = home.folder / "plugins"
    folder.mkdir()
    (folder / "perfectmatch.py").write_text(PERFECT_MATCH)
    (folder / "lastfm.py").write_text(LAST_FM)
    # beets adds to it.
    monkeypatch.setattr(sys, "path", sys.path.copy())
    home.settings["pluginpath"] = [str(folder)]
    names: list[str] = home.settings["plugins"]
    return names


def files_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file in a folder."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*.*")
    }


@THREADED
@AS_SINGLES
class TestAsIs:
    def test_db_leaves_the_files_as_they_are(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        threaded: bool,
        singles: list[str],
    ) -> None:
        folder = put_album(home, "One", "Two")
        home.settings["threaded"] = threaded
        before = files_in(home.inbox)

        printed = home.beet(*AS_IS, *singles, folder)

        assert len(classifier.heard) == 2
        assert printed.out == "genreclf: 2 tagged, 0 abstained, 0 unreadable\n"
        assert [item.genres for item in home.items()] == [["Rock"], ["Rock"]]
        contents = sorted(content for content, _ in files_in(home.inbox).values())
        assert files_in(home.inbox) == before
        assert sorted(content for content, _ in home.files().values()) == contents

    def test_write_puts_the_genre_into_the_copies(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        threaded: bool,
        singles: list[str],
    ) -> None:
        folder = put_album(home, "One", "Two")
        home.settings["threaded"] = threaded
        home.configure(asis="write", source="track")
        before = files_in(home.inbox)
        classifier.answers["Two"] = ("blues", 0.9)

        printed = home.beet(*AS_IS, *singles, folder)

        assert [item.genres for item in home.items()] == [["Rock"], ["Blues"]]
        assert [genres_in(item) for item in home.items()] == [["Rock"], ["Blues"]]
        assert files_in(home.inbox) == before
        assert printed.out == "genreclf: 2 tagged, 0 abstained, 0 unreadable\n"
        assert home.beet("update", "-p").out == ""

    def test_write_writes_no_other_tag(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        threaded: bool,
        singles: list[str],
    ) -> None:
        folder = put_album(home, "Song", comments="in the file")
        home.settings["threaded"] = threaded
        home.configure(asis="write")

        home.beet(*AS_IS, *singles, "--set", "comments=in the library", folder)

        assert classifier.heard
        item = home.item("Song")
        assert item.comments == "in the library"
        assert MediaFile(item.filepath).comments == "in the file"
        assert genres_in(item) == ["Rock"]
        assert "in the library -> in the file" in home.beet("update", "-p").out

    def test_skip_hears_nothing(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        threaded: bool,
        singles: list[str],
    ) -> None:
        folder = put_album(home, "Song")
        home.settings["threaded"] = threaded
        home.configure(asis="skip")
        home.beet(*AS_IS, *singles, folder)
        assert not classifier.heard
        assert home.item("Song").genres == []

    @pytest.mark.parametrize("asis", ["db", "write", "skip"])
    def test_does_not_concern_what_was_matched(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        plugins: list[str],
        threaded: bool,
        singles: list[str],
        asis: str,
    ) -> None:
        folder = put_album(home, "Song")
        home.settings["threaded"] = threaded
        home.configure(asis=asis)
        plugins.append("perfectmatch")

        home.beet(*MATCHED, *singles, folder)

        assert len(classifier.heard) == 1
        assert home.item("Song").mb_trackid == "t1"
        assert home.item("Song").genres == genres_in(home.item("Song")) == ["Rock"]


class TestWriting:
    def test_is_not_done_where_imports_write_nothing(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.settings["import"]["write"] = False
        home.configure(asis="write")
        home.beet(*AS_IS, put_album(home, "Song"))
        assert classifier.heard
        assert home.item("Song").genres == ["Rock"]
        assert not genres_in(home.item("Song"))

    def test_leaves_out_what_is_not_ours(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        folder = put_album(home, "Song", genres=["Polka"])
        home.configure(asis="write")
        home.beet(*AS_IS, "--set", "genres=Folk", folder)
        assert not classifier.heard
        assert home.item("Song").genres == ["Folk"]
        assert genres_in(home.item("Song")) == ["Polka"]

    def test_goes_on_where_a_file_is_damaged(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        folder = put_album(home, "Bad", "Song")
        home.configure(asis="write")
        classifier.answers["Bad"] = AudioDecodeError(f"{folder}/Bad.mp3: noise")

        printed = home.beet(*AS_IS, folder)

        assert f"genreclf: {folder}/Bad.mp3: noise" in printed.err.splitlines()
        assert printed.err.count("genreclf: ") == 1
        assert [genres_in(item) or [] for item in home.items()] == [[], ["Rock"]]

    @pytest.mark.usefixtures("classifier")
    def test_tells_of_a_full_disk_for_three_files(
        self, home: BeetsHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = put_album(home, *(f"Song {number}" for number in range(9)))
        home.configure(asis="write")

        def fail(*_arguments: Any, **_options: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as full:
            full.setattr(mutagen.id3.ID3, "save", fail)
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
        assert [genres_in(item) for item in home.items()] == [["Rock"]] * 9


class TestWays:
    """Of files into the library."""

    @pytest.fixture(autouse=True)
    def _write(self, home: BeetsHome) -> None:
        home.configure(asis="write")

    def test_moved(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.settings["import"] = {"move": True, "write": True}
        home.beet(*AS_IS, put_album(home, "Song"))
        assert classifier.heard
        assert not files_in(home.inbox)
        assert genres_in(home.item("Song")) == ["Rock"]

    def test_left_in_place(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.settings["import"] = {"copy": False, "move": False, "write": True}
        folder = put_album(home, "Song")

        home.beet(*AS_IS, folder)

        item = home.item("Song")
        assert classifier.heard == [item.filepath]
        assert str(item.filepath) == f"{folder}/Song.mp3"
        assert genres_in(item) == item.genres == ["Rock"]

    def test_left_in_place_and_in_the_library_only(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.settings["import"] = {"copy": False, "move": False, "write": True}
        home.configure(asis="db")
        folder = put_album(home, "Song")
        before = files_in(home.inbox)
        home.beet(*AS_IS, folder)
        assert classifier.heard
        assert home.item("Song").genres == ["Rock"]
        assert files_in(home.inbox) == before

    def test_several_albums_at_a_time(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(source="track")
        home.settings["threaded"] = True
        for number in range(6):
            titles = [f"{name} {number}" for name in ("One", "Two", "Three")]
            put_album(home, *titles, album=f"Album {number}")
            classifier.answers[f"Two {number}"] = ("blues", 0.9)

        printed = home.beet(*AS_IS, str(home.inbox))

        assert len(classifier.heard) == 18
        assert printed.out == "genreclf: 18 tagged, 0 abstained, 0 unreadable\n"
        for item in home.items():
            genre = "Blues" if item.title.startswith("Two") else "Rock"
            assert item.genres == genres_in(item) == [genre]
        assert {tuple(album.genres) for album in home.library().albums()} == {("Rock",)}


class TestImportedAgain:
    @pytest.mark.parametrize("force", [False, True])
    @pytest.mark.parametrize("flags", [AS_IS, MATCHED], ids=["as it is", "matched"])
    def test_nothing_is_heard_twice(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        plugins: list[str],
        flags: list[str],
        force: bool,
    ) -> None:
        plugins.append("perfectmatch")
        folder = put_album(home, "Murky", "Song", genres=["Pop"] if force else [])
        home.configure(force=force, source="track")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet(*AS_IS, folder)
        scores = [item["genreclf_scores"] for item in home.items()]
        assert len(classifier.heard) == 2

        home.beet(*flags, "-L")
        home.beet("genreclf")

        assert len(classifier.heard) == 2
        assert home.item("Song").genres == ["Rock"]
        assert home.item("Song")["genreclf_previous"] == ("Pop" if force else "")
        assert home.item("Murky").genres == (["Pop"] if force else [])
        assert [item["genreclf_scores"] for item in home.items()] == scores

    def test_a_genre_that_only_the_library_had_comes_back(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.beet(*AS_IS, put_album(home, "Song"))
        folder = home.item("Song").filepath.parent
        # From the files, that is, and these hold no genre.
        home.beet(*AS_IS, str(folder))
        assert len(classifier.heard) == 1
        assert home.item("Song").genres == ["Rock"]

    def test_another_recording_is_heard(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.beet(*AS_IS, put_album(home, "Song"))
        path = home.item("Song").filepath
        write_audio(path, music(2))
        MediaFile(path).save()
        media_file = MediaFile(path)
        media_file.update({"title": "Song", "artist": "Ann", "album": "Record"})
        media_file.save()
        classifier.answers[path.stem] = ("blues", 0.9)

        home.beet(*AS_IS, str(path.parent))

        assert len(classifier.heard) == 2
        assert home.item("Song").genres == ["Blues"]

    def test_its_album_keeps_its_genre_and_stays_ours(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        folder = put_album(home, "One", "Two", "Three")
        home.configure(source="track")
        classifier.answers["One"] = ("blues", 0.9)
        home.beet(*AS_IS, folder)
        assert home.album("Record").genres == ["Rock"]

        # beets makes the album again, with the genre of its first track.
        home.beet(*AS_IS, "-L")

        assert home.album("Record").genres == ["Rock"]
        assert [item.genres for item in home.items()] == [["Blues"], ["Rock"], ["Rock"]]
        home.beet("genreclf", "--revert")
        assert home.album("Record").genres == []

    def test_an_album_that_took_its_genre_from_a_track_of_ours_gives_it_back(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(auto=False)
        home.beet(*AS_IS, put_album(home, "One", "Two"))
        home.beet("modify", "-yWaI", "genres=Odd")
        home.beet("genreclf")
        assert classifier.heard
        assert home.album("Record").genres == ["Odd"]

        home.beet(*AS_IS, "-L")

        assert home.album("Record").genres == ["Rock"]
        home.beet("genreclf", "--revert")
        # What the first track had, as if we had not been there.
        assert home.album("Record").genres == []

    def test_revert_gives_files_back_what_the_library_did_not_have(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Pop"])
        home.beet("modify", "-yMW", "title:Song", "genres=")
        home.configure(asis="write", force=True)
        home.beet(*AS_IS, "-L", "-s")
        assert classifier.heard
        assert home.item("Song").genres == genres_in(home.item("Song")) == ["Rock"]

        home.beet("genreclf", "--revert")

        assert genres_in(home.item("Song")) == ["Pop"]
        assert home.item("Song").genres == []


class TestBesideLastGenre:
    @pytest.fixture(autouse=True)
    def _album(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        put_album(home, "MurkyFamous", "Song", "SongFamous")
        home.configure(source="track")
        classifier.answers["MurkyFamous"] = ("rock", 0.4)

    def test_after_it_we_hear_what_it_does_not_know(
        self, home: BeetsHome, classifier: ScriptedClassifier, plugins: list[str]
    ) -> None:
        plugins[:] = ["lastfm", "genreclf"]
        printed = home.beet(*AS_IS, str(home.inbox))
        assert [path.stem for path in classifier.heard] == ["Song"]
        assert [item.genres for item in home.items()] == [["Last"], ["Rock"], ["Last"]]
        (line,) = printed.lines
        assert line.startswith("genreclf: 1 tagged, 0 abstained, 0 unreadable, 2 already")

    def test_before_it_we_leave_it_what_we_abstain_from(
        self, home: BeetsHome, classifier: ScriptedClassifier, plugins: list[str]
    ) -> None:
        plugins[:] = ["genreclf", "lastfm"]
        home.beet(*AS_IS, str(home.inbox))
        assert len(classifier.heard) == 3
        assert [item.genres for item in home.items()] == [["Last"], ["Rock"], ["Rock"]]
        assert home.titles("genreclf_genres::.") == ["Song", "SongFamous"]

    def test_by_force_we_replace_and_give_back_what_it_knew(
        self, home: BeetsHome, classifier: ScriptedClassifier, plugins: list[str]
    ) -> None:
        plugins[:] = ["lastfm", "genreclf"]
        home.configure(force=True, asis="write")
        home.beet(*AS_IS, str(home.inbox))
        assert len(classifier.heard) == 3
        song = home.item("SongFamous")
        assert song.genres == genres_in(song) == ["Rock"]

        home.beet("genreclf", "--revert")

        # It had told the library only: as they are, tracks get no tags of beets.
        assert home.item("SongFamous").genres == ["Last"]
        assert not genres_in(song)


@THREADED
@pytest.mark.parametrize("option", ["label_map", "ignore"])
def test_a_misspelt_label_costs_the_genres_and_one_warning(
    home: BeetsHome, classifier: ScriptedClassifier, threaded: bool, option: str
) -> None:
    for number in range(3):
        put_album(home, f"Song {number}", album=f"Album {number}")
    home.settings["threaded"] = threaded
    home.configure(
        **{option: {"hipphop": ["rock"]} if option == "label_map" else ["hipphop"]}
    )

    printed = home.beet(*AS_IS, str(home.inbox))

    (warning,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert warning == (
        f"genreclf: no genres in this import: option {option}: the model "
        "scripted@00000000 has no label hipphop; it has blues, hip hop, rock"
    )
    assert (printed.out, printed.exit_code) == ("", 0)
    assert not classifier.heard
    assert [item.genres for item in home.items()] == [[], [], []]
