"""Who decides: the track (``source: track``), its album, or first one, then the other."""

from __future__ import annotations

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

pytestmark = pytest.mark.usefixtures("classifier")

NEW = "scripted@11111111"
#: Two tracks of blues, and one of which the model thinks little.
RECORD: dict[str, Any] = {
    "One": ("blues", 0.9),
    "Two": ("blues", 0.8),
    "Unsure": ("rock", 0.5),
}


@pytest.fixture
def record(home: BeetsHome) -> ScriptedClassifier:
    home.add_album("Record", list(RECORD))
    home.configure(source="album")
    home.classifier.answers = dict(RECORD)
    return home.classifier


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


def test_album_goes_on_without_a_track_that_cannot_be_read(
    home: BeetsHome, record: ScriptedClassifier
) -> None:
    record.answers["Unsure"] = AudioDecodeError("Unsure.mp3: not audio")
    printed = home.beet("genreclf")
    assert printed.err.splitlines()[0] == "genreclf: Unsure.mp3: not audio"
    assert printed.lines[-1] == "2 tagged, 0 abstained, 1 unreadable"
    assert printed.exit_code == 1
    assert genres(home) == {"One": "Blues", "Two": "Blues", "Unsure": ""}
    assert home.album("Record")["genreclf_agreement"] == 1


@pytest.mark.parametrize("tags", [{"comp": True}, {"albumartist": "Various Artists"}])
@pytest.mark.parametrize("source", ["album", "both"])
def test_tracks_of_various_artists_speak_for_themselves(
    home: BeetsHome, source: str, tags: dict[str, Any]
) -> None:
    home.add_album("Hits", list(RECORD), **tags)
    home.classifier.answers = dict(RECORD)
    home.beet("genreclf", "-s", source)
    assert genres(home) == {"One": "Blues", "Two": "Blues", "Unsure": ""}
    assert "genreclf_agreement" not in home.album("Hits")


@pytest.mark.parametrize("source", ["album", "both"])
def test_a_track_without_an_album_speaks_for_itself(home: BeetsHome, source: str) -> None:
    home.add_track("Single")
    printed = home.beet("genreclf", "-s", source)
    assert heard(home.classifier)
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


TITLES = tuple(f"Song {number:02}" for number in range(12))


def stop(home: BeetsHome, *flags: str) -> None:
    """Press Ctrl-C in the middle of the album."""
    home.configure(source="album", threads=1)
    hear = home.classifier.predict_file

    def press(path: Path) -> TrackPrediction:
        if path.stem == TITLES[6]:
            press_ctrl_c()
        return hear(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home.classifier, "predict_file", press)
        printed = home.beet("genreclf", *flags)
    assert printed.lines == ["interrupted: 0 tagged, 0 abstained, 0 unreadable"]
    assert printed.exit_code == 130
    assert heard(home.classifier)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
def test_stopped_half_way_what_was_heard_is_not_heard_again(home: BeetsHome) -> None:
    home.add_album("Record", TITLES)
    stop(home)
    known = home.titles("genreclf_model::.")
    assert known
    assert not any(genres(home).values())
    home.beet("genreclf")
    assert set(heard(home.classifier)) == set(TITLES) - set(known)
    assert set(genres(home).values()) == {"Rock"}


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
def test_stopped_half_way_update_goes_on_where_it_was(home: BeetsHome) -> None:
    home.add_album("Record", TITLES)
    home.beet("genreclf")
    home.classifier.model_id = NEW
    home.classifier.answers = dict.fromkeys(TITLES, ("blues", 0.9))
    stop(home, "--update")
    assert set(genres(home).values()) == {"Rock"}
    home.beet("genreclf", "--update")
    assert set(genres(home).values()) == {"Blues"}
