"""How good probabilities are, in numbers that a card can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Values of ``min_confidence`` whose effect is shown.
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: From here on a multi-label genre counts as predicted.
PRESENT = 0.5
N_TOP = 3


@dataclass(frozen=True)
class Judgement:
    """Probabilities of tracks beside the truth.

    Attributes:
        labels: all genres.
        targets: which genres each track has [shape=(n_tracks, n_genres)]; the first
            column that is true is a track's main genre in confusions.
        probabilities: [shape=(n_tracks, n_genres)].
        multi_label: whether a track can have several genres.
    """

    labels: tuple[str, ...]
    targets: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    multi_label: bool = False

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable genre of each track [shape=(n_tracks,)]."""
        best: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return best

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each track has its most probable genre [shape=(n_tracks,)]."""
        hits: NDArray[np.bool_] = self.targets[np.arange(len(self.targets)), self.predicted]
        return hits

    @property
    def unknown(self) -> NDArray[np.float32]:
        """How probable it is that each track is of no genre here [shape=(n_tracks,)]."""
        if self.multi_label:
            return np.zeros(len(self.targets), np.float32)
        rest: NDArray[np.float32] = 1 - self.probabilities.sum(axis=1)
        return rest

    @property
    def is_unknown(self) -> NDArray[np.bool_]:
        """Whether that is more probable than any genre [shape=(n_tracks,)]."""
        more: NDArray[np.bool_] = self.unknown > self.probabilities.max(axis=1)
        return more

    @property
    def accuracy(self) -> float:
        """Share of tracks that have their most probable genre."""
        return float(self.right.mean())

    def numbers(self) -> dict[str, Any]:
        """Return every number of a score, ready for JSON."""
        confidences = self.probabilities.max(axis=1)
        n_tracks = len(self.targets)
        genres = self.genre_rows()
        return {
            "n_tracks": n_tracks,
            "accuracy": self.accuracy,
            "interval_95": list(metrics.wilson_interval(float(self.right.sum()), n_tracks)),
            "macro_f1": float(np.mean([row["f1"] for row in genres if row["tracks"]])),
            "top_3": metrics.top_accuracy(self.probabilities, self.targets, N_TOP),
            "log_loss": metrics.log_loss(
                self._among_labels(), self.targets, multi_label=self.multi_label
            ),
            "calibration_error": metrics.calibration_error(confidences, self.right),
            "selective": [self._selective(threshold) for threshold in THRESHOLDS],
            "reliability": _reliability(confidences, self.right),
            "genres": genres,
        }

    def genre_rows(self) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and the commonest confusion of each genre.

        All but the confusion take the most probable genre for what is said, even of tracks
        that the model rejects.
        """
        said = self._said()
        hits = (said & self.targets).sum(axis=0)
        n_said, n_true = said.sum(axis=0), self.targets.sum(axis=0)
        return [
            {
                "genre": label,
                "precision": float(hits[i] / max(n_said[i], 1)),
                "recall": float(hits[i] / max(n_true[i], 1)),
                "f1": float(2 * hits[i] / max(n_said[i] + n_true[i], 1)),
                "tracks": int(n_true[i]),
                "heard_as": self._heard_as(i),
            }
            for i, label in enumerate(self.labels)
        ]

    def confusion(self) -> NDArray[np.int64]:
        """Count tracks by genre (row) and most probable genre (column).

        A multi-label track counts once for each of its genres; in the column of that
        genre if its most probable one is any of its own.
        """
        matrix = np.zeros((len(self.labels), len(self.labels)), np.int64)
        for row, column in np.argwhere(self.targets):
            matrix[column, column if self.right[row] else self.predicted[row]] += 1
        return matrix

    def _among_labels(self) -> NDArray[np.float32]:
        """Return the probabilities if it is certain that a track has one of the genres.

        What a row lacks to a sum of 1 belongs to music of other genres.
        """
        if self.multi_label:
            return self.probabilities
        sums = self.probabilities.sum(axis=1, keepdims=True)
        shares: NDArray[np.float32] = self.probabilities / np.maximum(sums, 1e-9)
        return shares

    def _said(self) -> NDArray[np.bool_]:
        if self.multi_label:
            said: NDArray[np.bool_] = self.probabilities >= PRESENT
            return said
        return np.eye(len(self.labels), dtype=bool)[self.predicted]

    def _heard_as(self, label: int) -> list[Any] | None:
        """Return the genre that this one is most often taken for, and how often."""
        wrong = self.targets[:, label] & ~self.right & ~self.is_unknown
        if not wrong.any():
            return None
        counts = np.bincount(self.predicted[wrong], minlength=len(self.labels))
        return [self.labels[int(counts.argmax())], int(counts.max())]

    def _selective(self, threshold: float) -> dict[str, float | None]:
        """Share of tracks that are at least so confident, and how many of those right."""
        sure = self.probabilities.max(axis=1) >= threshold
        return {
            "min_confidence": threshold,
            "coverage": float(sure.mean()),
            "accuracy": float(self.right[sure].mean()) if sure.any() else None,
        }


def targets_of(
    labels_of_tracks: Sequence[Sequence[str]], labels: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which labels each track has [shape=(n_tracks, n_labels)]."""
    return np.array(
        [[label in own for label in labels] for own in labels_of_tracks], bool
    ).reshape(-1, len(labels))


def _reliability(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], n_bins: int = 5
) -> list[dict[str, float]]:
    """Compare how sure with how often right, by equal-width bins that hold tracks."""
    bins = np.minimum((confidences * n_bins).astype(np.int64), n_bins - 1)
    return [
        {
            "from": float(b) / n_bins,
            "to": float(b + 1) / n_bins,
            "tracks": int(np.sum(bins == b)),
            "confidence": float(confidences[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
        }
        for b in np.unique(bins)
    ]
