"""Positions, cutting and padding of segments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx_models import FRONT_END

from genre_model.errors import TooShortError
from genre_model.features.segments import (
    Span,
    concatenate_segments,
    plan_spans,
    repeat_to_length,
    segment_start_frames,
    segments_from_mel_frames,
)

CONFIG = FRONT_END.segment


def ramp(n_frames: int) -> np.ndarray:
    """Mel frames whose value is the number of their frame."""
    return np.tile(np.arange(n_frames, dtype=np.float32), (3, 1))


@pytest.mark.parametrize("n_frames", [34, 111, 112, 113, 344, 690, 3000, 124_000])
def test_segments_lie_inside_the_track(n_frames: int) -> None:
    starts = segment_start_frames(n_frames, CONFIG)
    assert starts[0] >= 0
    assert starts[-1] <= max(0, n_frames - CONFIG.segment_frames)
    assert starts == sorted(set(starts))
    assert 1 <= len(starts) <= CONFIG.n_segments


def test_a_clip_of_gtzan_is_covered_from_end_to_end() -> None:
    assert segment_start_frames(344, CONFIG) == [0, 18, 67, 116, 165, 214, 232]


def test_the_first_and_last_seconds_of_a_song_are_not_used() -> None:
    n_frames = int(240 * FRONT_END.frames_per_second)
    starts = np.array(segment_start_frames(n_frames, CONFIG)) / FRONT_END.frames_per_second
    assert len(starts) == CONFIG.n_segments
    assert starts[0] > 10
    assert starts[-1] + 9.8 < 230
    np.testing.assert_allclose(np.diff(starts), 240 / 7, atol=0.1)


def test_long_tracks_are_read_in_excerpts_short_ones_whole() -> None:
    assert plan_spans(59.9, FRONT_END) == [Span(0, None)]
    spans = plan_spans(3 * 3600, FRONT_END)
    assert len(spans) == CONFIG.n_segments
    assert {span.n_frames for span in spans} == {CONFIG.segment_frames}


def test_a_jingle_is_refused() -> None:
    with pytest.raises(TooShortError, match=r"2\.9 s of audio; at least 3 s"):
        plan_spans(2.9, FRONT_END)


def test_segments_are_cut_where_they_start() -> None:
    segments = segments_from_mel_frames(ramp(344), CONFIG)
    assert segments.values.shape == (7, 3, 112)
    np.testing.assert_array_equal(segments.values[:, 0, 0], segments.start_frames)
    np.testing.assert_array_equal(segments.values[-1, 0], np.arange(232, 344))


def test_a_short_track_is_repeated_to_one_segment() -> None:
    segments = segments_from_mel_frames(ramp(50), CONFIG)
    assert segments.values.shape == (1, 3, 112)
    np.testing.assert_array_equal(segments.values[0, 0], np.arange(112) % 50)


def test_an_excerpt_keeps_its_place_in_the_track() -> None:
    first = segments_from_mel_frames(ramp(112), CONFIG, first_frame=500)
    second = segments_from_mel_frames(ramp(112), CONFIG, first_frame=900)
    joined = concatenate_segments([first, second])
    assert joined.start_frames.tolist() == [500, 900]
    assert joined.values.shape == (2, 3, 112)


def test_repeating_keeps_what_is_long_enough() -> None:
    assert repeat_to_length(ramp(112), 112).shape == (3, 112)
    assert repeat_to_length(ramp(56), 112).shape == (3, 112)
    assert repeat_to_length(ramp(55), 112).shape == (3, 165)


def test_the_number_of_segments_is_configured() -> None:
    config = replace(CONFIG, n_segments=3)
    assert len(segment_start_frames(3000, config)) == 3
