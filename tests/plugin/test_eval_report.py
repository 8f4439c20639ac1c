"""The confusions in the report of ``beet genreclf-eval``."""

from __future__ import annotations

from typing import Any

import numpy as np

from beetsplug.genreclf.evaluation.report import abbreviations, confusion_lines
from genre_model import Evaluation

MANY = tuple(f"genre {number}" for number in range(26))


def confusions(labels: tuple[str, ...], truth: Any, predicted: Any) -> list[str]:
    eye = np.eye(len(labels), dtype=np.float32)
    return list(confusion_lines(Evaluation(labels, eye[truth] > 0, eye[predicted])))


def test_of_many_genres_are_listed() -> None:
    # The first is taken for the second twice, each other one for the next.
    truth = np.array([0, 0, 0, *range(1, 25), 25])
    predicted = np.array([1, 1, 0, *range(2, 26), 25])
    lines = confusions(MANY, truth, predicted)
    assert lines[:3] == [
        "  most often taken for another",
        "  genre 0 heard as genre 1: 2 of 3",
        "  genre 1 heard as genre 2: 1 of 1",
    ]
    assert len(lines) == 21


def test_of_many_genres_may_be_few() -> None:
    lines = confusions(MANY, np.arange(26), np.arange(26))
    assert lines == ["  most often taken for another"]


def test_of_25_genres_are_a_table() -> None:
    labels = tuple(f"a long genre, number {number}" for number in range(25))
    lines = confusions(labels, np.arange(25), (np.arange(25) + 1) % 25)
    assert len(lines) == 27
    assert len({len(line) for line in lines[1:]}) == 1
    assert len(lines[1]) <= 2 + 16 + 25 * 4
    assert lines[1].split()[:4] == ["alo", "aln", "alg", "ale"]


def test_wide_counts_find_room() -> None:
    truth = np.zeros(1234, np.int64)
    assert confusions(("a", "b"), truth, truth)[1:] == ["       a", "  a 1234"]


def test_names_are_shortened_to_different_ones() -> None:
    names = ["house", "house music", "hard house", "hard", "hip hop", "b"]
    assert abbreviations(names, 3) == ["hou", "hos", "har", "had", "hip", "b"]
    assert abbreviations(["ab", "ab"], 2) == ["ab", "ab"]
