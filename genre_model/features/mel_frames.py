"""Log-mel frames of a waveform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TooShortError
from genre_model.features.config import KaldiMelConfig, MelConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.features.config import AnyMelConfig

#: Frames transformed at once; bounds memory for long waveforms.
BLOCK_FRAMES = 512

# Bands of one product: more waste multiplications by zeros, fewer call numpy more.
_GROUP_BANDS = 16


def mel_frames_from_waveform(
    samples: NDArray[np.float32], sample_rate_hz: int, config: AnyMelConfig
) -> NDArray[np.float32]:
    """Compute log-mel frames; training and tagging both call this.

    Frames are not padded: the first covers samples ``0 .. frame_samples``. Decibels refer
    to power 1, not to the loudest frame, so that a segment computed alone equals the
    same frames cut from the track.

    Args:
        samples: mono waveform [shape=(n_samples,), full scale 1].
        sample_rate_hz: its rate.
        config: the numbers of the front end.

    Returns:
        Log-mel values [shape=(n_bands, n_frames), dB], lowest band first.

    Raises:
        TooShortError: if the waveform is shorter than one window.
    """
    n_frames = count_frames(len(samples), config)
    if n_frames < 1:
        raise TooShortError(
            f"{len(samples)} samples are fewer than one window of {config.frame_samples}"
        )
    groups = _band_groups(sample_rate_hz, config)
    windows = _windows(samples.astype(np.float32, copy=False), config)
    mel_frames = np.empty((count_bands(config), n_frames), np.float32)
    for start in range(0, n_frames, BLOCK_FRAMES):
        block = windows[start : start + BLOCK_FRAMES]
        _fill(mel_frames[:, start : start + len(block)], block, groups, config)
    return mel_frames


def count_frames(n_samples: int, config: AnyMelConfig) -> int:
    """Return the number of frames of ``n_samples``."""
    return max(0, 1 + (n_samples - config.frame_samples) // config.hop_samples)


def count_bands(config: AnyMelConfig) -> int:
    """Return the number of mel bands below ``keep_below_hz``."""
    # The highest edge is computed, and may miss its own frequency by a rounding.
    return int(np.sum(_band_edges_hz(config)[2:] <= config.keep_below_hz * (1 + 1e-9)))


@lru_cache(maxsize=8)
def band_weights(sample_rate_hz: int, config: AnyMelConfig) -> NDArray[np.float32]:
    """Return triangular HTK-mel weights [shape=(n_bands, n_bins)], each band's sum 1.

    ``librosa.filters.mel(htk=True, norm=1)`` computes the same. A band so narrow that
    no bin lies inside it takes the nearest bin. Kaldi's triangles have a peak of 1 over the
    mel axis instead, and such a band holds nothing.
    """
    edges_hz = _band_edges_hz(config)
    bins_hz = np.asarray(np.fft.rfftfreq(config.n_fft, 1 / sample_rate_hz), np.float64)
    if isinstance(config, KaldiMelConfig):
        weights = _triangles(_mel_from_hz(bins_hz), _mel_from_hz(edges_hz))
        return weights[: count_bands(config)].astype(np.float32)
    weights = _triangles(bins_hz, edges_hz)
    for band in np.flatnonzero(weights.sum(axis=1) == 0):
        weights[band, np.argmin(np.abs(bins_hz - edges_hz[band + 1]))] = 1
    weights /= weights.sum(axis=1, keepdims=True)
    return weights[: count_bands(config)].astype(np.float32)


def _triangles(
    bins: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return triangles between every third of the edges [shape=(n_bands, n_bins)]."""
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    weights: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return weights


@dataclass(frozen=True)
class _BandGroup:
    """Neighbouring bands, the bins of them all, and their weights."""

    bands: slice
    bins: slice
    weights: NDArray[np.float32]


@lru_cache(maxsize=8)
def _band_groups(sample_rate_hz: int, config: AnyMelConfig) -> tuple[_BandGroup, ...]:
    """Cut the band weights into groups, since most of them are 0."""
    weights = band_weights(sample_rate_hz, config)
    groups = []
    for first in range(0, len(weights), _GROUP_BANDS):
        bands = slice(first, min(first + _GROUP_BANDS, len(weights)))
        held = np.flatnonzero(weights[bands].any(axis=0))
        bins = slice(int(held[0]), int(held[-1]) + 1) if len(held) else slice(0, 1)
        of_group = np.ascontiguousarray(weights[bands, bins])
        groups.append(_BandGroup(bands, bins, of_group))
    return tuple(groups)


def _windows(samples: NDArray[np.float32], config: AnyMelConfig) -> NDArray[np.float32]:
    """Return the samples of each frame [shape=(n_frames, n_window)]."""
    n_window = config.n_fft
    if isinstance(config, KaldiMelConfig):
        samples = samples[1:] - np.float32(config.preemphasis) * samples[:-1]
        n_window = config.window_samples
    views: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(samples, n_window)
    return views[:: config.hop_samples]


@lru_cache(maxsize=8)
def _window(n_samples: int) -> NDArray[np.float32]:
    return np.hanning(n_samples).astype(np.float32)


def _band_edges_hz(config: AnyMelConfig) -> NDArray[np.float64]:
    lowest, highest = _mel_from_hz(np.array([config.f_min_hz, config.f_max_hz]))
    edges_mel = np.linspace(lowest, highest, config.n_mels + 2)
    hz: NDArray[np.float64] = 700 * (10 ** (edges_mel / 2595) - 1)
    return hz


def _mel_from_hz(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 2595 * np.log10(1 + frequencies_hz / 700)
    return mel


def _fill(
    mel_frames: NDArray[np.float32],
    windows: NDArray[np.float32],
    groups: tuple[_BandGroup, ...],
    config: AnyMelConfig,
) -> None:
    windowed = windows * _window(windows.shape[1])
    spectrum = np.fft.rfft(windowed, config.n_fft, axis=1)
    used = spectrum[:, : max((group.bins.stop for group in groups), default=0)]
    bins = (used.real**2 + used.imag**2).astype(np.float32, copy=False)
    is_of_decibels = isinstance(config, MelConfig) and config.band_value == "mean_of_db"
    if is_of_decibels:
        bins = _decibels(bins, config)
    # A product for each frame: BLAS may round it otherwise among others, or more others.
    rows = bins[:, np.newaxis]
    for group in groups:
        values = np.matmul(rows[:, :, group.bins], group.weights.T)
        mel_frames[group.bands] = values[:, 0].T
    if not is_of_decibels:
        mel_frames[:] = _decibels(mel_frames, config)


def _decibels(power: NDArray[np.float32], config: AnyMelConfig) -> NDArray[np.float32]:
    decibels: NDArray[np.float32] = np.float32(10) * np.log10(
        power + np.float32(config.power_floor)
    )
    return decibels
