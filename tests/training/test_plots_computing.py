"""What is computed for plots: projections, similarities, densities, responses."""

from __future__ import annotations

import numpy as np
import pytest

from genre_model.errors import TrainingDataError
from genre_model.training.plots.densities import density_of
from genre_model.training.plots.filter_responses import frequency_responses_of
from genre_model.training.plots.projections import pca_of, tsne_of
from genre_model.training.plots.similarities import (
    correlation_of_features,
    cosine_similarity_of_genres,
)

GENERATOR = np.random.default_rng(0)
#: Two clouds, far apart, in features of very different units.
CLOUDS = np.concatenate(
    [GENERATOR.normal(0, 1, (30, 4)), GENERATOR.normal(12, 1, (30, 4))]
) * [1, 1000, 1e-3, 1]
SIDES = np.repeat([0, 1], 30)


def test_tsne_keeps_what_is_apart_apart_and_repeats_itself() -> None:
    first = tsne_of(CLOUDS, seed=0, perplexity=10)
    assert first.shape == (60, 2)
    np.testing.assert_array_equal(first, tsne_of(CLOUDS, seed=0, perplexity=10))
    distances = np.linalg.norm(first[:, None] - first, axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(SIDES[distances.argmin(axis=1)], SIDES)


@pytest.mark.parametrize("perplexity", [0, 60, 100])
def test_an_impossible_perplexity_is_refused(perplexity: float) -> None:
    with pytest.raises(TrainingDataError, match=f"60 tracks .* perplexity {perplexity}"):
        tsne_of(CLOUDS, seed=0, perplexity=perplexity)


def test_units_do_not_decide_the_principal_components() -> None:
    coordinates, explained = pca_of(CLOUDS)
    rescaled, _ = pca_of(CLOUDS * [1000, 1, 1, 1e-6])
    np.testing.assert_allclose(np.abs(coordinates), np.abs(rescaled), atol=1e-6)
    assert explained[0] > 0.9, "the clouds lie along one direction"
    assert explained.sum() <= 1


def test_a_table_with_gaps_is_refused_by_place() -> None:
    gaps = CLOUDS.copy()
    gaps[7, 2] = np.nan
    with pytest.raises(TrainingDataError, match=r"nan in row 7, column 2 .* and 1 such"):
        pca_of(gaps)


def test_a_single_feature_has_no_plane() -> None:
    with pytest.raises(TrainingDataError, match="60 tracks and 1 features"):
        pca_of(CLOUDS[:, :1])


def test_genres_that_differ_in_opposite_ways_have_cosine_minus_one() -> None:
    cosines = cosine_similarity_of_genres(CLOUDS, SIDES, n_genres=3)
    np.testing.assert_allclose(cosines[:2, :2], [[1, -1], [-1, 1]], atol=1e-12)
    assert np.isnan(cosines[2]).all(), "the third has no tracks"


def test_units_do_not_decide_how_alike_genres_are() -> None:
    values, labels = GENERATOR.normal(size=(80, 5)), np.arange(80) % 4
    once = cosine_similarity_of_genres(values, labels, 4)
    rescaled = (values + 50) * [1, 1e6, 1, 1e-6, 1]
    again = cosine_similarity_of_genres(rescaled, labels, 4)
    np.testing.assert_allclose(again, once, atol=1e-9)


def test_correlation_is_pearsons() -> None:
    values = GENERATOR.normal(size=(50, 4))
    values[:, 1] = -3 * values[:, 0] + 1
    expected = np.corrcoef(values.T)
    np.testing.assert_allclose(correlation_of_features(values), expected, atol=1e-12)


def test_a_constant_feature_correlates_with_nothing() -> None:
    correlation = correlation_of_features(np.array([[1.0, 5], [2, 5], [4, 5]]))
    assert correlation[0, 0] == pytest.approx(1)
    assert np.isnan([correlation[0, 1], correlation[1, 0], correlation[1, 1]]).all()


def test_a_density_is_one_in_all() -> None:
    places = np.linspace(-8, 8, 2000)
    density = density_of(GENERATOR.normal(size=300), places)
    assert np.trapezoid(density, places) == pytest.approx(1, abs=1e-3)
    assert abs(places[density.argmax()]) < 0.5


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0]])
def test_values_without_spread_have_no_density(values: list[float]) -> None:
    assert not density_of(np.array(values), np.linspace(0, 5, 10)).any()


def test_responses_tell_what_filters_pass() -> None:
    smooth, onset = np.ones((3, 3)), np.tile([-1.0, 0, 1], (3, 1))
    responses = frequency_responses_of(np.stack([smooth, onset, np.zeros((3, 3))]))
    middle = responses.shape[1] // 2
    assert responses.shape == (3, 33, 33)
    assert responses[0, middle, middle] == 1, "a mean passes what does not change"
    assert responses[1, middle, middle] == pytest.approx(0), "a difference does not"
    row, column = np.unravel_index(responses[1].argmax(), (33, 33))
    assert row == middle, "an onset is alike in all bands"
    assert abs(column - middle) == 8, "and changes over four frames"
    assert not responses[2].any()
