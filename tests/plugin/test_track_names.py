"""What tracks are called in the lines of ``beet genreclf``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier


def test_braces_in_tags_and_file_name(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("{0.title} {", "{title}.mp3", artist="{}")
    printed = home.beet("-v", "genreclf")
    assert classifier.heard
    assert printed.lines[0] == "{} - {0.title} {: Rock 0.83"
    assert "Traceback" not in printed.err


def test_track_without_names_is_called_by_its_file(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("", "track 01.mp3", artist="")
    assert home.beet("genreclf").lines[0] == "music/track 01.mp3: Rock 0.83"
    assert classifier.heard


@pytest.mark.usefixtures("classifier")
@pytest.mark.parametrize(
    ("artist", "title", "name"),
    [
        ("Ann", "Song", "Ann - Song"),
        ("Ann", "", "Ann - music/tune.mp3"),
        ("", "Song", "Song"),
        ("", "", "music/tune.mp3"),
        ("Ann", "Song\n9 tagged, 0 abstained", "Ann - Song\ufffd9 tagged, 0 abstained"),
    ],
)
def test_names_are_one_line(home: BeetsHome, artist: str, title: str, name: str) -> None:
    home.add_track("Song", "tune.mp3")
    item = home.item("Song")
    item.update({"artist": artist, "title": title})
    item.store()
    assert home.beet("genreclf").lines[0] == f"{name}: Rock 0.83"
