"""What is remembered of a file, so that it gets back what it held before us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin.test_hand_made_tags import NEW, another_model, edit_file, genres_in

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier


def test_file_gets_back_what_it_held_before_our_first_genre(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Song", genres=["Soul"])
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
    home.beet("genreclf", "-f", "-c", "0.5")
    assert genres_in(path) == home.item("Song").genres == ["Rock"]

    home.beet("genreclf", "--revert")

    assert classifier.heard
    assert home.item("Song").genres == ["Polka"]
    assert genres_in(path) == ["Soul"]


def test_file_is_known_as_ours_though_the_library_was_changed_and_tagged_again(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Song", genres=["Soul"])
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
    classifier.answers["Song"] = ("blues", 0.9)
    home.beet("genreclf", "-f", "-W", "--listen-again")
    assert genres_in(path) == ["Rock"]
    assert home.item("Song").genres == ["Blues"]

    home.beet("genreclf", "--revert")

    assert home.item("Song").genres == ["Polka"]
    assert genres_in(path) == ["Soul"]


class TestRevert:
    def test_of_the_library_only_leaves_the_way_back_open(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Pop"])
        edit_file(path, "Folk")
        home.beet("genreclf", "-f")
        assert classifier.heard

        home.beet("genreclf", "--revert", "-W")
        assert (home.item("Song").genres, genres_in(path)) == (["Pop"], ["Rock"])
        printed = home.beet("genreclf", "--revert")

        assert printed.lines[0] == "Ann - Song: Folk in the file again"
        assert (home.item("Song").genres, genres_in(path)) == (["Pop"], ["Folk"])
        assert not [key for key in home.item("Song") if key.startswith("genreclf_")]

    def test_gives_the_file_back_though_the_library_was_changed(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
        home.beet("genreclf", "--revert")
        assert classifier.heard
        assert (home.item("Song").genres, genres_in(path)) == (["Polka"], ["Pop"])


class TestMemoryOfTheFile:
    """Sequences that a random walk found; the last state of the file has to come back."""

    @pytest.mark.parametrize("flags", [["-w"], ["--update"]])
    def test_what_the_person_puts_back_stays(
        self, home: BeetsHome, classifier: ScriptedClassifier, flags: list[str]
    ) -> None:
        path = home.add_track("Song", genres=["Polka"])
        home.beet("genreclf", "-f")
        edit_file(path, "Polka")
        another_model(classifier)
        home.beet("genreclf", *flags)
        assert genres_in(path) == ["Polka"]

    def test_going_back_to_the_librarys_genre_does_not_forget_the_file(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Rock"])
        edit_file(path, "Folk")
        classifier.answers["Song"] = ("blues", 0.9)
        home.beet("genreclf", "-f")
        classifier.model_id, classifier.answers["Song"] = NEW, ("rock", 0.9)
        home.beet("genreclf", "--update")
        assert home.item("Song").genres == genres_in(path) == ["Rock"]

        home.beet("genreclf", "--revert")

        assert (home.item("Song").genres, genres_in(path)) == (["Rock"], ["Folk"])

    def test_file_that_is_away_is_not_forgotten(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
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

        assert classifier.heard
        assert (home.item("Song").genres, genres_in(path)) == (["Polka"], ["Soul"])

    @pytest.mark.parametrize("between", [(), ("--update",)])
    def test_what_zero_keeps_in_the_file_is_given_back_without_it(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        between: tuple[str, ...],
    ) -> None:
        path = home.add_track("Song", genres=["Polka"])
        home.beet("genreclf", "-f")
        another_model(classifier)
        home.settings["zero"] = {"fields": "genres"}
        home.settings["plugins"] = ["zero", "genreclf"]
        home.beet("genreclf", *(between or ("--revert",)))
        assert genres_in(path) == ["Rock"]
        home.settings["plugins"] = ["genreclf"]

        home.beet("genreclf", "--revert")

        assert home.item("Song").genres == genres_in(path) == ["Polka"]

    def test_what_beet_write_wrote_for_us_is_ours(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Polka"])
        home.beet("genreclf", "-f")
        another_model(classifier)
        home.beet("genreclf", "--update", "-W")
        home.beet("write")
        assert genres_in(path) == ["Blues"]
        classifier.model_id, classifier.answers["Song"] = "scripted@2", ("hip hop", 0.9)
        home.beet("genreclf", "--update", "-W")

        home.beet("genreclf", "--revert")

        assert home.item("Song").genres == genres_in(path) == ["Polka"]

    def test_file_that_was_emptied_is_empty_again(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Polka"])
        home.beet("genreclf", "-f")
        edit_file(path)
        another_model(classifier)
        home.beet("genreclf", "--update")
        assert genres_in(path) == ["Blues"]
        home.beet("genreclf", "--revert")
        assert genres_in(path) == []
