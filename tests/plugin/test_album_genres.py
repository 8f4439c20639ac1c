"""Genres of albums that are heard as a whole, where somebody else has had a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier


def test_an_album_is_heard_as_a_whole_unless_you_choose_otherwise(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    titles = ["One", "Two", "Three", "Four", "Five", "Six"]
    home.add_album("Record", titles)
    home.settings["paths"] = {"default": "$genres/$title"}
    classifier.answers |= dict.fromkeys(titles, ("rock", 0.597))
    classifier.answers["Two"] = ("blues", 0.62)
    home.beet("genreclf", "--move")
    assert [item.genres for item in home.items()] == [["Rock"]] * 6
    assert home.album("Record").genres == ["Rock"]
    assert {path.parent.name for path in home.files()} == {"Rock"}


def test_unsure_album_does_not_take_the_genre_that_a_person_gave_its_tracks(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One", "Two"])
    home.beet("modify", "-y", "-M", "title:One", "genres=Polka")
    classifier.answers |= {"One": ("rock", 0.4), "Two": ("blues", 0.4)}

    home.beet("genreclf", "-s", "album")

    assert classifier.heard
    assert home.album("Record").genres == []
    assert "genreclf_album_genres" not in home.album("Record")


def test_genre_that_the_album_agrees_with_is_not_outvoted_by_its_tracks(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One", "Two", "Three"])
    # Together blues, though two of the three are a little surer of rock.
    classifier.answers |= {
        "One": {"rock": 0.52, "blues": 0.48},
        "Two": {"rock": 0.52, "blues": 0.48},
        "Three": {"rock": 0.01, "blues": 0.99},
    }
    flags = ("-s", "both", "-c", "0.5")
    home.beet("genreclf", *flags)
    assert home.album("Record").genres == ["Blues"]
    assert [item.genres for item in home.items()] == [["Rock"], ["Blues"], ["Rock"]]

    home.beet("genreclf", *flags, "-f")

    assert home.album("Record").genres == ["Blues"]
    assert home.album("Record")["genreclf_agreement"] == 0.33


def test_a_file_that_lacks_the_genre_of_its_album_gets_it(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One"])
    classifier.answers["One"] = ("blues", 0.9)
    home.beet("genreclf", "-s", "album", "-W")
    printed = home.beet("genreclf", "-s", "album", "-f")
    assert printed.lines[0].endswith(" (written into the file) (album)")
    assert "unchanged" not in printed.out
