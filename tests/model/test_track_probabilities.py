"""From segments to one opinion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from genre_model.model.segment_probabilities import activate, softmax
from genre_model.model.track_probabilities import (
    POOLING_FLOOR,
    TrackPrediction,
    combine_segments,
    pool_tracks,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEGMENTS = np.array([[0.4, 0.6, 0.0], [0.45, 0.55, 0.0], [0.9, 0.05, 0.05]], np.float32)


def test_the_mean_weighs_how_sure_each_segment_is() -> None:
    track = combine_segments(SEGMENTS, "mean")
    np.testing.assert_allclose(track, SEGMENTS.mean(axis=0), rtol=1e-6)
    assert track.argmax() == 0


def test_the_vote_counts_segments() -> None:
    track = combine_segments(SEGMENTS, "vote")
    assert track.argmax() == 1
    assert track.sum() == pytest.approx(1)


def test_a_tied_vote_goes_to_the_higher_mean() -> None:
    track = combine_segments(np.array([[0.9, 0.1], [0.4, 0.6]], np.float32), "vote")
    assert track.argmax() == 0


def test_softmax_is_a_distribution_even_of_huge_logits() -> None:
    probabilities = softmax(np.array([[1e4, 0, -1e4], [0, 0, 0]], np.float32), 1.0)
    np.testing.assert_allclose(
        probabilities, np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]), atol=1e-6
    )


def test_temperature_flattens_without_reordering() -> None:
    logits = np.array([2.0, 1.0, 0.0], np.float32)
    sharp, flat = softmax(logits, 0.5), softmax(logits, 2.0)
    assert sharp[0] > softmax(logits, 1.0)[0] > flat[0] > flat[1] > flat[2]


LOGITS = np.array([[2.0, 1.0, -3.0], [0.0, 5.0, 5.0]], np.float32)


def test_exclusive_genres_have_a_softmax() -> None:
    np.testing.assert_array_equal(
        activate(LOGITS, 1.5, multi_label=False), softmax(LOGITS, 1.5)
    )


def test_multi_label_genres_have_a_sigmoid_each() -> None:
    probabilities = activate(LOGITS, 1.5, multi_label=True)
    assert probabilities.dtype == np.float32
    expected = 1 / (1 + np.exp(-LOGITS / 1.5))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)


def test_activate_takes_a_single_row() -> None:
    probabilities = activate(LOGITS[0], 1.0, multi_label=True)
    np.testing.assert_array_equal(probabilities, activate(LOGITS, 1.0, multi_label=True)[0])


def test_huge_logits_do_not_overflow() -> None:
    huge = np.array([1e4, 0, -1e4, 3e38], np.float32)
    np.testing.assert_array_equal(
        activate(huge, 1.0, multi_label=True), np.array([1, 0.5, 0, 1], np.float32)
    )


def test_a_prediction_ranks_its_genres() -> None:
    prediction = TrackPrediction(
        Path("a.mp3"),
        ("blues", "jazz", "rock"),
        np.array([0.2, 0.5, 0.3], np.float32),
        np.array([[0.2, 0.5, 0.3]], np.float32),
        np.array([0.0]),
    )
    assert prediction.genre == "jazz"
    assert prediction.confidence == pytest.approx(0.5)
    assert [genre for genre, _ in prediction.ranked()] == ["jazz", "rock", "blues"]
    ((genre, probability),) = prediction.ranked(1)
    assert (genre, probability) == ("jazz", 0.5)


#: Three tracks of an album, two of them much alike.
ALBUM = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]], np.float32)


def floored(tracks: NDArray[np.float32]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = (1 - POOLING_FLOOR) * tracks
    return values + np.float32(POOLING_FLOOR / tracks.shape[1])


@pytest.mark.parametrize(
    ("correlation", "exponent"),
    [
        pytest.param(0.0, 1, id="independent tracks multiply"),
        pytest.param(1.0, 1 / 3, id="one opinion told thrice is their geometric mean"),
        # 3 tracks count as 3 / (1 + 2 * 0.5) = 1.5, so each has half a vote.
        pytest.param(0.5, 1 / 2, id="half"),
    ],
)
def test_correlation_decides_the_weight_of_more_tracks(
    correlation: float, exponent: float
) -> None:
    product = floored(ALBUM).prod(axis=0) ** exponent
    pooled = pool_tracks(ALBUM, correlation)
    np.testing.assert_allclose(pooled, product / product.sum(), rtol=1e-5)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_a_single_track_is_unchanged_but_for_the_floor(correlation: float) -> None:
    pooled = pool_tracks(ALBUM[:1], correlation)
    np.testing.assert_allclose(pooled, floored(ALBUM)[0], rtol=1e-5)


@pytest.mark.parametrize("n_tracks", [1, 2, 300])
def test_pooled_probabilities_sum_to_1(n_tracks: int) -> None:
    rng = np.random.default_rng(0)
    tracks = rng.dirichlet(np.ones(10), n_tracks).astype(np.float32)
    for correlation in (0.0, 0.5, 1.0):
        pooled = pool_tracks(tracks, correlation)
        assert pooled.dtype == np.float32
        assert pooled.shape == (10,)
        assert np.isfinite(pooled).all()
        assert pooled.sum() == pytest.approx(1, abs=1e-5)


def test_the_order_of_tracks_makes_no_difference() -> None:
    np.testing.assert_allclose(pool_tracks(ALBUM[::-1]), pool_tracks(ALBUM), rtol=1e-5)


def test_tracks_that_agree_raise_the_confidence() -> None:
    twins = np.stack([ALBUM[0]] * 4)
    assert pool_tracks(twins)[0] > pool_tracks(twins[:2])[0] > ALBUM[0, 0]


def test_one_track_cannot_veto_a_genre() -> None:
    sure = np.array([[0.8, 0.1, 0.1]] * 9 + [[0.0, 1.0, 0.0]], np.float32)
    assert pool_tracks(sure).argmax() == 0
    assert pool_tracks(sure)[0] > 0.8


def test_pooling_needs_a_track() -> None:
    with pytest.raises(ValueError, match="no track to pool"):
        pool_tracks(np.empty((0, 3), np.float32))


#: Three tracks of a live album; none of the genres excludes another.
LIVE_ALBUM = np.array([[0.9, 0.8, 0.1], [0.8, 0.9, 0.2], [0.95, 0.3, 0.0]], np.float32)


def test_rejected_probability_counts_against_every_genre() -> None:
    tracks = np.array([[0.40, 0.02, 0.02]] * 4, np.float32)
    pooled = pool_tracks(tracks)
    assert pooled.sum() < 0.5
    assert pooled.argmax() == 0


def test_rejected_probability_is_one_more_column() -> None:
    tracks = np.array([[0.5, 0.2], [0.6, 0.1]], np.float32)
    with_rejected = np.hstack([tracks, 1 - tracks.sum(axis=1, keepdims=True)])
    np.testing.assert_allclose(pool_tracks(tracks), pool_tracks(with_rejected)[:2])


def test_rounding_is_no_rejected_probability() -> None:
    pooled = pool_tracks(np.array([[0.6999, 0.3]], np.float32))
    assert pooled.sum() == pytest.approx(1)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_multi_label_pools_each_genre_against_its_absence(correlation: float) -> None:
    floored = (1 - POOLING_FLOOR) * LIVE_ALBUM + POOLING_FLOOR / 2
    log_odds = np.log(floored / (1 - floored)).mean(axis=0)
    log_odds *= 3 / (1 + 2 * correlation)
    pooled = pool_tracks(LIVE_ALBUM, correlation, multi_label=True)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, 1 / (1 + np.exp(-log_odds)), rtol=1e-4)


def test_multi_label_genres_are_independent() -> None:
    pooled = pool_tracks(LIVE_ALBUM, multi_label=True)
    others = LIVE_ALBUM.copy()
    others[:, 1:] = 0.99
    assert pool_tracks(others, multi_label=True)[0] == pooled[0]
    assert pool_tracks(LIVE_ALBUM[:, :1], multi_label=True)[0] == pooled[0]


def test_two_multi_label_genres_can_both_gain_confidence() -> None:
    pooled = pool_tracks(np.stack([LIVE_ALBUM[0]] * 4), multi_label=True)
    assert pooled[0] > LIVE_ALBUM[0, 0]
    assert pooled[1] > LIVE_ALBUM[0, 1]
    assert pooled[2] < LIVE_ALBUM[0, 2]


def test_a_single_track_is_unchanged_but_for_the_floor_if_multi_label() -> None:
    pooled = pool_tracks(LIVE_ALBUM[:1], multi_label=True)
    expected = (1 - POOLING_FLOOR) * LIVE_ALBUM[0] + POOLING_FLOOR / 2
    np.testing.assert_allclose(pooled, expected, rtol=1e-5)


def test_one_track_cannot_veto_a_genre_if_multi_label() -> None:
    sure = np.array([[0.9, 0.9]] * 9 + [[0.0, 0.9]], np.float32)
    assert pool_tracks(sure, multi_label=True).min() > 0.9


def test_pooling_needs_a_track_if_multi_label() -> None:
    with pytest.raises(ValueError, match="no track to pool"):
        pool_tracks(np.empty((0, 3), np.float32), multi_label=True)
