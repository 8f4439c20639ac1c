"""From segments to one opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genre_model.segment_probabilities import softmax
from genre_model.track_probabilities import TrackPrediction, combine_segments

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
