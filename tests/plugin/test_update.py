"""``beet genreclf --update``: a new model decides again what another one tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

OLD, NEW = "scripted@00000000", "scripted@11111111"


@pytest.fixture
def newer(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """Tag a library with one model; return another one, which hears blues."""
    home.add_track("Ours", genres=["Pop"])
    home.add_track("Changed Since")
    home.add_track("Murky")
    classifier.answers["Murky"] = ("rock", 0.4)
    home.beet("genreclf", "-f")
    home.beet("modify", "-yM", "title:Changed", "genres=Polka")
    home.add_track("Groomed", genres=["Acid Jazz"])
    classifier.heard.clear()
    classifier.model_id = NEW
    classifier.answers |= dict.fromkeys(
        ("Ours", "Changed Since", "Murky", "Groomed"), ("blues", 0.9)
    )
    return classifier


def genres_by_title(home: BeetsHome) -> dict[str, list[str]]:
    return {item.title: list(item.genres) for item in home.items()}


def test_only_our_own_genres_are_decided_anew(
    home: BeetsHome, newer: ScriptedClassifier
) -> None:
    printed = home.beet("genreclf", "--update")

    assert printed.lines == [
        "Ann - Ours: Blues 0.90 (was: Rock)",
        "1 tagged, 0 abstained, 0 unreadable, 3 not written by genreclf",
    ]
    assert [path.stem for path in newer.heard] == ["Ours"]
    assert genres_by_title(home) == {
        "Changed Since": ["Polka"],
        "Groomed": ["Acid Jazz"],
        "Murky": [],
        "Ours": ["Blues"],
    }
    assert MediaFile(home.item("Ours").filepath).genres == ["Blues"]
    assert home.item("Ours")["genreclf_model"] == NEW
    assert home.item("Murky")["genreclf_model"] == OLD


def test_what_stood_there_before_the_first_model_is_remembered(
    home: BeetsHome, newer: ScriptedClassifier
) -> None:
    home.beet("genreclf", "--update")
    assert newer.heard
    assert home.item("Ours")["genreclf_genres"] == "Blues"
    assert home.item("Ours")["genreclf_previous"] == "Pop"


def test_a_second_update_hears_and_changes_nothing(
    home: BeetsHome, newer: ScriptedClassifier
) -> None:
    home.beet("genreclf", "--update")
    newer.heard.clear()
    before = home.dump(), home.files()

    printed = home.beet("genreclf", "--update")

    assert printed.lines[0].endswith("3 not written by genreclf, 1 already by this model")
    assert not newer.heard
    assert (home.dump(), home.files()) == before


def test_a_new_model_that_is_unsure_keeps_the_genre_and_is_not_asked_again(
    home: BeetsHome, newer: ScriptedClassifier
) -> None:
    newer.answers["Ours"] = ("blues", 0.5)
    before = home.files()

    printed = home.beet("genreclf", "--update")

    assert printed.lines[0] == "Ann - Ours: abstained: blues 0.50 < 0.6"
    ours = home.item("Ours")
    assert (ours.genres, ours["genreclf_model"]) == (["Rock"], NEW)
    assert ours["genreclf_confidence"] == pytest.approx(0.5)
    assert home.files() == before
    newer.heard.clear()
    home.beet("genreclf", "--update")
    assert not newer.heard
    # It is still ours to take back.
    home.beet("genreclf", "--revert")
    assert home.item("Ours").genres == ["Pop"]


def test_a_new_model_that_agrees_is_remembered(
    home: BeetsHome, newer: ScriptedClassifier
) -> None:
    newer.answers["Ours"] = ("rock", 0.7)
    before = home.files()
    printed = home.beet("genreclf", "--update")
    assert printed.lines[0] == "Ann - Ours: Rock 0.70 (unchanged)"
    assert home.item("Ours")["genreclf_model"] == NEW
    assert home.files() == before


def test_pretending_changes_nothing(home: BeetsHome, newer: ScriptedClassifier) -> None:
    before = home.dump(), home.files()
    printed = home.beet("genreclf", "--update", "-p")
    assert newer.heard
    assert printed.lines[0] == "Ann - Ours: Blues 0.90 (was: Rock)"
    assert printed.lines[-1].startswith("pretending: 1 tagged")
    assert (home.dump(), home.files()) == before


def test_the_query_limits_it(home: BeetsHome, newer: ScriptedClassifier) -> None:
    home.beet("genreclf", "--update", "title:Murky")
    assert not newer.heard
    assert home.item("Ours").genres == ["Rock"]


@pytest.mark.parametrize(
    ("count", "expected", "line", "previous"),
    [
        ("2", ["Pop", "Blues"], "Blues 0.90 (kept: Pop)", "Pop"),
        # Nothing of ours is left, so there is nothing to remember.
        ("1", ["Pop"], "nothing new (kept: Pop)", None),
    ],
)
def test_keep_existing_keeps_what_stood_there_before_us(
    home: BeetsHome,
    newer: ScriptedClassifier,
    count: str,
    expected: list[str],
    line: str,
    previous: str | None,
) -> None:
    printed = home.beet("genreclf", "--update", "-k", "-n", count)
    assert newer.heard
    assert printed.lines[0] == f"Ann - Ours: {line}"
    assert home.item("Ours").genres == expected
    assert home.item("Ours").get("genreclf_previous") == previous


def test_what_was_kept_is_not_kept_twice(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Song", genres=["Pop"])
    home.configure(keep_existing=True, count=2)
    home.beet("genreclf", "-f")
    assert home.item("Song").genres == ["Pop", "Rock"]
    classifier.model_id = NEW
    classifier.answers["Song"] = ("blues", 0.9)

    home.beet("genreclf", "--update")

    assert home.item("Song").genres == ["Pop", "Blues"]
    assert home.item("Song")["genreclf_previous"] == "Pop"


class TestFallback:
    @pytest.fixture
    def fallen_back(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.add_track("Murky")
        home.configure(fallback="Unknown")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("genreclf")
        assert home.item("Murky").genres == ["Unknown"]
        classifier.model_id = NEW

    @pytest.mark.usefixtures("fallen_back")
    def test_gives_way_to_what_a_new_model_hears(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        classifier.answers["Murky"] = ("blues", 0.9)
        home.beet("genreclf", "--update")
        assert home.item("Murky").genres == ["Blues"]
        assert home.item("Murky")["genreclf_previous"] == ""

    @pytest.mark.usefixtures("fallen_back")
    def test_stays_where_a_new_model_is_unsure_too(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        classifier.heard.clear()
        home.beet("genreclf", "--update")
        assert len(classifier.heard) == 1
        assert home.item("Murky").genres == ["Unknown"]
        assert home.item("Murky")["genreclf_model"] == NEW


class TestAlbum:
    def test_follows_its_tracks(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"])
        home.beet("genreclf")
        classifier.model_id = NEW
        classifier.answers = {"One": ("blues", 0.9), "Two": ("blues", 0.9)}

        home.beet("genreclf", "--update")

        assert home.album("Record").genres == ["Blues"]
        assert home.album("Record")["genreclf_album_previous"] == ""

    def test_genre_of_a_person_stays(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One"], genres=["Acid Jazz"])
        home.beet("genreclf")
        classifier.model_id = NEW
        classifier.answers["One"] = ("blues", 0.9)

        home.beet("genreclf", "--update")

        assert home.item("One").genres == ["Blues"]
        assert home.album("Record").genres == ["Acid Jazz"]

    def test_is_heard_whole_but_only_our_genres_change(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"])
        home.beet("modify", "-yM", "title:Two", "genres=Jazz")
        home.beet("genreclf")
        classifier.heard.clear()
        classifier.model_id = NEW
        classifier.answers = {"One": ("rock", 0.5), "Two": ("blues", 0.99)}

        printed = home.beet("genreclf", "--update", "-s", "album")

        assert sorted(path.stem for path in classifier.heard) == ["One", "Two"]
        assert printed.lines[0].endswith("(was: Rock) (album)")
        assert [item.genres for item in home.items()] == [["Blues"], ["Jazz"]]
        assert home.album("Record").genres == ["Blues"]
