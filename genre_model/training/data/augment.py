"""Random crops of training tracks, and random changes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from genre_model.features.segments import repeat_to_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Generator, Tensor

    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.recipe import AugmentConfig


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
            _level(self._whole(i)) if standardise else (np.float32(0), 1.0)
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
        mean, spread = self._levels[index]
        if not self._time_stretch or rng.random() < 0.5:
            first = rng.integers(mel_frames.shape[1] - self._segment_frames + 1)
            crop: NDArray[np.float32] = mel_frames[:, first : first + self._segment_frames]
            return (crop - mean) / spread
        stretch = 1 + self._time_stretch * rng.uniform(-1, 1)
        length = min((self._segment_frames - 1) * stretch, mel_frames.shape[1] - 1)
        start = rng.uniform(0, mel_frames.shape[1] - 1 - length)
        first = int(start)
        piece = (mel_frames[:, first : int(start + length) + 2] - mean) / spread
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


def _level(mel_frames: NDArray[np.float32]) -> tuple[np.float32, float]:
    """Return mean and standard deviation of a track."""
    mean = np.float32(mel_frames.mean())
    return mean, max(float((mel_frames - mean).std()), 1e-3)


#: Knots of the random equaliser curve: about one per 1.5 octaves.
EQ_KNOTS = 6
#: Random floors lie between these quantities of standard deviations.
FLOOR_RANGE = (-3.0, -1.5)


def augment_segments(
    segments: Tensor, config: AugmentConfig, generator: Generator
) -> Tensor:
    """Change each standardised segment [shape=(n, n_mels, n_frames)] at random."""
    segments = _shift_time(segments, config.time_shift_frames, generator)
    segments = _shift_bands(segments, config.shift_bands, generator)
    segments = _tilt(segments, config, generator)
    segments = segments + _eq_curves(segments, config.eq_std, generator)
    segments = segments + config.noise_std * torch.randn(
        segments.shape, generator=generator
    )
    segments = _raise_floor(segments, config.floor_probability, generator)
    for _ in range(config.time_masks):
        segments = _mask(segments, 2, config.time_mask_frames, generator)
    for _ in range(config.band_masks):
        segments = _mask(segments, 1, config.band_mask_bands, generator)
    return segments


def mix_segments(
    segments: Tensor, targets: Tensor, alpha: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Blend each segment with another of the batch: mixup, Zhang et al. (2018).

    Args:
        segments: [shape=(n, n_mels, n_frames)].
        targets: probabilities [shape=(n, n_genres)].
        alpha: of the Beta distribution; 0 changes nothing.
        generator: source of all randomness.
    """
    if alpha == 0:
        return segments, targets
    n = len(segments)
    share = beta_shares(n, alpha, generator)
    other = torch.randperm(n, generator=generator)
    wide = share[:, None, None]
    mixed = wide * segments + (1 - wide) * segments[other]
    tall = share[:, None]
    return mixed, tall * targets + (1 - tall) * targets[other]


def beta_shares(n: int, alpha: float, generator: Generator) -> Tensor:
    """Draw from Beta(alpha, alpha) by Joehnk's method [shape=(n,)]; 1 if alpha is 0."""
    if alpha == 0:
        return torch.ones(n)
    drawn = torch.empty(0)
    while len(drawn) < n:
        x = torch.rand(4 * n, generator=generator) ** (1 / alpha)
        y = torch.rand(4 * n, generator=generator) ** (1 / alpha)
        accepted = (x + y <= 1) & (x + y > 0)
        drawn = torch.cat([drawn, (x / (x + y))[accepted]])
    return drawn[:n]


def _shift_time(segments: Tensor, most: int, generator: Generator) -> Tensor:
    """Nothing is drawn where nothing is shifted: other changes must not move by it."""
    if most == 0:
        return segments
    n, n_mels, n_frames = segments.shape
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    frames = (torch.arange(n_frames) + shift) % n_frames
    return segments.gather(2, frames[:, None, :].expand(-1, n_mels, -1))


def _tilt(segments: Tensor, config: AugmentConfig, generator: Generator) -> Tensor:
    """Add a gain, and a straight line over the bands from minus to plus a tilt."""
    if config.gain_std == config.tilt_std == 0:
        return segments
    drawn = torch.randn(2, len(segments), 1, 1, generator=generator)
    slope = torch.linspace(-1, 1, segments.shape[1])[:, None]
    return segments + config.gain_std * drawn[0] + config.tilt_std * drawn[1] * slope


def _shift_bands(segments: Tensor, most: int, generator: Generator) -> Tensor:
    n, n_mels, n_frames = segments.shape
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    bands = (torch.arange(n_mels) + shift).clamp(0, n_mels - 1)
    return segments.gather(1, bands[:, :, None].expand(-1, -1, n_frames))


def _eq_curves(segments: Tensor, std: float, generator: Generator) -> Tensor:
    knots = std * torch.randn(len(segments), 1, EQ_KNOTS, generator=generator)
    curves = functional.interpolate(
        knots, size=segments.shape[1], mode="linear", align_corners=True
    )
    return curves.transpose(1, 2)


def _raise_floor(segments: Tensor, probability: float, generator: Generator) -> Tensor:
    """Lossy codecs and 16-bit noise differ in how deep quiet values go."""
    low, high = FLOOR_RANGE
    n = len(segments)
    floor = low + (high - low) * torch.rand(n, 1, 1, generator=generator)
    off = torch.rand(n, 1, 1, generator=generator) >= probability
    return segments.maximum(floor.masked_fill(off, -torch.inf))


def _mask(segments: Tensor, axis: int, widest: int, generator: Generator) -> Tensor:
    n, size = len(segments), segments.shape[axis]
    width = torch.randint(0, widest + 1, (n, 1), generator=generator)
    start = (torch.rand(n, 1, generator=generator) * (size - width + 1)).long()
    place = torch.arange(size)
    masked = (place >= start) & (place < start + width)
    return segments.masked_fill(masked.unsqueeze(2 if axis == 1 else 1), 0.0)
