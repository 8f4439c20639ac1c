"""Track probabilities: segments combined, and the tracks of an album pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Combination = Literal["mean", "vote"]

#: How alike the model's errors are on tracks of one album; see :func:`pool_tracks`.
#: ``benchmarks/album_pooling.py`` measures it on songs by one artist.
ALBUM_CORRELATION = 0.6
#: Share of the uniform distribution that is mixed in; one track cannot veto a genre.
POOLING_FLOOR = 0.05
#: Rounded probabilities miss a sum of 1 by less.
ROUNDING = 0.005


@dataclass(frozen=True)
class TrackPrediction:
    """The prediction of a model for one track.

    Attributes:
        path: the file.
        genres: the model's genres, in the order of the probabilities.
        probabilities: of the track [shape=(n_genres,), sum 1 unless the model is
            multi-label or rejects something].
        segment_probabilities: of each segment [shape=(n_segments, n_genres)].
        start_seconds: where each segment begins [shape=(n_segments,)].
        strangeness: the odds of the outputs that the model rejects, such as sounds that are
            not music, against the most probable genre; None if it rejects nothing.
    """

    path: Path
    genres: tuple[str, ...]
    probabilities: NDArray[np.float32]
    segment_probabilities: NDArray[np.float32]
    start_seconds: NDArray[np.float64]
    strangeness: float | None = None

    @property
    def is_unknown(self) -> bool:
        """True if the model rejects the track: its strangeness is above 1."""
        return self.strangeness is not None and self.strangeness > 1

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
    """Combine the probabilities of a track's segments.

    Args:
        segment_probabilities: [shape=(n_segments, n_outputs)].
        combination: ``"mean"`` averages probabilities; ``"vote"`` gives each genre the
            share of segments that it wins (paper 003, section on aggregation). Votes are
            not calibrated probabilities. Ties between genres are broken by the mean.

    Returns:
        Track probabilities [shape=(n_outputs,), sum 1].
    """
    mean: NDArray[np.float32] = segment_probabilities.mean(axis=0, dtype=np.float32)
    if combination == "mean":
        return _normalised(mean)
    n_segments, n_outputs = segment_probabilities.shape
    winners = segment_probabilities.argmax(axis=1)
    votes = np.bincount(winners, minlength=n_outputs) + mean / (n_segments + 1)
    return _normalised(votes.astype(np.float32))


def pool_tracks(
    track_probabilities: NDArray[np.float32],
    correlation: float = ALBUM_CORRELATION,
    *,
    multi_label: bool = False,
) -> NDArray[np.float32]:
    """Pool the probabilities of the tracks of an album.

    The mean of log-probabilities, times the effective number of tracks: with ``n``
    tracks whose errors correlate by ``r``, ``n_eff = n / (1 + (n - 1) r)`` (the design
    effect of cluster samples, Kish 1965) and

        p(genre) ~ exp(n_eff * mean_i log((1 - e) p_i(genre) + e / n_genres))

    ``r = 0`` multiplies independent probabilities, ``r = 1`` takes their geometric mean.
    ``e`` is the pooling floor.

    Args:
        track_probabilities: [shape=(n_tracks, n_genres)]; unless multi-label, what a row
            lacks to a sum of 1 belongs to the rejected outputs.
        correlation: of the errors, 0 to 1.
        multi_label: pool each genre by itself, against its absence.

    Returns:
        Album probabilities [shape=(n_genres,)], with a sum of 1 if all rows have it.

    Raises:
        ValueError: if there is no track.
    """
    n_tracks, n_genres = track_probabilities.shape
    if not n_tracks:
        raise ValueError("no track to pool")
    if multi_label:
        columns = np.stack([track_probabilities, 1 - track_probabilities], axis=2)
        pooled = [pool_tracks(columns[:, i], correlation)[0] for i in range(n_genres)]
        return np.array(pooled, np.float32)
    rejected = 1 - track_probabilities.sum(axis=1, keepdims=True)
    if rejected.max() > ROUNDING:
        with_rejected = np.hstack([track_probabilities, np.maximum(rejected, 0)])
        return pool_tracks(with_rejected, correlation)[:n_genres]
    floored = (1 - POOLING_FLOOR) * track_probabilities + POOLING_FLOOR / n_genres
    n_effective = n_tracks / (1 + (n_tracks - 1) * correlation)
    logits = n_effective * np.log(floored).mean(axis=0)
    return _normalised(np.exp(logits - logits.max()).astype(np.float32))


def _normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = values / values.sum()
    return shares
