"""Random training crops of labelled mel frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.segments import repeat_to_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.training.labelled_mel_frames import LabelledMelFrames


class RandomCrops:
    """Draws batches of equally long crops from random places of random tracks.

    Args:
        tracks: labelled mel frames; each is standardised, so that mixup blends tracks
            of equal loudness whatever their source.
        segment_frames: length of a crop.
        time_stretch: half of the crops come from stretches of time up to this share
            longer or shorter; 0 is off.
        genre_balance: 0 shows each track equally often, 1 each genre.
    """

    def __init__(
        self,
        tracks: LabelledMelFrames,
        segment_frames: int,
        time_stretch: float,
        genre_balance: float = 0.0,
    ) -> None:
        self._mel_frames = [
            standardise_track(repeat_to_length(mel_frames, segment_frames))
            for mel_frames in tracks.mel_frames
        ]
        self._labels = tracks.labels
        self._segment_frames = segment_frames
        self._time_stretch = time_stretch
        self._shares = _track_shares(tracks.labels, genre_balance)

    def batches(
        self, n_batches: int, batch_size: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield crops and their labels.

        Tracks come in random order. Without balance each comes as often as any other
        (give or take one); with balance they are drawn independently.

        Args:
            n_batches: how many.
            batch_size: crops per batch.
            rng: source of all randomness.

        Yields:
            Crops [shape=(batch_size, n_mels, n_frames)] and labels [shape=(batch_size,)].
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
        mel_frames = self._mel_frames[index]
        if not self._time_stretch or rng.random() < 0.5:
            first = rng.integers(mel_frames.shape[1] - self._segment_frames + 1)
            return mel_frames[:, first : first + self._segment_frames]
        stretch = 1 + self._time_stretch * rng.uniform(-1, 1)
        length = min((self._segment_frames - 1) * stretch, mel_frames.shape[1] - 1)
        start = rng.uniform(0, mel_frames.shape[1] - 1 - length)
        return interpolate_frames(
            mel_frames, np.linspace(start, start + length, self._segment_frames)
        )


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


def standardise_track(mel_frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a track mean 0 and standard deviation 1 over all its values."""
    centred = mel_frames - mel_frames.mean()
    standardised: NDArray[np.float32] = centred / max(float(centred.std()), 1e-3)
    return standardised
