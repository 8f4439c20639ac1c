"""The columns of the feature table that Kaggle's GTZAN data set comes with."""

from __future__ import annotations

N_MFCC = 20
#: Frame-wise features, in the order of the table; each has a mean and a variance.
BEFORE_TEMPO = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
MFCC = tuple(f"mfcc{number}" for number in range(1, N_MFCC + 1))


def _moments(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}_{moment}" for name in names for moment in ("mean", "var"))


#: The 57 features.
FEATURE_NAMES = (*_moments(BEFORE_TEMPO), "tempo", *_moments(MFCC))
#: Every column of the file.
COLUMNS = ("filename", "length", *FEATURE_NAMES, "label")
