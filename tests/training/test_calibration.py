"""Calibration and selective prediction, against cases computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import top_k_accuracy_score

from genre_model.metrics import (
    area_under_risk_coverage,
    calibration_error,
    coverage_at_accuracy,
    measures_of,
    noise_floor,
    reliability_bins,
    risk_coverage,
)


def plausible_confidences(n_tracks: int) -> np.ndarray:
    """Return confidences of mean 0.77, most of them high, as of a trained network."""
    places = (np.arange(n_tracks) + 0.5) / n_tracks
    return np.asarray(stats.beta.ppf(places, 3.1, 0.93), np.float32)


@pytest.mark.parametrize(
    ("n_tracks", "mean", "percentile_95"), [(290, 0.058, 0.082), (930, 0.033, 0.047)]
)
def test_the_noise_floor_is_that_of_an_earlier_simulation(
    n_tracks: int, mean: float, percentile_95: float
) -> None:
    # Its confidences are known by their mean, about 77 %, only.
    confidences = plausible_confidences(n_tracks)
    assert confidences.mean() == pytest.approx(0.77, abs=0.005)
    floor = noise_floor(confidences)
    assert floor.mean == pytest.approx(mean, abs=0.003)
    assert floor.percentile_95 == pytest.approx(percentile_95, abs=0.004)


def test_calibrated_models_stay_below_the_floor_and_others_do_not() -> None:
    confidences = plausible_confidences(290)
    floor, rng = noise_floor(confidences), np.random.default_rng(99)
    honest = [
        calibration_error(confidences, rng.random(290) < confidences, 15)
        for _ in range(300)
    ]
    assert np.mean(honest) == pytest.approx(floor.mean, abs=0.003)
    assert np.mean(np.array(honest) < floor.percentile_95) == pytest.approx(0.95, abs=0.03)
    boastful = calibration_error(confidences, rng.random(290) < confidences - 0.15, 15)
    assert boastful > floor.percentile_95


def test_the_noise_floor_is_the_same_every_time() -> None:
    confidences = plausible_confidences(50)
    assert noise_floor(confidences) == noise_floor(confidences)
    assert noise_floor(np.ones(50, np.float32)) == (0, 0)


def test_reliability_bins_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.uniform(0.2, 0.999, 300).astype(np.float32)
    right = rng.random(300) < confidences
    bins = reliability_bins(confidences, right)
    filled = bins.n_tracks > 0
    accuracies, means = calibration_curve(right, confidences, n_bins=15)
    np.testing.assert_allclose(bins.accuracies[filled], accuracies)
    np.testing.assert_allclose(bins.confidences[filled], means, rtol=1e-6)
    assert bins.n_tracks.sum() == 300
    assert np.isnan(bins.accuracies[~filled]).all()
    assert len(bins.edges) == 16
    gaps = np.abs(bins.accuracies - bins.confidences)[filled] * bins.n_tracks[filled]
    expected = calibration_error(confidences, right, 15)
    assert gaps.sum() / 300 == pytest.approx(expected, rel=1e-5)


def test_risk_and_coverage_by_hand() -> None:
    confidences = np.array([0.6, 0.9, 0.7, 0.8], np.float32)
    right = np.array([False, True, False, True])
    coverage, risk = risk_coverage(confidences, right)
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 0, 1 / 3, 1 / 2])
    expected = (1 / 3 + 1 / 2) / 4
    assert area_under_risk_coverage(confidences, right) == pytest.approx(expected)
    assert coverage_at_accuracy(confidences, right, 0.9) == 0.5
    assert coverage_at_accuracy(confidences, right, 0.66) == 0.75
    assert coverage_at_accuracy(confidences, right, 0.5) == 1


def test_no_threshold_divides_equal_confidences() -> None:
    confidences = np.array([1.0, 1.0, 1.0, 0.5], np.float32)
    for order in ([True, True, False, True], [False, True, True, True]):
        _, risk = risk_coverage(confidences, np.array(order))
        np.testing.assert_allclose(risk, [1 / 3, 1 / 3, 1 / 3, 1 / 4])
        assert coverage_at_accuracy(confidences, np.array(order), 0.9) == 0
        assert coverage_at_accuracy(confidences, np.array(order), 0.75) == 1


def test_a_mistake_among_the_surest_may_be_made_up_for() -> None:
    confidences = np.linspace(1, 0.5, 20, dtype=np.float32)
    right = np.arange(20) > 0
    assert coverage_at_accuracy(confidences, right, 0.95) == 1
    assert coverage_at_accuracy(confidences, right, 0.96) == 0


def test_the_measures_of_a_small_case() -> None:
    probabilities = np.array(
        [[0.7, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]], np.float32
    )
    labels = np.array([0, 1, 0])
    measures = measures_of(probabilities, labels)
    assert measures["accuracy"] == pytest.approx(1 / 3)
    expected = top_k_accuracy_score(labels, probabilities, k=3, labels=range(4))
    assert measures["top_3"] == pytest.approx(expected)
    assert measures["macro_precision"] == pytest.approx((1 / 2 + 0) / 2)
    assert measures["macro_recall"] == pytest.approx((1 / 2 + 0) / 2)
    assert measures["calibration_error"] == pytest.approx((0.3 + 0.4 + 0.4) / 3, rel=1e-5)
    assert measures["coverage_at_85"] == pytest.approx(1 / 3)


def test_three_genres_have_no_top_three() -> None:
    measures = measures_of(np.eye(3, dtype=np.float32), np.arange(3))
    assert "top_3" not in measures
    assert measures["aurc"] == 0
    assert measures["coverage_at_90"] == 1
