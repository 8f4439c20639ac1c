"""The chain for one audio file: waveform, mel frames, segments, probabilities."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from genre_model.audio.waveform import is_silent, open_audio
from genre_model.errors import SilentError, TooShortError
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.features.segments import (
    Segments,
    Span,
    concatenate_segments,
    plan_spans,
    segments_from_mel_frames,
)
from genre_model.model.model_file import Model, read_model
from genre_model.model.segment_probabilities import SegmentScores, activate
from genre_model.model.track_probabilities import (
    Combination,
    TrackPrediction,
    combine_segments,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.audio.waveform import AudioFile
    from genre_model.features.config import FrontEnd

    #: Its first mel frame in the track, and its samples [shape=(n_samples,)].
    Excerpt = tuple[int, NDArray[np.float32]]


#: Odds stay below 10,000.
MAX_LOG_ODDS = 9.2
#: Excerpts with a lower peak (-66 dBFS) are not used: in files of 16 bits the rounding
#: noise would change the genre.
QUIET_BELOW = 5e-4


class GenreClassifier:
    """Predicts the genre of audio files with one model; safe to share between threads.

    Args:
        model: of :func:`read_model`.
        combination: how segments become a track, ``"mean"`` or ``"vote"``.

    Attributes:
        content: of the model file.
        card: of the model.
        genres: all genres that a prediction can hold.
        multi_label: True if several genres of a prediction can be probable at once.
        model_id: name and content of the model, such as ``genre_crnn_v1@1a2b3c4d``.
        n_features: length of the embedding of a segment.
    """

    def __init__(self, model: Model, combination: Combination = "mean") -> None:
        self.combination = combination
        self.content, self.card, self.model_id = model.content, model.card, model.model_id
        self.genres, self.multi_label = self.card.genres, self.card.multi_label
        self.n_features = model.scorer.n_features
        self._scorer = model.scorer

    @classmethod
    def load(
        cls, model: str | Path | None = None, combination: Combination = "mean"
    ) -> GenreClassifier:
        """Load a model file, or a bundled model by its name (None: the default).

        Raises:
            ModelFileError: one line that names the file and what is wrong with it.
        """
        return cls(read_model(model), combination)

    def predict_file(self, path: Path) -> TrackPrediction:
        """Predict the genre of one file.

        Raises:
            GenreModelError: a subclass that says what is wrong, naming the file.
        """
        return self.predict_segments(path, self.segments_of(path))

    def predict_mel_frames(
        self, path: Path, mel_frames: NDArray[np.float32]
    ) -> TrackPrediction:
        """Predict the genre of a track from mel frames [shape=(n_mels, n_frames), dB]."""
        config = self.card.front_end.segment
        return self.predict_segments(path, segments_from_mel_frames(mel_frames, config))

    def predict_segments(self, path: Path, segments: Segments) -> TrackPrediction:
        """Predict the genre of a track from its segments."""
        logits = self.score_segments(segments).logits
        return TrackPrediction(
            path=path,
            genres=self.genres,
            probabilities=self.track_probabilities(logits),
            segment_probabilities=self._activated(logits)[:, : len(self.genres)],
            start_seconds=segments.start_frames / self.card.front_end.frames_per_second,
            strangeness=self._strangeness(logits),
        )

    def track_probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Combine the logits of a track's segments [shape=(n_segments, n_outputs)].

        Returns:
            Track probabilities [shape=(n_genres,)]; rejected outputs have the rest.
        """
        if self.combination == "mean" and self.card.pool_logits:
            of_outputs = self._activated(logits.mean(axis=0))
        else:
            of_outputs = combine_segments(self._activated(logits), self.combination)
        return of_outputs[: len(self.genres)]

    def _activated(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        card = self.card
        return activate(logits, card.temperature, multi_label=card.multi_label)

    def _strangeness(self, logits: NDArray[np.float32]) -> float | None:
        """Return the odds of the best rejected output against the best genre.

        For a multi-label model, against the absence of the rejected output.
        """
        n_genres = len(self.card.genres)
        if not self.card.rejected:
            return None
        means = logits.mean(axis=0)
        rival = 0.0 if self.card.multi_label else means[:n_genres].max()
        log_odds = (means[n_genres:].max() - rival) / self.card.temperature
        return float(np.exp(min(log_odds, MAX_LOG_ODDS)))

    def score_segments(self, segments: Segments) -> SegmentScores:
        """Run the network: logits and embedding of each segment."""
        return self._scorer.score(segments)

    def score_file(self, path: Path) -> SegmentScores:
        """Run the network on a file; see :meth:`score_segments` and :meth:`segments_of`."""
        return self.score_segments(self.segments_of(path))

    def segments_of(self, path: Path) -> Segments:
        """Decode the segments of a file.

        Raises:
            GenreModelError: a subclass that says what is wrong.
        """
        front_end = self.card.front_end
        with open_audio(path, front_end) as audio:
            with _naming(path):
                spans = plan_spans(audio.duration_seconds, front_end)
            excerpts = [_read(audio, span, front_end) for span in spans]
            if not any(len(samples) for _, samples in excerpts):
                # A truncated file: its header claims more than it holds.
                beginning = Span(0, front_end.segment.segment_frames)
                excerpts = [_read(audio, beginning, front_end)]
        with _naming(path):
            return _segments_of_excerpts(excerpts, front_end)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in errors."""
    try:
        yield
    except (TooShortError, SilentError) as error:
        raise type(error)(f"{path}: {error}") from error


def _read(audio: AudioFile, span: Span, front_end: FrontEnd) -> Excerpt:
    if span.n_frames is None:
        return span.start_frame, audio.read_all()
    start_seconds = span.start_frame / front_end.frames_per_second
    return span.start_frame, audio.read(start_seconds, front_end.segment_samples)


def _segments_of_excerpts(excerpts: list[Excerpt], front_end: FrontEnd) -> Segments:
    rate_hz = front_end.waveform.sample_rate_hz
    min_seconds = front_end.segment.min_track_seconds
    long_enough = [each for each in excerpts if len(each[1]) >= int(min_seconds * rate_hz)]
    if not long_enough:
        seconds = sum(len(samples) for _, samples in excerpts) / rate_hz
        raise TooShortError(
            f"only {seconds:.1f} s of audio could be decoded; at least {min_seconds:g} s "
            "are needed"
        )
    audible = [each for each in long_enough if not is_silent(each[1], QUIET_BELOW)]
    if not audible:
        raise SilentError("nothing but silence, or nearly so")
    return concatenate_segments(
        [
            segments_from_mel_frames(
                mel_frames_from_waveform(samples, rate_hz, front_end.mel),
                front_end.segment,
                start_frame,
            )
            for start_frame, samples in audible
        ]
    )
