"""Tests of two systems, against cases computed by hand and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genre_model.training.evaluation.significance import (
    bootstrap_interval,
    detectable_difference,
    mcnemar,
    paired_t_test,
    welch_t_test,
)


def right_on(n_both: int, n_first: int, n_second: int, n_none: int) -> list[np.ndarray]:
    """Return who is right: two systems by tracks."""
    counts = [n_both, n_first, n_second, n_none]
    return [
        np.repeat(pattern, counts)
        for pattern in ([True, True, False, False], [True, False, True, False])
    ]


def test_mcnemar_by_hand() -> None:
    outcome = mcnemar(*right_on(50, 8, 2, 40))
    assert (outcome.only_first, outcome.only_second) == (8, 2)
    assert outcome.p_value == pytest.approx(2 * (1 + 10 + 45) / 2**10)


def test_only_tracks_that_one_system_has_right_count() -> None:
    few, many = mcnemar(*right_on(0, 8, 2, 0)), mcnemar(*right_on(500, 8, 2, 300))
    assert few == many
    swapped = mcnemar(*right_on(500, 2, 8, 300))
    assert swapped.p_value == pytest.approx(many.p_value)
    assert (swapped.only_first, swapped.only_second) == (2, 8)


def test_equal_systems_do_not_differ() -> None:
    assert mcnemar(*right_on(7, 0, 0, 3)).p_value == 1
    assert mcnemar(*right_on(7, 3, 3, 3)).p_value == 1


def test_t_tests_are_scipys() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, (2, 50)) / 3
    paired, scipys = paired_t_test(first, second), stats.ttest_rel(first, second)
    assert paired.t == pytest.approx(scipys.statistic)
    assert paired.degrees_of_freedom == 49
    assert paired.p_value == pytest.approx(scipys.pvalue)
    welch = welch_t_test(first, second[:30])
    scipys = stats.ttest_ind(first, second[:30], equal_var=False)
    assert welch.t == pytest.approx(scipys.statistic)
    assert welch.degrees_of_freedom == pytest.approx(scipys.df)
    assert welch.p_value == pytest.approx(scipys.pvalue)


def test_pairing_finds_what_welch_does_not() -> None:
    first, second = (right.astype(float) for right in right_on(100, 20, 5, 100))
    assert paired_t_test(first, second).p_value < 0.01
    assert welch_t_test(first, second).p_value > 0.1


@pytest.mark.parametrize(("second", "p_value"), [(1.0, 1.0), (0.0, 0.0)])
def test_what_never_varies_has_no_t(second: float, p_value: float) -> None:
    for test in (paired_t_test, welch_t_test):
        outcome = test(np.ones(5), np.full(5, second))
        assert outcome.t is None
        assert outcome.p_value == p_value


def test_the_bootstrap_interval_is_that_of_resampled_tracks() -> None:
    rng = np.random.default_rng(1)
    differences = rng.integers(-3, 5, 200) / 3
    low, high = bootstrap_interval(differences)
    means = differences[rng.integers(0, 200, (4000, 200))].mean(axis=1)
    expected = np.quantile(means, [0.025, 0.975])
    np.testing.assert_allclose([low, high], expected, atol=0.01)
    assert bootstrap_interval(differences) == (low, high)
    assert bootstrap_interval(np.full(9, 0.5)) == (0.5, 0.5)


def test_a_detectable_difference_is_detected_four_times_in_five() -> None:
    differences = np.repeat([1.0, 0.0, -1.0], [30, 240, 30])
    detectable = detectable_difference(differences)
    assert detectable == pytest.approx(2.8016 * differences.std(ddof=1) / 300**0.5, 1e-4)
    discordant = 0.2
    shares = [(discordant + detectable) / 2, 1 - discordant, (discordant - detectable) / 2]
    rng = np.random.default_rng(2)
    only_first, _, only_second = rng.multinomial(300, shares, 400).T
    found = [
        mcnemar(*right_on(0, a, b, 0)).p_value < 0.05
        for a, b in zip(only_first, only_second, strict=True)
    ]
    # The exact test is a little more cautious than the approximation behind the formula.
    assert 0.7 < np.mean(found) < 0.85


def test_mcnemar_cries_wolf_in_at_most_one_of_twenty() -> None:
    rng = np.random.default_rng(3)
    only_first, _, only_second = rng.multinomial(290, [0.1, 0.8, 0.1], 1000).T
    wrong = [
        mcnemar(*right_on(0, a, b, 0)).p_value < 0.05
        for a, b in zip(only_first, only_second, strict=True)
    ]
    assert 0.01 < np.mean(wrong) < 0.05
