"""What people did by hand stays, in whatever order they, we and others come by."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

import pytest
from mediafile import MediaFile
from plugin.test_import import AS_IS

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

    from genre_model import TrackPrediction

NEW = "scripted@11111111"


def genres_in(path: Path) -> list[str]:
    return MediaFile(path).genres or []


def edit_file(path: Path, *genres: str) -> None:
    """Change the genre in a file, as another program would."""
    media_file = MediaFile(path)
    media_file.update({"genres": list(genres) or None})
    media_file.save()


def another_model(classifier: ScriptedClassifier, title: str = "Song") -> None:
    classifier.model_id = NEW
    classifier.answers[title] = ("blues", 0.9)


def genres(home: BeetsHome) -> dict[str, list[str]]:
    return {item.title: item.genres for item in home.items()}


class TestBeetUpdate:
    """It copies the first track's genre to the album, and to all tracks, at a change."""

    EXPECTED: ClassVar = {"A": ["Shoegaze"], "B": ["Dub"], "C": ["Rock"]}

    def test_after_an_import_as_it_is(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        folder = home.inbox / "Record"
        for title, of_theirs in (("A", ["Shoegaze"]), ("B", ["Dub"]), ("C", [])):
            home.audio_file(folder / f"{title}.mp3", album="Record", genres=of_theirs)
        home.beet(*AS_IS, str(folder))
        assert classifier.heard
        assert genres(home) == self.EXPECTED

        home.beet("update")

        assert genres(home) == self.EXPECTED

    def test_after_tagging_the_library_only(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["A", "B", "C"])
        for title in "AB":
            of_theirs = self.EXPECTED[title]
            home.beet("modify", "-y", "-M", f"title:{title}", f"genres={of_theirs[0]}")
        home.beet("genreclf", "-W")
        assert classifier.heard

        home.beet("update")

        assert genres(home) == self.EXPECTED

    def test_touched_file_does_not_let_beet_update_spread(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"])
        home.beet("modify", "-y", "-M", "title:Two", "genres=Polka")
        path = home.item("One").filepath
        os.utime(path, (path.stat().st_mtime + 100,) * 2)
        home.beet("genreclf", "-W")
        assert classifier.heard
        home.beet("update")
        assert genres(home) == {"One": ["Rock"], "Two": ["Polka"]}


class TestGenreThatAnotherProgramPutIntoTheFile:
    def test_stays_where_the_library_knows_none(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song")
        edit_file(path, "Shoegaze")

        printed = home.beet("-v", "genreclf")

        assert classifier.heard
        assert "Ann - Song: already Shoegaze in the file" in printed.out
        assert (home.item("Song").genres, genres_in(path)) == ([], ["Shoegaze"])

    @pytest.mark.parametrize("in_library", ["", "Dream Pop"])
    @pytest.mark.parametrize("flags", [["-f", "-k", "-n", "3"], ["-f", "-k", "-W"]])
    def test_stays_where_genres_are_only_added(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        flags: list[str],
        in_library: str,
    ) -> None:
        path = home.add_track("Song")
        home.beet("modify", "-y", "-W", "-M", "title:Song", f"genres={in_library}")
        edit_file(path, "Shoegaze", "Noise")

        printed = home.beet("-v", "genreclf", *flags)

        assert classifier.heard
        assert "Ann - Song: already Shoegaze, Noise in the file" in printed.out
        assert genres_in(path) == ["Shoegaze", "Noise"]
        assert home.item("Song").genres == ([in_library] if in_library else [])

    @pytest.mark.parametrize("flag", ["-p", "-w"])
    def test_is_named_where_force_replaces_it(
        self, home: BeetsHome, classifier: ScriptedClassifier, flag: str
    ) -> None:
        path = home.add_track("Song")
        edit_file(path, "Shoegaze")
        printed = home.beet("genreclf", "-f", flag)
        assert classifier.heard
        assert "Ann - Song: Rock 0.83 (was in the file: Shoegaze)" in printed.out
        assert genres_in(path) == (["Shoegaze"] if flag == "-p" else ["Rock"])
        if flag == "-w":
            again = home.beet("genreclf", "--revert")
            assert "no genre (was: Rock; in the file again: Shoegaze)" in again.out
            assert genres_in(path) == ["Shoegaze"]

    @pytest.mark.parametrize("flag", ["-p", "-w"])
    def test_stays_where_the_library_holds_the_same_of_the_persons(
        self, home: BeetsHome, classifier: ScriptedClassifier, flag: str
    ) -> None:
        path = home.add_track("Song", genres=["Rock"])
        edit_file(path, "Shoegaze")
        printed = home.beet("genreclf", "-f", flag)
        assert classifier.heard
        assert "Ann - Song: Rock 0.83 (unchanged)\n" in printed.out
        assert genres_in(path) == ["Shoegaze"]

    def test_is_not_named_where_it_stays(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song")
        edit_file(path, "Shoegaze")
        printed = home.beet("genreclf", "-f", "-W")
        assert classifier.heard
        assert "was in the file" not in printed.out
        assert (home.item("Song").genres, genres_in(path)) == (["Rock"], ["Shoegaze"])

    @pytest.mark.parametrize("fallback", ["Unknown", None])
    def test_stays_where_the_model_abstains(
        self, home: BeetsHome, classifier: ScriptedClassifier, fallback: str | None
    ) -> None:
        path = home.add_track("Song")
        edit_file(path, "Shoegaze")
        classifier.answers["Song"] = ("rock", 0.4)
        home.configure(fallback=fallback)
        home.beet("genreclf")
        assert classifier.heard
        assert genres_in(path) == ["Shoegaze"]

    @pytest.mark.parametrize("flags", [["--update"], ["-w"], ["--update", "-w"]])
    def test_stays_over_a_genre_of_ours(
        self, home: BeetsHome, classifier: ScriptedClassifier, flags: list[str]
    ) -> None:
        path = home.add_track("Song")
        home.beet("genreclf")
        edit_file(path, "Dub")
        another_model(classifier)

        home.beet("genreclf", *flags)

        assert genres_in(path) == ["Dub"]
        home.beet("genreclf", "--revert")
        assert genres_in(path) == ["Dub"]

    def test_stays_at_an_import_that_writes(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.beet(*AS_IS, "-s", str(home.audio_file(home.inbox / "Song.mp3")))
        path = home.item("Song").filepath
        edit_file(path, "Dub")
        home.configure(asis="write")

        home.beet(*AS_IS, "-L", "-s")

        assert classifier.heard
        assert genres_in(home.item("Song").filepath) == ["Dub"]

    def test_comes_back_after_force(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song")
        home.beet("genreclf")
        edit_file(path, "Dub")
        another_model(classifier)
        home.beet("genreclf", "-f")
        assert genres_in(path) == ["Blues"]

        home.beet("genreclf", "--revert")

        assert genres_in(path) == ["Dub"]

    def test_comes_back_after_force_that_chose_the_same(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song")
        home.beet("genreclf")
        edit_file(path, "Dub")
        home.beet("genreclf", "-f")
        assert genres_in(path) == ["Rock"]
        home.beet("genreclf", "--revert")
        assert classifier.heard
        assert genres_in(path) == ["Dub"]


class TestCatchingUp:
    def test_writes_what_stands_in_the_library_only(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song")
        home.beet("genreclf", "-W")
        home.beet("genreclf")
        assert genres_in(path) == []

        pretended = home.beet("genreclf", "-w", "-p")
        assert genres_in(path) == []
        printed = home.beet("genreclf", "-w")

        assert len(classifier.heard) == 1
        line = "Ann - Song: Rock (written into the file)"
        assert pretended.lines[0] == printed.lines[0] == line
        assert "1 written into the file" in printed.lines[-1]
        assert genres_in(path) == ["Rock"]
        assert home.beet("update", "-p").out == ""

    def test_writes_nothing_of_the_persons(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.beet(*AS_IS, "-s", str(home.audio_file(home.inbox / "Song.mp3")))
        home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Shoegaze")
        home.beet("genreclf", "-w")
        assert classifier.heard
        assert home.item("Song").genres == ["Shoegaze"]
        assert genres_in(home.item("Song").filepath) == []


class TestUpdate:
    def test_keeps_the_persons_part(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Shoegaze"])
        home.beet("genreclf", "-f", "-k", "-n", "2")
        assert home.item("Song").genres == ["Shoegaze", "Rock"]
        another_model(classifier)

        home.beet("genreclf", "--update")

        assert home.item("Song").genres == genres_in(path) == ["Shoegaze", "Blues"]

    def test_does_not_bring_back_what_force_replaced(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Shoegaze"])
        home.beet("genreclf", "-f")
        another_model(classifier)
        home.beet("genreclf", "--update")
        assert home.item("Song").genres == ["Blues"]

    def test_leaves_what_is_the_persons_alone_again(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Rock"])
        home.configure(keep_existing=True, count=2)
        classifier.answers["Song"] = ("blues", 0.9)
        home.beet("genreclf", "-f")
        classifier.model_id, classifier.answers["Song"] = NEW, ("rock", 0.9)
        home.beet("genreclf", "--update")
        assert home.item("Song").genres == ["Rock"]
        classifier.model_id, classifier.answers["Song"] = "scripted@2", ("blues", 0.9)

        printed = home.beet("genreclf", "--update")

        assert printed.lines[-1].endswith("1 not written by genreclf")
        assert home.item("Song").genres == ["Rock"]

    def test_sees_what_the_person_does_meanwhile(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = home.add_track("Song")
        home.beet("genreclf")
        another_model(classifier)
        hear = classifier.predict_file

        def hear_while_somebody_edits(heard: Path) -> TrackPrediction:
            item = home.library().items("title:Song")[0]
            item.genres = ["Polka"]
            item.try_write()
            item.store()
            return hear(heard)

        monkeypatch.setattr(classifier, "predict_file", hear_while_somebody_edits)

        home.beet("genreclf", "--update")

        assert home.item("Song").genres == genres_in(path) == ["Polka"]

    def test_by_force_decides_anew_with_the_same_model(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Ours")
        home.add_track("Theirs", genres=["Polka"])
        home.beet("genreclf")
        home.configure(label_map={"rock": "Heavy"})
        home.beet("genreclf", "--update")
        assert home.item("Ours").genres == ["Rock"]

        home.beet("genreclf", "--update", "-f")

        assert len(classifier.heard) == 1
        assert genres(home) == {"Ours": ["Heavy"], "Theirs": ["Polka"]}


@pytest.mark.parametrize(
    ("present", "genres_after"),
    [
        ("Hip-Hop/Rap", ["Hip-Hop/Rap"]),
        ("hiphop", ["hiphop"]),
        ("Trip Hop", ["Trip Hop", "Hip Hop"]),
    ],
)
def test_no_second_name_is_added_to_a_genre_that_is_kept(
    home: BeetsHome, classifier: ScriptedClassifier, present: str, genres_after: list[str]
) -> None:
    home.add_track("Song", genres=[present])
    home.configure(force=True, keep_existing=True, count=3)
    classifier.answers["Song"] = ("hip hop", 0.9)
    home.beet("genreclf")
    assert home.item("Song").genres == genres_after


def test_album_genre_is_not_replaced_where_genres_are_kept(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One", "Two"], genres=["Dream Pop", "Shoegaze"])
    home.configure(force=True, keep_existing=True, count=3)
    home.beet("genreclf")
    assert classifier.heard
    assert genres(home) == {"One": ["Rock"], "Two": ["Rock"]}
    assert home.album("Record").genres == ["Dream Pop", "Shoegaze"]


def test_zero_keeps_the_genre_that_is_in_the_file(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Song", genres=["Shoegaze"])
    home.settings["plugins"] = ["zero", "genreclf"]
    home.settings["zero"] = {"fields": "genres"}
    edit_file(path, "Noise")
    printed = home.beet("genreclf", "-f")
    assert classifier.heard
    assert "was in the file" not in printed.out
    assert (home.item("Song").genres, genres_in(path)) == (["Rock"], ["Noise"])


def test_link_is_not_written_through_at_an_import(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.audio_file(home.inbox / "Song.mp3")
    home.settings["import"] = {"link": True, "copy": False, "write": True}
    home.configure(asis="write")
    home.beet(*AS_IS, "-s", str(path))
    assert classifier.heard
    assert (home.item("Song").genres, genres_in(path)) == (["Rock"], [])
