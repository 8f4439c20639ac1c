"""Segments of a track: positions, cutting, padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TooShortError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd, SegmentConfig


@dataclass(frozen=True)
class Span:
    """A stretch of a track in mel frames; ``n_frames`` None means to the end."""

    start_frame: int
    n_frames: int | None


@dataclass(frozen=True)
class Segments:
    """Equally long pieces of one track.

    Attributes:
        values: log-mel [shape=(n_segments, n_mels, segment_frames), dB].
        start_frames: where each begins in the track [shape=(n_segments,)].
    """

    values: NDArray[np.float32]
    start_frames: NDArray[np.int64]


def segment_start_frames(n_frames: int, config: SegmentConfig) -> list[int]:
    """Spread segments evenly: each sits in the middle of its share of the track.

    The first and last seconds of long tracks are therefore never used. In short tracks
    segments overlap, and one that would repeat another is left out.

    Returns:
        Ascending start frames, at least one; the last segment ends inside the track
        unless the track is shorter than a segment.
    """
    latest = max(0, n_frames - config.segment_frames)
    share = n_frames / config.n_segments
    middles = (np.arange(config.n_segments) + 0.5) * share
    starts = np.rint(middles - config.segment_frames / 2).astype(int)
    return sorted(set(np.clip(starts, 0, latest).tolist()))


def plan_spans(duration_seconds: float, front_end: FrontEnd) -> list[Span]:
    """Choose the spans to decode: all of a short track, the segments of a long one.

    Raises:
        TooShortError: if the track is shorter than ``min_track_seconds``.
    """
    config = front_end.segment
    if duration_seconds < config.min_track_seconds:
        raise TooShortError(
            f"{duration_seconds:.1f} s of audio; at least {config.min_track_seconds:g} s "
            "are needed"
        )
    if duration_seconds < config.whole_below_seconds:
        return [Span(0, None)]
    n_frames = int(duration_seconds * front_end.frames_per_second)
    starts = segment_start_frames(n_frames, config)
    return [Span(start, config.segment_frames) for start in starts]


def segments_from_mel_frames(
    mel_frames: NDArray[np.float32], config: SegmentConfig, first_frame: int = 0
) -> Segments:
    """Cut mel frames into segments; training and tagging both call this.

    Frames shorter than one segment are repeated until they fill one.

    Args:
        mel_frames: log-mel values [shape=(n_mels, n_frames), dB].
        config: length and number of segments.
        first_frame: position of these mel frames in the track.
    """
    starts = segment_start_frames(mel_frames.shape[1], config)
    mel_frames = repeat_to_length(mel_frames, config.segment_frames)
    values = [mel_frames[:, start : start + config.segment_frames] for start in starts]
    return Segments(np.stack(values), first_frame + np.array(starts, np.int64))


def repeat_to_length(mel_frames: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """Repeat ``[shape=(n_mels, n)]`` over time until it has at least ``n_frames``."""
    n_times = -(-n_frames // mel_frames.shape[1])
    return mel_frames if n_times == 1 else np.tile(mel_frames, n_times)


def concatenate_segments(parts: list[Segments]) -> Segments:
    """Join the segments of one track's spans, in order."""
    return Segments(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.start_frames for part in parts]),
    )
