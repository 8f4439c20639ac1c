"""Tests of two systems that scored the same tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Resamplings of the tracks behind a bootstrap interval.
N_DRAWS = 10_000


@dataclass(frozen=True)
class McNemar:
    """Outcome of McNemar's test.

    Attributes:
        only_first: tracks that only the first system has right.
        only_second: tracks that only the second has right.
        p_value: two-sided.
    """

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True)
class TTest:
    """Outcome of a t-test.

    Attributes:
        t: positive if the first system is better; None if nothing varies.
        degrees_of_freedom: of its distribution.
        p_value: two-tailed.
    """

    t: float | None
    degrees_of_freedom: float
    p_value: float


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """Test whether two systems err on equally many tracks, exactly.

    McNemar (1947): only tracks that one system alone has right tell the two apart. The
    p-value is the binomial one, not the approximation by chi-squared. Dietterich (1998)
    recommends the test for systems that were trained once: it says nothing of how
    trainings with other seeds or tracks would differ.

    Args:
        first_right: whether the first system has each track right [shape=(n_tracks,)].
        second_right: the second, on the same tracks [shape=(n_tracks,)].
    """
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    discordant = only_first + only_second
    p_value = stats.binomtest(only_first, discordant).pvalue if discordant else 1.0
    return McNemar(only_first, only_second, float(p_value))


def paired_t_test(first: NDArray[np.float64], second: NDArray[np.float64]) -> TTest:
    """Test the mean of the differences per track (Student 1908).

    Args:
        first: share of the first system's seeds that have each track right
            [shape=(n_tracks,), at least two tracks].
        second: of the second system's seeds, on the same tracks [shape=(n_tracks,)].
    """
    differences = first - second
    n_tracks = len(differences)
    error = differences.std(ddof=1) / np.sqrt(n_tracks)
    return _t_test(float(differences.mean()), float(error), n_tracks - 1)


def welch_t_test(first: NDArray[np.float64], second: NDArray[np.float64]) -> TTest:
    """Test the two means as though the tracks were different ones (Welch 1947).

    Paper 003 leaves open if its t-test is paired; this is the other reading. It
    ignores that both systems scored the same tracks, so it seldom finds anything that the
    paired test does not. The arguments are those of :func:`paired_t_test`.
    """
    variances = [float(x.var(ddof=1)) / len(x) for x in (first, second)]
    total = sum(variances)
    freedom = float(len(first) + len(second) - 2)
    if total:
        parts = zip(variances, (first, second), strict=True)
        freedom = total**2 / sum(v**2 / (len(x) - 1) for v, x in parts)
    return _t_test(float(first.mean() - second.mean()), float(np.sqrt(total)), freedom)


def _t_test(difference: float, standard_error: float, freedom: float) -> TTest:
    """Test without SciPy's warnings of samples that hardly vary."""
    if not standard_error:
        return TTest(None, freedom, 0.0 if difference else 1.0)
    t = difference / standard_error
    return TTest(t, freedom, float(2 * stats.t.sf(abs(t), freedom)))


def bootstrap_interval(
    differences: NDArray[np.float64], n_draws: int = N_DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean over tracks (Efron 1979).

    Tracks are drawn with replacement; the seeds stay as they are.

    Args:
        differences: of the systems' shares of seeds that are right [shape=(n_tracks,)].
        n_draws: resamplings.
        seed: of the draws.
    """
    # Few values occur: how often each is drawn is all that a resampling is.
    values, counts = np.unique(differences, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(differences), counts / len(differences), n_draws)
    low, high = np.quantile(drawn @ values / len(differences), [0.025, 0.975])
    return float(low), float(high)


def detectable_difference(
    differences: NDArray[np.float64], level: float = 0.05, power: float = 0.8
) -> float:
    """Return which true difference such a comparison finds with the given power.

    From the spread of the differences between tracks [shape=(n_tracks,), at least two], as
    in a paired z-test (Connor 1987 for right and wrong). McNemar's test of ensembles, which
    does not see how often each seed is right, finds less.
    """
    quantiles = stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power)
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return float(quantiles * error)
