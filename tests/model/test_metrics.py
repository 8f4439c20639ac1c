"""Measures, against hand-counted cases and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score, log_loss, precision_score

from genre_model import metrics


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 200).astype(np.float32)
    return probabilities, rng.integers(0, 4, 200)


def test_measures_are_scikit_learns(scored: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = scored
    predicted = probabilities.argmax(axis=1)
    confusion = metrics.confusion_matrix(probabilities, labels)
    np.testing.assert_array_equal(confusion, sklearn_confusion(labels, predicted))
    assert metrics.accuracy(probabilities, labels) == np.mean(predicted == labels)
    assert metrics.macro_f1(confusion) == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )
    np.testing.assert_allclose(
        metrics.genre_table(confusion)[:, 0],
        precision_score(labels, predicted, average=None),
    )
    assert metrics.negative_log_likelihood(probabilities, labels) == pytest.approx(
        log_loss(labels, probabilities), rel=1e-4
    )


def test_a_certain_mistake_costs_much_but_not_infinitely() -> None:
    certain = np.array([[1.0, 0.0]], np.float32)
    assert 20 < metrics.negative_log_likelihood(certain, np.array([1])) < 30


def test_genres_without_tracks_do_not_count() -> None:
    confusion = np.array([[3, 0, 0], [0, 0, 0], [1, 0, 2]])
    table = metrics.genre_table(confusion)
    np.testing.assert_allclose(table[0], [3 / 4, 1, 6 / 7, 3])
    assert metrics.macro_f1(confusion) == pytest.approx((6 / 7 + 4 / 5) / 2)


def test_wilson_interval_of_a_known_case() -> None:
    low, high = metrics.wilson_interval(8, 10)
    assert low == pytest.approx(0.490, abs=1e-3)
    assert high == pytest.approx(0.943, abs=1e-3)
