"""Waveform to the features of Kaggle's GTZAN table, computed as they were in 2020.

Two habits of the librosa of that time (before 0.10) are kept, or all columns but tempo and
zero-crossing rate would differ in the third or fourth digit: frames at both ends are
padded by reflection, and the harmonic and the percussive part are silent after the last
whole hop. ``benchmarks/feature_parity.py`` compares column for column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genre_model.audio.waveform import is_silent
from genre_model.errors import GenreModelError, SilentError, TooShortError
from genre_model.papers.tables.feature_names import BEFORE_TEMPO, MFCC, N_MFCC
from genre_model.papers.tables.feature_table import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

try:
    # librosa loads its modules when they are used; this one compiles with numba.
    import librosa.core.notation
except RuntimeError as error:
    raise GenreModelError(
        f"librosa cannot be loaded ({error}): set NUMBA_CACHE_DIR to a folder that you may "
        "write to"
    ) from error

HOP_SAMPLES = 512
#: Enough frames for a tempo.
MIN_SECONDS = 1.0
PADDING: Literal["reflect"] = "reflect"


def audio_features(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the 57 features of a waveform.

    Means and variances are over all frames, for harmony and perceptr over all samples:
    these are the two parts of the waveform that harmonic-percussive source separation
    gives (Fitzgerald 2010).

    Args:
        samples: mono at 22,050 Hz [shape=(n_samples,)].

    Returns:
        In the order of ``FEATURE_NAMES`` [shape=(57,)].

    Raises:
        TooShortError: if there is less than a second.
        SilentError: if there is nothing to hear.
    """
    if len(samples) < MIN_SECONDS * SAMPLE_RATE_HZ:
        raise TooShortError(
            f"{len(samples) / SAMPLE_RATE_HZ:.2f} s of audio; {MIN_SECONDS:g} s are needed"
        )
    if is_silent(samples):
        raise SilentError("nothing but silence")
    frames = _spectral_frames(samples) | _separated(samples)
    mfcc = librosa.feature.mfcc(
        y=samples, sr=SAMPLE_RATE_HZ, n_mfcc=N_MFCC, pad_mode=PADDING
    )
    return np.array(
        [
            *(moment for name in BEFORE_TEMPO for moment in _moments(frames[name])),
            _tempo_bpm(samples),
            *(moment for row in mfcc[: len(MFCC)] for moment in _moments(row)),
        ]
    )


def _moments(values: NDArray[np.float32]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.var(values))


def _spectral_frames(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    feature = librosa.feature
    options: dict[str, Any] = {"y": samples, "sr": SAMPLE_RATE_HZ, "pad_mode": PADDING}
    return {
        "chroma_stft": feature.chroma_stft(**options),
        "rms": feature.rms(y=samples, pad_mode=PADDING),
        "spectral_centroid": feature.spectral_centroid(**options),
        "spectral_bandwidth": feature.spectral_bandwidth(**options),
        "rolloff": feature.spectral_rolloff(**options),
        "zero_crossing_rate": feature.zero_crossing_rate(samples),
    }


def _separated(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the harmonic and the percussive part [shape=(n_samples,)]."""
    harmonic, percussive = librosa.effects.hpss(samples, pad_mode=PADDING)
    n_synthesised = len(samples) // HOP_SAMPLES * HOP_SAMPLES
    for part in (harmonic, percussive):
        part[n_synthesised:] = 0
    return {"harmony": harmonic, "perceptr": percussive}


def _tempo_bpm(samples: NDArray[np.float32]) -> float:
    strength = librosa.onset.onset_strength(
        y=samples, sr=SAMPLE_RATE_HZ, aggregate=np.median, pad_mode=PADDING
    )
    tempo, _ = librosa.beat.beat_track(onset_envelope=strength, sr=SAMPLE_RATE_HZ)
    return float(np.ravel(tempo)[0])
