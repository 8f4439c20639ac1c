"""The numbers of a score, by hand and against scikit-learn."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from genre_model.personal.evaluation import (
    Evaluation,
    baseline_by_name,
    baseline_renamed,
    evaluation_lines,
    majority_baseline,
    targets_of,
)


class Song(NamedTuple):
    name: str


LABELS = ("a", "b", "c")
TRUTH = [("a",), ("a",), ("a",), ("b",), ("b",), ("c",)]
SAID = np.array(
    [
        *([0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]),
        *([0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.3, 0.1, 0.6]),
    ],
    np.float32,
)
EVALUATION = Evaluation(LABELS, targets_of(TRUTH, LABELS), SAID)


def test_the_headline_by_hand() -> None:
    numbers = EVALUATION.numbers()
    assert numbers["n_tracks"] == 6
    assert numbers["accuracy"] == pytest.approx(4 / 6)
    assert numbers["top_3"] == 1
    assert numbers["interval_95"] == pytest.approx([0.300, 0.903], abs=0.001)
    # Sure by .9 .6 .8 .7 .5 .6; right are the first, second, fourth and sixth.
    gaps = [(0.5 - 0) / 6, abs(0.6 - 1) * 2 / 6, (1 - 0.7) / 6, 0.8 / 6, (1 - 0.9) / 6]
    assert numbers["calibration_error"] == pytest.approx(sum(gaps), abs=1e-5)
    assert numbers["selective"][4] == {
        "min_confidence": 0.7,
        "coverage": pytest.approx(3 / 6),
        "accuracy": pytest.approx(2 / 3),
    }
    assert json.loads(json.dumps(numbers)) == numbers


def test_the_headline_by_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 300).astype(np.float32)
    truth = rng.integers(0, 4, 300)
    evaluation = Evaluation(tuple("abcd"), np.eye(4, dtype=bool)[truth], probabilities)
    numbers, said = evaluation.numbers(), probabilities.argmax(axis=1)
    assert numbers["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert numbers["log_loss"] == pytest.approx(log_loss(truth, probabilities), abs=1e-4)
    rows = numbers["genres"]
    assert [row["precision"] for row in rows] == pytest.approx(
        precision_score(truth, said, average=None)
    )
    assert [row["recall"] for row in rows] == pytest.approx(
        recall_score(truth, said, average=None)
    )


def test_each_genre_has_its_most_frequent_confusion() -> None:
    rows = EVALUATION.genre_rows()
    assert [row["heard_as"] for row in rows] == [["b", 1], ["a", 1], None]
    assert [row["tracks"] for row in rows] == [3, 2, 1]
    assert EVALUATION.confusion().tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_unknown_tracks_are_taken_for_no_genre() -> None:
    probabilities = np.array([[0.1, 0.2], [0.2, 0.7], [0.3, 0.1], [0.0, 0.9]], np.float32)
    truth = targets_of(["a", "a", "b", "b"], "ab")
    evaluation = Evaluation(("a", "b"), truth, probabilities)
    assert evaluation.is_unknown.tolist() == [True, False, True, False]
    assert [row["heard_as"] for row in evaluation.genre_rows()] == [["b", 1], None]
    lines = [line.strip() for line in evaluation_lines(evaluation, list(map(Song, "wxyz")))]
    assert "w: heard nothing it knows" in lines
    assert "x: heard b 0.70" in lines
    assert "y: heard nothing it knows" in lines


def test_a_genre_without_tracks_counts_neither_way() -> None:
    evaluation = Evaluation(
        (*LABELS, "d"), targets_of(TRUTH, (*LABELS, "d")), np.c_[SAID, SAID[:, 0] * 0]
    )
    assert evaluation.numbers()["macro_f1"] == EVALUATION.numbers()["macro_f1"]


def test_several_genres_at_once() -> None:
    truth = [("a", "b"), ("a",), ("c",)]
    said = np.array([[0.9, 0.8, 0.1], [0.4, 0.6, 0.2], [0.1, 0.2, 0.3]], np.float32)
    evaluation = Evaluation(LABELS, targets_of(truth, LABELS), said, multi_label=True)
    numbers = evaluation.numbers()
    assert numbers["accuracy"] == pytest.approx(2 / 3), "the best genre is one of its own"
    rows = {row["genre"]: row for row in numbers["genres"]}
    assert (rows["a"]["precision"], rows["a"]["recall"]) == (1, 0.5)
    assert (rows["b"]["precision"], rows["b"]["recall"]) == (0.5, 1)
    assert (rows["c"]["precision"], rows["c"]["recall"]) == (0, 0), "0.3 is no yes"
    losses = [-np.log([0.9, 0.8, 0.9]), -np.log([0.4, 0.4, 0.8]), -np.log([0.9, 0.8, 0.3])]
    assert numbers["log_loss"] == pytest.approx(np.sum(losses) / 3, abs=1e-5)
    assert evaluation.confusion().tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_reliability_has_bins_that_hold_tracks_only() -> None:
    rows = EVALUATION.numbers()["reliability"]
    assert [(row["from"], row["tracks"]) for row in rows] == [(0.4, 1), (0.6, 3), (0.8, 2)]
    assert rows[1]["accuracy"] == pytest.approx(1)
    assert rows[2]["confidence"] == pytest.approx(0.85)


#: Two folds; the commonest genre of the one is not that of the other.
FOLDS = (
    (np.array([0, 1, 2]), np.array([3, 4, 5])),
    (np.array([3, 4, 5]), np.array([0, 1, 2])),
)


def test_the_majority_baseline_is_right_for_the_most_frequent_genre() -> None:
    said = majority_baseline(EVALUATION.targets)
    assert said == pytest.approx(np.array([[3 / 6, 2 / 6, 1 / 6]] * 6))
    assert Evaluation(LABELS, EVALUATION.targets, said).accuracy == 3 / 6


def test_the_baseline_by_name_sums_the_genres_of_a_label() -> None:
    genres = ("disco", "hip hop", "jazz")
    said = np.array([[0.5, 0.2, 0.3]], np.float32)
    meant = {"Club": frozenset({"disco", "hip hop"}), "Jazz": frozenset({"jazz"})}

    def genres_of(label: str) -> frozenset[str]:
        return meant.get(label, frozenset())

    translated = baseline_by_name(genres, said, ("Club", "Polka", "Jazz"), genres_of)
    assert translated is not None
    assert translated[0] == pytest.approx([0.7, 0, 0.3])
    assert baseline_by_name(genres, said, ("Polka",), genres_of) is None


def test_the_renamed_baseline_uses_training_tracks_only() -> None:
    # Stock genre 0 is called b in the first half and a in the second.
    said = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [1, 0], [0, 1]], np.float32)
    truth = targets_of([("b",), ("a",), ("a",), ("a",), ("a",), ("b",)], ("a", "b"))
    translated = baseline_renamed(said, truth, FOLDS)
    assert translated[3].argmax() == 1
    assert translated[0].argmax() == 0
    assert translated.sum(axis=1) == pytest.approx(1, abs=1e-6)
