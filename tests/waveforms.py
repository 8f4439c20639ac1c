"""Decoded waveforms, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.audio.waveform import AudioFile
from genre_model.features.config import WaveformConfig

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 22050
CONFIG = WaveformConfig(sample_rate_hz=RATE_HZ)


def read_all(path: Path) -> NDArray[np.float32]:
    with AudioFile(path, CONFIG) as audio:
        return audio.read_all()


def level_db(samples: NDArray[np.float32], hz: float) -> float:
    """Measure one sine against full scale, away from both ends."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    times = np.arange(len(middle)) / RATE_HZ
    window = np.hanning(len(middle))
    amplitude = np.abs(np.sum(middle * window * np.exp(-2j * np.pi * hz * times)))
    return 20 * float(np.log10(2 * amplitude / window.sum() + 1e-12))


def correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def place_of(excerpt: NDArray[np.floating], whole: NDArray[np.floating]) -> int:
    """Find the sample at which an excerpt fits best."""
    n_fft = len(whole) + len(excerpt)
    spectrum = np.fft.rfft(whole, n_fft) * np.conj(np.fft.rfft(excerpt, n_fft))
    return int(np.argmax(np.fft.irfft(spectrum, n_fft)[: len(whole)]))
