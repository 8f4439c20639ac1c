"""Labelled mel frames of whole tracks, from audio or from mel pictures."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from genre_model.audio.waveform import open_audio
from genre_model.errors import GenreModelError, TooShortError, TrainingDataError
from genre_model.features.mel_frames import count_bands, mel_frames_from_waveform
from genre_model.training.data.gtzan import GENRES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.features.config import AnyMelConfig, FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack


#: What a mel picture was computed with; its grey values are affine in decibels.
PICTURE_FRONT_END = {
    "n_fft": 2048,
    "hop_samples": 1920,
    "n_mels": 96,
    "f_min_hz": 30.0,
    "f_max_hz": 11025.0,
    "band_value": "mean_of_db",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledMelFrames:
    """Mel frames and genres of tracks.

    Attributes:
        track_ids: one per track.
        labels: index into ``genres`` [shape=(n_tracks,)].
        mel_frames: one array per track [shape=(n_mels, n_frames)].
        genres: in the order of the logits.
    """

    track_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    mel_frames: tuple[NDArray[np.float32], ...]
    genres: tuple[str, ...] = GENRES

    def subset(self, track_ids: Collection[str]) -> LabelledMelFrames:
        """Return the tracks with these ids, in the order of this object."""
        wanted = set(track_ids)
        return self._take([i for i, name in enumerate(self.track_ids) if name in wanted])

    def only_genres(self, genres: Sequence[str]) -> LabelledMelFrames:
        """Return the tracks of these genres, which are all that is told apart then."""
        kept = [i for i, label in enumerate(self.labels) if self.genres[label] in genres]
        taken = self._take(kept)
        names = [self.genres[label] for label in taken.labels]
        labels = np.array([genres.index(name) for name in names], np.int64)
        return replace(taken, labels=labels, genres=tuple(genres))

    def _take(self, places: list[int]) -> LabelledMelFrames:
        return replace(
            self,
            track_ids=tuple(self.track_ids[i] for i in places),
            labels=self.labels[places],
            mel_frames=tuple(self.mel_frames[i] for i in places),
        )


def load_labelled_mel_frames(
    tracks: list[LabelledTrack], front_end: FrontEnd, *, show_progress: bool = False
) -> LabelledMelFrames:
    """Compute or read the mel frames of tracks; broken files are reported and skipped.

    Raises:
        TrainingDataError: if no track is readable, or pictures do not fit the front end.
    """
    if any(track.is_picture for track in tracks):
        _check_picture_front_end(front_end.mel)
    progress = tqdm(
        tracks, "mel frames", disable=None if show_progress else True, leave=False
    )
    tried = [(track, mel_frames_or_none(track, front_end)) for track in progress]
    loaded = [(track, mel_frames) for track, mel_frames in tried if mel_frames is not None]
    if not loaded:
        raise TrainingDataError("none of the tracks could be read")
    return LabelledMelFrames(
        tuple(track.track_id for track, _ in loaded),
        np.array([GENRES.index(track.genre) for track, _ in loaded], np.int64),
        tuple(mel_frames for _, mel_frames in loaded),
    )


def mel_frames_or_none(
    track: LabelledTrack, front_end: FrontEnd
) -> NDArray[np.float32] | None:
    """Return all mel frames of one track [shape=(n_mels, n_frames)].

    A file that cannot be read is reported, and None.
    """
    try:
        return track_mel_frames(track, front_end)
    except GenreModelError as error:
        log.warning("skipped %s: %s", track.track_id, error)
        return None


def track_mel_frames(track: LabelledTrack, front_end: FrontEnd) -> NDArray[np.float32]:
    """Return all mel frames of one track [shape=(n_mels, n_frames)]."""
    if track.frames is None:
        return _file_mel_frames(track.path, front_end, is_picture=track.is_picture)
    whole = _last_file_mel_frames(track.path, front_end, is_picture=track.is_picture)
    first, n_frames = track.frames
    if whole.shape[1] < first + n_frames:
        raise TooShortError(
            f"{track.path} has {whole.shape[1]} mel frames, too few for {track.track_id}"
        )
    return whole[:, first : first + n_frames]


def _file_mel_frames(
    path: Path, front_end: FrontEnd, *, is_picture: bool
) -> NDArray[np.float32]:
    if is_picture:
        return _picture_mel_frames(path, front_end.mel)
    with open_audio(path, front_end) as audio:
        samples = audio.read_all()
    rate_hz = front_end.waveform.sample_rate_hz
    return mel_frames_from_waveform(samples, rate_hz, front_end.mel)


#: The segments of a track come one after the other.
_last_file_mel_frames = lru_cache(maxsize=1)(_file_mel_frames)


def _picture_mel_frames(path: Path, config: AnyMelConfig) -> NDArray[np.float32]:
    """Read grey values; the top row of a picture is the highest band."""
    _check_picture_front_end(config)
    try:
        with Image.open(path) as picture:
            values = np.asarray(picture.convert("L"), np.float32)[::-1]
    except (OSError, UnidentifiedImageError) as error:
        raise GenreModelError(f"cannot read picture {path}: {error}") from error
    if len(values) != config.n_mels:
        raise GenreModelError(f"{path} has {len(values)} rows, not {config.n_mels}")
    return np.ascontiguousarray(values[: count_bands(config)])


def _check_picture_front_end(config: AnyMelConfig) -> None:
    for name, value in PICTURE_FRONT_END.items():
        wanted = getattr(config, name, None)
        if wanted != value:
            raise TrainingDataError(
                f"mel pictures were made with {name} {value}, the recipe wants "
                f"{wanted}: train this recipe on audio (--source audio)"
            )


@dataclass(frozen=True)
class TrainingData:
    """Tracks that the weights are fitted to, and tracks that are scored after epochs."""

    train: LabelledMelFrames
    valid: LabelledMelFrames
