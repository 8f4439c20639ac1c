"""Undo where the person changed the library after us, and not the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier


def test_file_gets_back_what_it_held_before_our_first_genre(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Song", genres=["Soul"])
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
    home.beet("genreclf", "-f", "-c", "0.5")
    assert MediaFile(path).genres == home.item("Song").genres == ["Rock"]

    home.beet("genreclf", "--revert")

    assert classifier.heard
    assert home.item("Song").genres == ["Polka"]
    assert MediaFile(path).genres == ["Soul"]


def test_file_is_known_as_ours_though_the_library_was_changed_and_tagged_again(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Song", genres=["Soul"])
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "-W", "-M", "title:Song", "genres=Polka")
    classifier.answers["Song"] = ("blues", 0.9)
    home.beet("genreclf", "-f", "-W", "--listen-again")
    assert MediaFile(path).genres == ["Rock"]
    assert home.item("Song").genres == ["Blues"]

    home.beet("genreclf", "--revert")

    assert home.item("Song").genres == ["Polka"]
    assert MediaFile(path).genres == ["Soul"]
