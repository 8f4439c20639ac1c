"""Tracks that are like no music of the model's training: what it says does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

REASON = "unknown: no music that the model names (strangeness 1.25 > 1)"


@pytest.fixture
def noise(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """A library of noise, of which the model is sure that it is rock."""
    home.add_track("Noise")
    classifier.answers["Noise"] = ("rock", 0.98)
    classifier.strange["Noise"] = 1.25
    return classifier


def test_what_was_heard_is_remembered_with_the_reason(
    home: BeetsHome, noise: ScriptedClassifier
) -> None:
    first, again = home.beet("genreclf"), home.beet("-v", "genreclf")

    assert first.lines[0].endswith(f"Noise: abstained: {REASON}")
    assert f"Noise: abstained: {REASON}" in again.out + again.err
    assert again.lines[-1].endswith("1 abstained as before")
    assert len(noise.heard) == 1
    item = home.item("Noise")
    assert item.genres == []
    assert item["genreclf_scores"].startswith("rock 0.9800")
    assert item["genreclf_confidence"] == 0
    assert home.titles("genreclf_strangeness:1..") == ["Noise"]


def test_another_model_forgets_the_strangeness(
    home: BeetsHome, noise: ScriptedClassifier
) -> None:
    home.beet("genreclf")
    noise.strange.clear()

    home.beet("genreclf", "--listen-again")

    item = home.item("Noise")
    assert item.genres == ["Rock"]
    assert "genreclf_strangeness" not in item


@pytest.mark.usefixtures("noise")
def test_the_fallback_says_why(home: BeetsHome) -> None:
    home.configure(fallback="Unknown")
    printed = home.beet("genreclf")
    assert printed.lines[0].endswith(f"Noise: Unknown, the fallback ({REASON})")


def test_force_leaves_what_stands_there(home: BeetsHome, noise: ScriptedClassifier) -> None:
    home.add_track("Polka", genres=["Polka"])
    noise.answers["Polka"] = ("rock", 0.98)
    noise.strange["Polka"] = 1.0001

    printed = home.beet("genreclf", "--force", "title:Polka")

    assert "strangeness 1.01 > 1" in printed.out
    assert home.item("Polka").genres == ["Polka"]


def test_it_has_no_say_in_its_album(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One", "Two", "Noise"])
    classifier.answers |= dict.fromkeys(["One", "Two"], ("blues", 0.9))
    classifier.answers["Noise"] = ("rock", 0.98)
    classifier.strange["Noise"] = 1.25

    home.beet("genreclf", "-s", "album")

    assert home.album("Record").genres == ["Blues"]


@pytest.mark.parametrize("source", ["album", "both", "track"])
def test_an_album_of_which_half_is_unknown_gets_no_genre(
    home: BeetsHome, classifier: ScriptedClassifier, source: str
) -> None:
    home.add_album("Record", ["One", "Noise", "More noise", "Song"])
    classifier.answers |= dict.fromkeys(["Noise", "More noise"], ("rock", 0.98))
    classifier.strange |= dict.fromkeys(["Noise", "More noise"], 1.25)
    classifier.answers |= {"One": ("blues", 0.9), "Song": ("blues", 0.5)}

    home.beet("genreclf", "-s", source)

    assert home.titles("genres:Blues") == ["One"], "each track decides for itself"
    assert home.album("Record").genres == []


def test_check_does_not_doubt_its_genre(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Noise", genres=["Blues"])
    classifier.answers["Noise"] = ("rock", 0.98)
    classifier.strange["Noise"] = 1.25

    printed = home.beet("genreclf", "--check")

    summary = "0 doubted, 0 not, 1 unknown (no music that the model names)"
    assert summary in printed.lines[-1]


def test_eval_leaves_it_out(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.add_track("Noise", genres=["Blues"])
    home.add_track("Song", genres=["Rock"])
    classifier.answers |= {"Noise": ("rock", 0.98), "Song": ("rock", 0.9)}
    classifier.strange["Noise"] = 1.25

    printed = home.beet("genreclf-eval")

    note = "  left out: 1 track is no music that the model names"
    assert note in printed.lines
