"""Evaluation of personal models: metrics, baselines, and their text for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from genre_model import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold

#: Values of ``min_confidence`` whose effect is shown.
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: From here on a multi-label genre counts as predicted.
PRESENT = 0.5
N_TOP = 3
N_RELIABILITY_BINS = 5
#: Baselines that need no training: the most frequent genre, and the parent where its
#: genres have the same names.
MAJORITY = "majority"
BY_NAME = "by name"
#: What a card keeps of a baseline.
COMPARED = ("accuracy", "macro_f1", "top_3")
#: Misclassified tracks that are named for each genre.
N_EXAMPLES = 2
NAME_WIDTH = 28


@dataclass(frozen=True)
class Evaluation:
    """Probabilities of tracks beside the true genres.

    Attributes:
        labels: all genres.
        targets: which genres each track has [shape=(n_tracks, n_genres)]; the first
            column that is true is a track's main genre in confusions.
        probabilities: [shape=(n_tracks, n_genres)]; unless multi-label, what a row lacks to
            a sum of 1 is the probability of music of other genres.
        multi_label: True if a track can have several genres.
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
        """True for tracks that have their most probable genre [shape=(n_tracks,)]."""
        hits: NDArray[np.bool_] = self.targets[np.arange(len(self.targets)), self.predicted]
        return hits

    @property
    def is_unknown(self) -> NDArray[np.bool_]:
        """True where another genre is more probable than any here [shape=(n_tracks,)]."""
        if self.multi_label:
            return np.zeros(len(self.targets), bool)
        rest = 1 - self.probabilities.sum(axis=1)
        more: NDArray[np.bool_] = rest > self.probabilities.max(axis=1)
        return more

    @property
    def accuracy(self) -> float:
        """Share of tracks that have their most probable genre."""
        return float(self.right.mean())

    def numbers(self) -> dict[str, Any]:
        """Return every number, ready for JSON."""
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
            "reliability": self._reliability(),
            "genres": genres,
        }

    def genre_rows(self) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and the most frequent confusion of each genre.

        All but the confusion count the most probable genre as predicted, even of tracks
        that the model rejects.
        """
        predicted = np.eye(len(self.labels), dtype=bool)[self.predicted]
        if self.multi_label:
            predicted = self.probabilities >= PRESENT
        hits = (predicted & self.targets).sum(axis=0)
        n_predicted, n_true = predicted.sum(axis=0), self.targets.sum(axis=0)
        return [
            {
                "genre": label,
                "precision": float(hits[i] / max(n_predicted[i], 1)),
                "recall": float(hits[i] / max(n_true[i], 1)),
                "f1": float(2 * hits[i] / max(n_predicted[i] + n_true[i], 1)),
                "tracks": int(n_true[i]),
                "heard_as": self._most_frequent_confusion(i),
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
        """Return the probabilities given that a track has one of the genres."""
        if self.multi_label:
            return self.probabilities
        sums = self.probabilities.sum(axis=1, keepdims=True)
        shares: NDArray[np.float32] = self.probabilities / np.maximum(sums, 1e-9)
        return shares

    def _most_frequent_confusion(self, label: int) -> list[Any] | None:
        wrong = self.targets[:, label] & ~self.right & ~self.is_unknown
        if not wrong.any():
            return None
        counts = np.bincount(self.predicted[wrong], minlength=len(self.labels))
        return [self.labels[int(counts.argmax())], int(counts.max())]

    def _selective(self, threshold: float) -> dict[str, float | None]:
        """Return the share of tracks above a confidence, and the accuracy on them."""
        sure = self.probabilities.max(axis=1) >= threshold
        return {
            "min_confidence": threshold,
            "coverage": float(sure.mean()),
            "accuracy": float(self.right[sure].mean()) if sure.any() else None,
        }

    def _reliability(self) -> list[dict[str, float]]:
        """Compare confidence with accuracy, in equal-width bins that hold tracks."""
        confidences, right = self.probabilities.max(axis=1), self.right
        bins = metrics.confidence_bins(confidences, N_RELIABILITY_BINS)
        return [
            {
                "from": float(b) / N_RELIABILITY_BINS,
                "to": float(b + 1) / N_RELIABILITY_BINS,
                "tracks": int(np.sum(bins == b)),
                "confidence": float(confidences[bins == b].mean()),
                "accuracy": float(right[bins == b].mean()),
            }
            for b in np.unique(bins)
        ]


def targets_of(
    labels_of_tracks: Sequence[Sequence[str]], labels: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which labels each track has [shape=(n_tracks, n_labels)]."""
    return np.array(
        [[label in own for label in labels] for own in labels_of_tracks], bool
    ).reshape(-1, len(labels))


