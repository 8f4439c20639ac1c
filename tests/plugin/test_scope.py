"""Who decides: the track (``source: track``), its album, or first one, then the other."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from plugin.conftest import press_ctrl_c

from beetsplug.genreclf.tagging.albums import pool_scores
from genre_model import AudioDecodeError
from genre_model.model.track_probabilities import ALBUM_CORRELATION

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

    from genre_model import TrackPrediction

NEW = "scripted@11111111"
#: Two tracks of blues, and one of which the model thinks little.
RECORD: dict[str, Any] = {
    "One": ("blues", 0.9),
    "Two": ("blues", 0.8),
    "Unsure": ("rock", 0.5),
}


@pytest.fixture
def record(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    home.add_album("Record", list(RECORD))
    home.configure(source="album")
    classifier.answers = dict(RECORD)
    return classifier


def genres(home: BeetsHome) -> dict[str, str]:
    return {item.title: "; ".join(item.genres) for item in home.items()}


def heard(classifier: ScriptedClassifier) -> list[str]:
    """Return what was listened to since this was asked last."""
    titles = sorted(path.stem for path in classifier.heard)
    classifier.heard.clear()
    return titles


def test_pooling_follows_the_documented_formula() -> None:
    one = {"blues": 0.9, "hip hop": 0.05, "rock": 0.05}
    two = {"rock": 0.7, "blues": 0.2, "hip hop": 0.1}
    # Each value with the floor, 0.95 p + 0.05 / 3; two tracks count as 2 / (1 + r), so the
    # product of their values gets half of that as its exponent.
    products = {"blues": 0.871667 * 0.206667, "rock": 0.064167 * 0.681667}
    products["hip hop"] = 0.064167 * 0.111667
    weights = {genre: p ** (1 / (1 + ALBUM_CORRELATION)) for genre, p in products.items()}
    pool = pool_scores([one, two])
    assert list(pool.scores) == ["blues", "rock", "hip hop"]
    for genre, weight in weights.items():
        assert pool.scores[genre] == pytest.approx(weight / sum(weights.values()), abs=1e-4)
    assert pool.agreement == 0.5


class TestAlbum:
    def test_decides_for_every_track_without_a_genre(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        printed = home.beet("genreclf")
        assert heard(record) == ["One", "Two", "Unsure"]
        (confidence,) = {line.split(": ")[1] for line in printed.lines[:-1]}
        assert re.fullmatch(r"Blues 0\.[789]\d \(album\)", confidence)
        assert printed.lines[-1] == "3 tagged, 0 abstained, 0 unreadable"
        assert genres(home) == dict.fromkeys(RECORD, "Blues")
        assert home.album("Record").genres == ["Blues"]
        assert home.album("Record")["genreclf_agreement"] == pytest.approx(0.67)

    def test_facts_of_a_track_and_of_its_album_stay_apart(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        del record.answers["Two"]  # it sounds like rock
        home.beet("genreclf", "-c", "0.5")
        own = [item.get("genreclf_confidence", with_album=False) for item in home.items()]
        assert own == pytest.approx([0.9, 0.83, 0.5])
        of_tracks = [line for line in home.dump() if '"item_attributes"' in line]
        assert any("genreclf_model" in line for line in of_tracks)
        assert not any("genreclf_a" in line for line in of_tracks)

    def test_hears_a_track_with_a_genre_but_leaves_it_alone(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        home.beet("modify", "-yM", "title:Two", "genres=Acid Jazz")
        printed = home.beet("genreclf")
        assert heard(record) == ["One", "Two", "Unsure"]
        assert genres(home) == {"One": "Blues", "Two": "Acid Jazz", "Unsure": "Blues"}
        assert home.album("Record").genres == ["Blues"]
        assert "genreclf_genres" not in home.item("Two")
        assert printed.lines[-1].endswith("1 already had a genre")

    @pytest.mark.usefixtures("record")
    def test_genre_of_a_person_stays(self, home: BeetsHome) -> None:
        home.add_album("Groomed", ["Three"], genres=["Acid Jazz"])
        home.beet("genreclf")
        assert home.item("Three").genres == ["Rock"]
        assert home.album("Groomed").genres == ["Acid Jazz"]

    def test_that_is_unsure_is_not_heard_twice(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        home.beet("modify", "-yM", "title:Two", "genres=Acid Jazz")
        record.answers |= {"One": ("rock", 0.6), "Two": ("blues", 0.6)}
        home.beet("genreclf", "-c", "0.9")
        assert genres(home)["One"] == ""
        heard(record)
        before = home.dump()
        printed = home.beet("genreclf", "-c", "0.9")
        assert heard(record) == []
        assert home.dump() == before
        assert "2 abstained as before" in printed.out

    def test_goes_on_without_a_track_that_cannot_be_read(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        record.answers["Unsure"] = AudioDecodeError("Unsure.mp3: not audio")
        printed = home.beet("genreclf")
        assert printed.err.splitlines()[0] == "genreclf: Unsure.mp3: not audio"
        assert printed.lines[-1] == "2 tagged, 0 abstained, 1 unreadable"
        assert printed.exit_code == 1
        assert genres(home) == {"One": "Blues", "Two": "Blues", "Unsure": ""}
        assert home.album("Record")["genreclf_agreement"] == 1

    def test_names_the_folder_of_all_its_tracks(
        self, home: BeetsHome, record: ScriptedClassifier
    ) -> None:
        home.settings["paths"] = {"default": "$genres/$title"}
        home.beet("modify", "-yM", "title:Two", "genres=Acid Jazz")
        home.beet("genreclf", "-m")
        assert len(heard(record)) == 3
        assert {path.parent.name for path in home.files()} == {"Blues"}


def test_both_lets_the_album_decide_where_the_track_is_unsure(
    home: BeetsHome, record: ScriptedClassifier
) -> None:
    record.answers["Two"] = ("hip hop", 0.6)
    printed = home.beet("genreclf", "-s", "both", "-c", "0.51")
    assert heard(record) == ["One", "Two", "Unsure"]
    assert printed.lines[:2] == ["Ann - One: Blues 0.90", "Ann - Two: Hip Hop 0.60"]
    assert re.fullmatch(r"Ann - Unsure: Blues 0\.\d\d \(album\)", printed.lines[2])
    assert home.album("Record").genres == ["Blues"]


@pytest.mark.parametrize("tags", [{"comp": True}, {"albumartist": "Various Artists"}])
@pytest.mark.parametrize("source", ["album", "both"])
def test_tracks_of_various_artists_speak_for_themselves(
    home: BeetsHome, classifier: ScriptedClassifier, source: str, tags: dict[str, Any]
) -> None:
    home.add_album("Hits", list(RECORD), **tags)
    classifier.answers = dict(RECORD)
    home.beet("genreclf", "-s", source)
    assert genres(home) == {"One": "Blues", "Two": "Blues", "Unsure": ""}
    assert "genreclf_agreement" not in home.album("Hits")


@pytest.mark.parametrize("source", ["album", "both"])
def test_a_track_without_an_album_speaks_for_itself(
    home: BeetsHome, classifier: ScriptedClassifier, source: str
) -> None:
    home.add_track("Single")
    printed = home.beet("genreclf", "-s", source)
    assert heard(classifier)
    assert printed.lines[0] == "Ann - Single: Rock 0.83"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(["-a", "album:Record"], 3), (["-A", "title:One"], 1), (["-a", "album:None"], 0)],
)
def test_a_query_matches_tracks_unless_albums_are_asked_for(
    home: BeetsHome, record: ScriptedClassifier, flags: list[str], expected: int
) -> None:
    home.add_album("Other", ["Three"])
    printed = home.beet("genreclf", "-s", "track", *flags)
    assert len(heard(record)) == expected
    assert (printed.err == "") is bool(expected)


def test_what_another_model_tagged_and_this_one_heard_in_passing_is_still_to_update(
    home: BeetsHome, record: ScriptedClassifier
) -> None:
    home.beet("genreclf", "-s", "track", "title:Two")
    record.model_id = NEW
    record.answers["Two"] = ("rock", 0.9)
    home.beet("genreclf", "title:One")
    assert genres(home)["Two"] == "Blues"
    home.beet("genreclf", "-s", "track", "--update")
    assert genres(home)["Two"] == "Rock"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
class TestStoppedHalfWay:
    TITLES = tuple(f"Song {number:02}" for number in range(12))

    def stop(self, home: BeetsHome, classifier: ScriptedClassifier, *flags: str) -> None:
        """Press Ctrl-C in the middle of the album."""
        home.configure(source="album", threads=1)
        hear = classifier.predict_file

        def press(path: Path) -> TrackPrediction:
            if path.stem == self.TITLES[6]:
                press_ctrl_c()
            return hear(path)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(classifier, "predict_file", press)
            printed = home.beet("genreclf", *flags)
        assert printed.lines == ["interrupted: 0 tagged, 0 abstained, 0 unreadable"]
        assert printed.exit_code == 130
        assert heard(classifier)

    def test_what_was_heard_is_not_heard_again(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", self.TITLES)
        self.stop(home, classifier)
        known = home.titles("genreclf_model::.")
        assert known
        assert not any(genres(home).values())
        home.beet("genreclf")
        assert set(heard(classifier)) == set(self.TITLES) - set(known)
        assert set(genres(home).values()) == {"Rock"}

    def test_update_goes_on_where_it_was(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", self.TITLES)
        home.beet("genreclf")
        classifier.model_id = NEW
        classifier.answers = dict.fromkeys(self.TITLES, ("blues", 0.9))
        self.stop(home, classifier, "--update")
        assert set(genres(home).values()) == {"Rock"}
        home.beet("genreclf", "--update")
        assert set(genres(home).values()) == {"Blues"}
