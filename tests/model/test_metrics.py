"""Measures, against hand-counted cases and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

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
    assert metrics.macro_averages(confusion) == pytest.approx(
        [
            score(labels, predicted, average="macro")
            for score in (precision_score, recall_score, f1_score)
        ]
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


def test_the_brier_score_goes_from_right_to_wrong() -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.3, 0.2]], np.float32)
    for row, expected in ((0, 0), (1, 2), (2, 0.5**2 + 0.3**2 + 0.2**2)):
        score = metrics.brier_score(rows[row : row + 1], np.array([0]))
        assert score == pytest.approx(expected)
    assert metrics.brier_score(rows, np.zeros(3, int)) == pytest.approx(2.38 / 3)


def test_the_calibration_error_by_hand() -> None:
    # Bins of 0.1: two tracks at 0.95, one right; two at 0.55, both right; one at 1.
    confidences = np.array([0.95, 0.95, 0.55, 0.55, 1.0], np.float32)
    right = np.array([True, False, True, True, True])
    last_bin = abs(2 / 3 - (0.95 + 0.95 + 1) / 3) * 3 / 5
    expected = last_bin + 0.45 * 2 / 5
    assert metrics.calibration_error(confidences, right) == pytest.approx(expected)


def test_genres_without_tracks_do_not_count() -> None:
    confusion = np.array([[3, 0, 0], [0, 0, 0], [1, 0, 2]])
    table = metrics.genre_table(confusion)
    np.testing.assert_allclose(table[0], [3 / 4, 1, 6 / 7, 3])
    assert metrics.macro_f1(confusion) == pytest.approx((6 / 7 + 4 / 5) / 2)


def test_wilson_interval_of_a_known_case() -> None:
    low, high = metrics.wilson_interval(8, 10)
    assert low == pytest.approx(0.490, abs=1e-3)
    assert high == pytest.approx(0.943, abs=1e-3)