def majority_baseline(targets: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the frequency of each genre as the prediction for every track.

    Args:
        targets: [shape=(n_tracks, n_genres)], as the result.
    """
    return np.tile(targets.mean(axis=0, dtype=np.float32), (len(targets), 1))


def baseline_by_name(
    genres: Sequence[str],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    genres_of: Callable[[str], frozenset[str]],
) -> NDArray[np.float32] | None:
    """Translate the predictions of another model to labels by the names of its genres.

    Args:
        genres: of the other model.
        probabilities: of that model [shape=(n_tracks, n_genres)].
        labels: the user's.
        genres_of: returns the genres that a label means; the alias map.

    Returns:
        [shape=(n_tracks, n_labels)], 0 for labels that mean no genre; None if none does.
    """
    meant = [genres_of(label) for label in labels]
    if not any(meant):
        return None
    shares = np.array([[genre in own for own in meant] for genre in genres], np.float32)
    translated: NDArray[np.float32] = np.minimum(probabilities @ shares, 1)
    return translated


def baseline_renamed(
    probabilities: NDArray[np.float32], targets: NDArray[np.bool_], folds: Sequence[Fold]
) -> NDArray[np.float32]:
    """Translate the predictions of another model by the labels of its tracks.

    The labels are counted in the training folds. This is the fairest comparison where
    names say nothing: no model can know that a user's ``Sunday`` is jazz.

    Args:
        probabilities: of the other model [shape=(n_tracks, n_genres)].
        targets: [shape=(n_tracks, n_labels)], as the result.
        folds: of a cross-validation.
    """
    translated = np.zeros(targets.shape, np.float32)
    for train, test in folds:
        # One imaginary track of all labels, for genres that are predicted for none.
        counts = probabilities[train].T @ targets[train].astype(np.float32)
        shares = counts + 1 / targets.shape[1]
        shares /= shares.sum(axis=1, keepdims=True)
        translated[test] = probabilities[test] @ shares
    return translated


def compared_numbers(evaluations: Mapping[str, Evaluation]) -> dict[str, dict[str, Any]]:
    """Return what a card or a report keeps of baselines."""
    return {
        name: {key: evaluation.numbers()[key] for key in COMPARED}
        for name, evaluation in evaluations.items()
    }


class Named(Protocol):
    """A track with a name for reports."""

    @property
    def name(self) -> str:
        """What it is called."""


def _comparison_lines(evaluations: Mapping[str, Evaluation]) -> Iterator[str]:
    """Format models side by side."""
    yield f"  {'':<{NAME_WIDTH}} accuracy  (95 % interval)  macro-F1  in the top 3    loss"
    for name, evaluation in evaluations.items():
        numbers = evaluation.numbers()
        low, high = numbers["interval_95"]
        yield (
            f"  {name:<{NAME_WIDTH}} {numbers['accuracy']:8.3f}  ({low:.3f} to {high:.3f}) "
            f"{numbers['macro_f1']:9.3f} {numbers['top_3']:13.3f} "
            f"{numbers['log_loss']:7.3f}"
        )


def score_lines(
    evaluation: Evaluation,
    baselines: Mapping[str, Evaluation],
    leaks: Sequence[str],
    tracks: Sequence[Named],
    more: Sequence[str] = (),
) -> Iterator[str]:
    """Format leaks, a comparison with baselines, more lines, and the evaluation."""
    yield from (f"  LEAKY: {leak}; expect less on other tracks" for leak in leaks)
    yield from _comparison_lines({"this model": evaluation, **baselines})
    yield from more
    yield ""
    yield from evaluation_lines(evaluation, tracks)


def evaluation_lines(evaluation: Evaluation, tracks: Sequence[Named]) -> Iterator[str]:
    """Format coverage and accuracy by confidence, calibration, and each genre.

    Args:
        evaluation: of the tracks.
        tracks: ``LabelledFile`` or anything else with a name.
    """
    numbers = evaluation.numbers()
    yield "  min_confidence   tracks tagged   of those right"
    for row in numbers["selective"]:
        if row["coverage"]:
            yield (
                f"  {row['min_confidence']:14.1f} {row['coverage']:15.3f} "
                f"{row['accuracy']:16.3f}"
            )
    yield ""
    error = numbers["calibration_error"]
    yield f"  how sure        tracks   right  (calibration error {error:.3f})"
    for row in numbers["reliability"]:
        yield (
            f"  {row['from']:.1f} to {row['to']:.1f} {row['tracks']:12d} "
            f"{row['accuracy']:7.3f}"
        )
    yield ""
    yield from _genre_lines(evaluation, numbers["genres"], tracks)


def _genre_lines(
    evaluation: Evaluation, rows: list[dict[str, Any]], tracks: Sequence[Named]
) -> Iterator[str]:
    width = max(NAME_WIDTH // 2, *(len(label) for label in evaluation.labels))
    yield f"  {'genre':<{width}} precision  recall      F1   tracks  most often taken for"
    for i, row in enumerate(rows):
        if not row["tracks"]:
            continue
        taken = "" if row["heard_as"] is None else "{} ({})".format(*row["heard_as"])
        yield (
            f"  {row['genre']:<{width}} {row['precision']:9.3f} {row['recall']:7.3f} "
            f"{row['f1']:7.3f} {row['tracks']:8d}  {taken}".rstrip()
        )
        yield from _example_lines(evaluation, i, tracks)


def _example_lines(
    evaluation: Evaluation, label: int, tracks: Sequence[Named]
) -> Iterator[str]:
    """Name the tracks of a genre whose wrong prediction is most confident."""
    wrong = np.flatnonzero(evaluation.targets[:, label] & ~evaluation.right)
    confidences = evaluation.probabilities.max(axis=1)
    for row in wrong[np.argsort(-confidences[wrong], kind="stable")][:N_EXAMPLES]:
        predicted = evaluation.labels[evaluation.predicted[row]]
        told = f"{predicted} {confidences[row]:.2f}"
        if evaluation.is_unknown[row]:
            told = "nothing it knows"
        yield f"      {tracks[row].name}: heard {told}"
