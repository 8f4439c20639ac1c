"""What of an audio file a network is trained on, and scored on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from genre_model.card import Card
from genre_model.classifier import GenreClassifier
from genre_model.mel_frames import mel_frames_from_waveform
from genre_model.model_file import Model
from genre_model.segments import Span, plan_spans
from genre_model.waveform import is_silent, open_audio

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.segment_probabilities import SegmentScorer
    from genre_model.waveform import AudioFile

#: Length of an excerpt in segments, so that random crops have room to move.
ROOM = 2


@dataclass(frozen=True)
class HeardTrack:
    """Mel frames of one file.

    Attributes:
        excerpts: what random crops are cut from: the whole of a short track, equally
            long stretches of a long one [shape=(n_excerpts, n_mels, n_frames), dB].
        segments: what tagging hears [shape=(n_segments, n_mels, segment_frames), dB].
    """

    excerpts: NDArray[np.float32]
    segments: NDArray[np.float32]


def hear_track(path: Path, front_end: FrontEnd) -> HeardTrack:
    """Decode what training needs of a file.

    Both kinds are decoded for themselves: a segment that is cut out of an excerpt may
    differ from the one of tagging in its last bits, or, after damage, altogether.

    Args:
        path: of the audio.
        front_end: every number from file to segment.

    Raises:
        GenreModelError: a subclass that says what is wrong, naming the file.
    """
    segments = _tagging_segments(path, front_end)
    excerpts = _training_excerpts(path, front_end)
    return HeardTrack(np.stack(excerpts) if excerpts else segments, segments)


def _tagging_segments(path: Path, front_end: FrontEnd) -> NDArray[np.float32]:
    """Let the code of tagging choose and compute; it needs no network for that."""
    card = Card(name="", genres=(), front_end=front_end, temperature=1.0)
    no_network = cast("SegmentScorer", None)
    return GenreClassifier(Model(card, no_network, sha256="")).segments_of(path).values


def _training_excerpts(path: Path, front_end: FrontEnd) -> list[NDArray[np.float32]]:
    """Return neither silent excerpts, nor those within which a damaged file ends."""
    with open_audio(path, front_end) as audio:
        spans = excerpt_spans(audio.duration_seconds, front_end)
        waveforms = [_read(audio, span, front_end) for span in spans]
    rate_hz = front_end.waveform.sample_rate_hz
    return [
        mel_frames_from_waveform(samples, rate_hz, front_end.mel)
        for samples in waveforms
        if samples is not None and not is_silent(samples)
    ]


def excerpt_spans(duration_seconds: float, front_end: FrontEnd) -> list[Span]:
    """Choose what to decode for random crops: all of a track, or what tagging hears.

    Args:
        duration_seconds: of the track.
        front_end: every number from file to segment.

    Returns:
        Spans of ``ROOM`` segments, centred on those of tagging where the track goes on
        for long enough; a single one of the whole track if they would overlap.
    """
    spans = plan_spans(duration_seconds, front_end)
    n_frames = int(duration_seconds * front_end.frames_per_second)
    width = ROOM * front_end.segment.segment_frames
    if spans[0].n_frames is None or len(spans) * width >= n_frames:
        return [Span(0, None)]
    margin = (width - front_end.segment.segment_frames) // 2
    starts = np.clip([span.start_frame - margin for span in spans], 0, n_frames - width)
    return [Span(int(start), width) for start in starts]


def _read(audio: AudioFile, span: Span, front_end: FrontEnd) -> NDArray[np.float32] | None:
    """Return the waveform of a span; None if the audio ends within it."""
    if span.n_frames is None:
        return audio.read_all()
    mel = front_end.mel
    n_samples = (span.n_frames - 1) * mel.hop_samples + mel.frame_samples
    samples = audio.read(span.start_frame / front_end.frames_per_second, n_samples)
    return samples if len(samples) == n_samples else None
