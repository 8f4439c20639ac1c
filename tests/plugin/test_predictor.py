"""Which predictions are stored, and when a stored one is recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from beets.library import Item, Library

from beetsplug.genreclf.predict.predictor import Predictor
from beetsplug.genreclf.storage.stored_prediction import (
    StoredPrediction,
    prediction_from,
    recall,
    remember,
)

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

pytestmark = pytest.mark.usefixtures("classifier")

MODEL = "mine@00000000"
LABELS = ("blues", "hip hop", "rock")
#: Labels that exclude each other, and labels that do not.
EXCLUSIVE = StoredPrediction(MODEL, {"rock": 0.9, "blues": 0.0999, "hip hop": 0.0001})
ALL_OF_THEM = StoredPrediction(MODEL, {"rock": 0.93, "blues": 0.88, "hip hop": 0.71})
NONE_OF_THEM = StoredPrediction(MODEL, {"rock": 0.02, "blues": 0.01, "hip hop": 0.0})
TOO_LITTLE = StoredPrediction(MODEL, {})


def item_with(prediction: StoredPrediction, **changes: Any) -> Item:
    """Make a track in which something was heard, and of which something was changed."""
    item = Item(length=60.0)
    remember(item, prediction)
    item.update(changes)
    return item


@pytest.mark.parametrize("prediction", [EXCLUSIVE, ALL_OF_THEM, NONE_OF_THEM, TOO_LITTLE])
def test_recall_gives_back_what_was_heard(prediction: StoredPrediction) -> None:
    recalled = recall(item_with(prediction), MODEL, LABELS)
    assert recalled == prediction
    assert recalled is not None
    assert list(recalled.scores) == list(prediction.scores), "best first"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rock 0.9000; blues 0.1000", id="a label is missing"),
        pytest.param(
            "rock 0.9000; blues 0.0500; hip hop 0.0500; pop 0.0000",
            id="a label too many",
        ),
        pytest.param("rock 0.9000; blues 0.0500; rap 0.0500", id="another label"),
        pytest.param("rock 0.9000; rock 0.0500; blues 0.0500", id="a label twice"),
        pytest.param("Rock 0.9000; blues 0.0500; hip hop 0.0500", id="other capitals"),
        pytest.param("rock high; blues 0.0500; hip hop 0.0500", id="no number"),
        pytest.param("rock nan; blues 0.0500; hip hop 0.0500", id="not a number"),
        pytest.param("rock 1.2000; blues 0.0500; hip hop 0.0500", id="too high"),
        pytest.param("rock -0.200; blues 0.0500; hip hop 0.0500", id="too low"),
        pytest.param("rock", id="a word"),
        pytest.param(" ", id="a blank"),
    ],
)
def test_recall_does_not_trust_what_was_edited(text: str) -> None:
    item = item_with(EXCLUSIVE, genreclf_scores=text)
    assert recall(item, MODEL, LABELS) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"genreclf_model": "mine@11111111"}, id="another model"),
        pytest.param({"length": 61.0}, id="another recording"),
    ],
)
def test_recall_is_of_this_model_in_this_recording(changes: dict[str, Any]) -> None:
    assert recall(item_with(ALL_OF_THEM, **changes), MODEL, LABELS) is None


@pytest.mark.parametrize("field", ["model", "length", "scores"])
def test_recall_needs_every_field(field: str) -> None:
    item = item_with(ALL_OF_THEM)
    del item[f"genreclf_{field}"]
    assert recall(item, MODEL, LABELS) is None


def test_recall_of_any_label_that_a_model_may_have() -> None:
    labels = ("Rock; Live", "R&B 2.0", "top 40; new", "a; b 0.5; c", "1", "; ")
    prediction = prediction_from(MODEL, [(label, 0.5) for label in labels])
    assert recall(item_with(prediction), MODEL, labels) == prediction


@pytest.mark.parametrize("prediction", [EXCLUSIVE, ALL_OF_THEM, TOO_LITTLE])
def test_remember_the_same_is_no_news(prediction: StoredPrediction) -> None:
    item = item_with(prediction)
    assert not remember(item, prediction)


@pytest.mark.parametrize("before", [EXCLUSIVE, NONE_OF_THEM, TOO_LITTLE])
def test_remember_something_else_is(before: StoredPrediction) -> None:
    item = item_with(before)
    assert remember(item, ALL_OF_THEM)
    assert recall(item, MODEL, LABELS) == ALL_OF_THEM


def test_remember_too_little_to_hear_is_news_where_much_was_heard() -> None:
    item = item_with(ALL_OF_THEM)
    assert remember(item, TOO_LITTLE)
    assert recall(item, MODEL, LABELS) == TOO_LITTLE


# Listenings that a predictor is told of, so that it need not listen.


@pytest.fixture
def songs(home: BeetsHome) -> list[Item]:
    home.add_track("Known")
    home.add_track("New")
    home.add_track("Old")
    home.classifier.answers["Old"] = ("blues", 0.9)
    home.beet("genreclf", "title:Old")
    home.classifier.heard.clear()
    return home.items()


@pytest.mark.parametrize("listen_again", [False, True])
def test_known_predictions_are_neither_listened_to_nor_recalled(
    songs: list[Item], classifier: ScriptedClassifier, listen_again: bool
) -> None:
    known, _, old = songs
    predictions = {
        each.id: StoredPrediction(classifier.model_id, {"rock": share, "blues": 1 - share})
        for each, share in ((known, 0.25), (old, 0.125))
    }
    predictor = predictor_of(classifier, listen_again=listen_again, known=predictions)

    first, second, third = predictor.predict([predictor.track(item) for item in songs])

    assert first.prediction is predictions[known.id]
    assert third.prediction is predictions[old.id]
    assert [each.is_news for each in (first, second, third)] == [False, True, False]
    assert [path.stem for path in classifier.heard] == ["New"]


def test_known_predictions_too_little_to_hear_may_be_known(
    songs: list[Item], classifier: ScriptedClassifier
) -> None:
    (known, *_) = songs
    nothing = StoredPrediction(classifier.model_id, {})
    predictor = predictor_of(classifier, known={known.id: nothing})
    (heard,) = predictor.predict([predictor.track(known)])
    assert heard.prediction is nothing
    assert not classifier.heard


@pytest.mark.parametrize("listen_again", [False, True])
def test_known_predictions_nothing_is_known_if_nothing_is_said(
    songs: list[Item], classifier: ScriptedClassifier, listen_again: bool
) -> None:
    predictor = predictor_of(classifier, listen_again=listen_again)
    list(predictor.predict([predictor.track(item) for item in songs]))
    names = sorted(path.stem for path in classifier.heard)
    assert names == (["Known", "New", "Old"] if listen_again else ["Known", "New"])


def predictor_of(classifier: Any, **changes: Any) -> Predictor:
    return Predictor(lambda: classifier, threads=1, **changes)


def test_second_run_fetches_no_track_again_about_which_it_abstains_as_before(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add_album("Record", ["One", "Two"], genres=[])
    home.configure(min_confidence=0.9, source="track")
    home.beet("genreclf")
    before = home.dump()
    fetched: list[int] = []
    fetch = Library.get_item

    def note(library: Library, item_id: int) -> Item | None:
        fetched.append(item_id)
        return fetch(library, item_id)

    monkeypatch.setattr(Library, "get_item", note)
    printed = home.beet("genreclf")
    assert printed.lines == ["0 tagged, 0 abstained, 0 unreadable, 2 abstained as before"]
    assert not any(fetched), "but for track 0, with which beets tries the database"
    assert home.dump() == before
