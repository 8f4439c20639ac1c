"""Track probabilities: those of its segments, combined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Combination = Literal["mean", "vote"]


@dataclass(frozen=True)
class TrackPrediction:
    """What the model makes of one track.

    Attributes:
        path: the file.
        genres: the model's genres, in the order of the probabilities.
        probabilities: of the track [shape=(n_genres,), sum 1].
        segment_probabilities: [shape=(n_segments, n_genres), rows sum to 1].
        start_seconds: where each segment begins [shape=(n_segments,)].
    """

    path: Path
    genres: tuple[str, ...]
    probabilities: NDArray[np.float32]
    segment_probabilities: NDArray[np.float32]
    start_seconds: NDArray[np.float64]

    @property
    def genre(self) -> str:
        """The most probable genre."""
        return self.genres[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of :attr:`genre`."""
        return float(self.probabilities.max())

    def ranked(self, n: int | None = None) -> list[tuple[str, float]]:
        """Return the ``n`` best genres (all if None) with their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:n]
        return [(self.genres[i], float(self.probabilities[i])) for i in order]


def combine_segments(
    segment_probabilities: NDArray[np.float32], combination: Combination = "mean"
) -> NDArray[np.float32]:
    """Combine a track's segments into one opinion.

    Args:
        segment_probabilities: [shape=(n_segments, n_genres)].
        combination: ``"mean"`` averages probabilities; ``"vote"`` gives each genre the
            share of segments that it wins (paper 003, section on aggregation). Votes are
            not calibrated probabilities. Ties between genres are broken by the mean.

    Returns:
        Track probabilities [shape=(n_genres,), sum 1].
    """
    mean: NDArray[np.float32] = segment_probabilities.mean(axis=0, dtype=np.float32)
    if combination == "mean":
        return _normalised(mean)
    n_segments, n_genres = segment_probabilities.shape
    winners = segment_probabilities.argmax(axis=1)
    votes = np.bincount(winners, minlength=n_genres) + mean / (n_segments + 1)
    return _normalised(votes.astype(np.float32))


def _normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = values / values.sum()
    return shares
