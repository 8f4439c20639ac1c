"""Whether a track is like anything that a model was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: MFCC that describe a frame, the zeroth included.
N_COEFFICIENTS = 13
N_FEATURES = 3 * N_COEFFICIENTS - 1
# Beyond, a float32 of a product could be no number; real ones are below a thousand.
_LARGEST = 1e6
# Of a standardised segment; where nothing changes, a logarithm would have no end.
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, eq=False)
class KnownMusic:
    """A normal distribution of the tracks that a model was trained on.

    Attributes:
        centre: mean of their features [shape=(n_features,)].
        whitening: takes what deviates from it to independent features of variance 1
            [shape=(n_features, n_features)].
        limit: Mahalanobis distance beyond which hardly any music of the kind lies.
    """

    centre: NDArray[np.float32]
    whitening: NDArray[np.float32]
    limit: float

    def strangeness(self, segments: NDArray[np.float32]) -> float:
        """Return how far a track is off, as a share of the limit: above 1 is unknown.

        Args:
            segments: log-mel [shape=(n_segments, n_mels, n_frames), dB].
        """
        return self.distance(track_features(segments)) / self.limit

    def distance(self, features: NDArray[np.float32]) -> float:
        """Return the Mahalanobis distance of a track [shape=(n_features,)]."""
        return float(np.linalg.norm((features - self.centre) @ self.whitening))

    def __eq__(self, other: object) -> bool:
        """Compare as they are written."""
        return isinstance(other, KnownMusic) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash what equal ones share."""
        return hash(self.limit)

    def to_dict(self) -> dict[str, Any]:
        """Return what :func:`known_music_from_dict` reads, each array in one line."""
        return {
            "centre": _text_of(self.centre),
            "whitening": _text_of(self.whitening),
            "limit": self.limit,
        }


def known_music_from_dict(values: Any) -> KnownMusic | None:
    """Read what a card says; None if it says nothing.

    Raises:
        ModelFileError: if that is no such distribution.
    """
    if values is None:
        return None
    try:
        centre, whitening = (_numbers(values[name]) for name in ("centre", "whitening"))
        limit = float(str(values["limit"]))
        whitening = whitening.reshape(N_FEATURES, N_FEATURES)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ModelFileError(
            f"what its card says of known music is odd: {error}"
        ) from error
    if centre.shape != (N_FEATURES,) or not 1 / _LARGEST < limit < _LARGEST:
        raise ModelFileError("what its card says of known music is no distribution")
    return KnownMusic(centre, whitening, limit)


def track_features(segments: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe the timbre of a track, and how it changes.

    Of each segment, standardised as networks take it: the means of its MFCC but the
    zeroth, and the logarithms of the standard deviations of all, and of their differences
    from one frame to the next (Tzanetakis & Cook 2002 take means and variances, too). Of a
    track, the mean over its segments.

    Args:
        segments: log-mel [shape=(n_segments, n_mels, n_frames), dB].

    Returns:
        The features [shape=(N_FEATURES,)].
    """
    values = segments - segments.mean(axis=(1, 2), keepdims=True)
    values /= np.maximum(values.std(axis=(1, 2), keepdims=True), _LEAST_DEVIATION)
    mfcc = np.matmul(_cosines(segments.shape[1]), values)
    differences = np.diff(mfcc, axis=2) if mfcc.shape[2] > 1 else np.zeros_like(mfcc)
    deviations = [mfcc.std(axis=2), differences.std(axis=2)]
    logarithms = [np.log(np.maximum(each, _LEAST_DEVIATION)) for each in deviations]
    parts = [mfcc.mean(axis=2)[:, 1:], *logarithms]
    features: NDArray[np.float32] = np.concatenate(parts, axis=1).mean(axis=0)
    return features


@lru_cache(maxsize=4)
def _cosines(n_mels: int) -> NDArray[np.float32]:
    """Return the DCT-II of mel bands [shape=(N_COEFFICIENTS, n_mels)]."""
    places = (np.arange(n_mels) + 0.5) * np.pi / n_mels
    cosines: NDArray[np.float64] = np.cos(np.outer(np.arange(N_COEFFICIENTS), places))
    cosines[0] /= np.sqrt(2)
    return (cosines * math.sqrt(2 / n_mels)).astype(np.float32)


def _text_of(values: NDArray[np.float32]) -> str:
    return " ".join(f"{value:.9g}" for value in values.ravel())


def _numbers(text: str) -> NDArray[np.float32]:
    values = np.array([float(word) for word in text.split()], np.float64)
    if not (np.abs(values) <= _LARGEST).all():  # nor is NaN
        raise ValueError("it holds what is no sensible number")
    return values.astype(np.float32)
