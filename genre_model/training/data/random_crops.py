"""Random training crops of labelled mel frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.features.segments import repeat_to_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames


class RandomCrops:
    """Draws batches of equally long crops from random places of random tracks.

    Args:
        tracks: labelled mel frames.
        segment_frames: length of a crop.
        time_stretch: half of the crops come from stretches of time up to this share
            longer or shorter; 0 is off.
        genre_balance: 0 shows each track equally often, 1 each genre.
        standardise: each track, so that mixup blends tracks of equal loudness.
    """

    def __init__(
        self,
        tracks: LabelledMelFrames,
        segment_frames: int,
        time_stretch: float,
        genre_balance: float = 0.0,
        *,
        standardise: bool = True,
    ) -> None:
        self.n_genres = len(tracks.genres)
        self._mel_frames = tracks.mel_frames
        self._labels = tracks.labels
        self._segment_frames = segment_frames
        self._time_stretch = time_stretch
        self._shares = _track_shares(tracks.labels, genre_balance)
        self._levels = [
            _level(self._whole(i)) if standardise else _AS_IT_IS
            for i in range(len(tracks.mel_frames))
        ]

    def batches(
        self, n_batches: int, batch_size: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield crops [shape=(batch_size, n_mels, n_frames)] and their labels.

        Tracks come in random order. Without balance each comes as often as any other
        (give or take one); with balance they are drawn independently.
        """
        order = self._order(n_batches * batch_size, rng)
        for start in range(0, n_batches * batch_size, batch_size):
            chosen = order[start : start + batch_size]
            crops = np.stack([self._crop(index, rng) for index in chosen])
            yield crops, self._labels[chosen]

    def _order(self, n_crops: int, rng: np.random.Generator) -> NDArray[np.int64]:
        n_tracks = len(self._labels)
        if self._shares is not None:
            return rng.choice(n_tracks, n_crops, p=self._shares)
        n_passes = -(-n_crops // n_tracks)
        return np.concatenate([rng.permutation(n_tracks) for _ in range(n_passes)])

    def _crop(self, index: int, rng: np.random.Generator) -> NDArray[np.float32]:
        mel_frames = self._whole(index)
        level = self._levels[index]
        if not self._time_stretch or rng.random() < 0.5:
            first = rng.integers(mel_frames.shape[1] - self._segment_frames + 1)
            return level.standardise(mel_frames[:, first : first + self._segment_frames])
        stretch = 1 + self._time_stretch * rng.uniform(-1, 1)
        length = min((self._segment_frames - 1) * stretch, mel_frames.shape[1] - 1)
        start = rng.uniform(0, mel_frames.shape[1] - 1 - length)
        first = int(start)
        piece = level.standardise(mel_frames[:, first : int(start + length) + 2])
        places = np.linspace(start, start + length, self._segment_frames)
        return interpolate_frames(piece, places - first)

    def _whole(self, index: int) -> NDArray[np.float32]:
        """Return a track [shape=(n_mels, n_frames)], repeated if it is less than a crop."""
        mel_frames = self._mel_frames[index]
        if mel_frames.shape[1] >= self._segment_frames:
            return mel_frames
        return repeat_to_length(mel_frames, self._segment_frames)


def _track_shares(
    labels: NDArray[np.int64], genre_balance: float
) -> NDArray[np.float64] | None:
    """Return how often each track is drawn [shape=(n_tracks,), sum 1]; None if equal."""
    if genre_balance == 0:
        return None
    weights = np.bincount(labels)[labels] ** -float(genre_balance)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def interpolate_frames(
    mel_frames: NDArray[np.float32], places: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Read mel frames [shape=(n_mels, n_frames)] at fractional places, linearly."""
    before = np.minimum(places.astype(np.int64), mel_frames.shape[1] - 2)
    share = (places - before).astype(np.float32)
    read: NDArray[np.float32] = (
        mel_frames[:, before] * (1 - share) + mel_frames[:, before + 1] * share
    )
    return read


@dataclass(frozen=True)
class _Level:
    """Mean and standard deviation of a track, in its own unit."""

    mean: np.float32
    spread: float

    def standardise(self, mel_frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardise a piece of the track; the shape stays."""
        standardised: NDArray[np.float32] = (mel_frames - self.mean) / self.spread
        return standardised


def _level(mel_frames: NDArray[np.float32]) -> _Level:
    mean = np.float32(mel_frames.mean())
    return _Level(mean, max(float((mel_frames - mean).std()), 1e-3))


_AS_IT_IS = _Level(np.float32(0), 1.0)
