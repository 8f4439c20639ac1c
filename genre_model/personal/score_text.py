"""The score of a personal model, laid out for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from genre_model.personal.personal_model import PersonalModel
    from genre_model.personal.score import Judgement

#: Tracks that are named for each genre.
N_EXAMPLES = 2
NAME_WIDTH = 28


class Named(Protocol):
    """A track that reports can call something."""

    @property
    def name(self) -> str:
        """What it is called."""


def score_text(model: PersonalModel) -> str:
    """Say what was trained on, how good it is, beside what, and where it errs."""
    training = model.card.training
    n_genres = len(model.judgement.labels)
    lines = [
        "{n_tracks} tracks by {n_artists} artists, ".format(**training)
        + f"{n_genres} genres",
        *(f"  {note}" for note in model.notes),
        "",
        f"Score of {model.n_folds} folds of whole artists and albums:",
        *(f"  LEAKY: {leak}; expect less on other tracks" for leak in model.leaks),
        *comparison_lines({"this model": model.judgement, **model.baselines}),
        *([] if model.unknown is None else [f"  {model.unknown}"]),
        "",
        *judgement_lines(model.judgement, model.files),
    ]
    return "\n".join(lines)


def comparison_lines(judgements: dict[str, Judgement]) -> Iterator[str]:
    """Lay models out beside each other."""
    yield f"  {'':<{NAME_WIDTH}} accuracy  (95 % interval)  macro-F1  in the top 3    loss"
    for name, judgement in judgements.items():
        numbers = judgement.numbers()
        low, high = numbers["interval_95"]
        yield (
            f"  {name:<{NAME_WIDTH}} {numbers['accuracy']:8.3f}  ({low:.3f} to {high:.3f}) "
            f"{numbers['macro_f1']:9.3f} {numbers['top_3']:13.3f} "
            f"{numbers['log_loss']:7.3f}"
        )


def judgement_lines(judgement: Judgement, tracks: Sequence[Named]) -> Iterator[str]:
    """Lay out when it is sure, how well that is meant, and each genre that has tracks.

    Args:
        judgement: of the tracks.
        tracks: that were judged, ``LabelledFile`` or anything else that has a name.
    """
    numbers = judgement.numbers()
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
    yield from _genre_lines(judgement, numbers["genres"], tracks)


def _genre_lines(
    judgement: Judgement, rows: list[dict[str, Any]], tracks: Sequence[Named]
) -> Iterator[str]:
    width = max(NAME_WIDTH // 2, *(len(label) for label in judgement.labels))
    yield f"  {'genre':<{width}} precision  recall      F1   tracks  most often taken for"
    for i, row in enumerate(rows):
        if not row["tracks"]:
            continue
        taken = "" if row["heard_as"] is None else "{} ({})".format(*row["heard_as"])
        yield (
            f"  {row['genre']:<{width}} {row['precision']:9.3f} {row['recall']:7.3f} "
            f"{row['f1']:7.3f} {row['tracks']:8d}  {taken}".rstrip()
        )
        yield from _example_lines(judgement, i, tracks)


def _example_lines(
    judgement: Judgement, label: int, tracks: Sequence[Named]
) -> Iterator[str]:
    """Name the tracks of a genre that are most surely taken for another."""
    wrong = np.flatnonzero(judgement.targets[:, label] & ~judgement.right)
    confidences = judgement.probabilities.max(axis=1)
    for row in wrong[np.argsort(-confidences[wrong], kind="stable")][:N_EXAMPLES]:
        heard = f"{judgement.labels[judgement.predicted[row]]} {confidences[row]:.2f}"
        heard = "nothing it knows" if judgement.is_unknown[row] else heard
        yield f"      {tracks[row].name}: heard {heard}"
