"""Evaluation of a personal model on tracks that chose nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.label_spelling import spelling_key
from genre_model.personal.evaluation import (
    BY_NAME,
    Evaluation,
    compared_numbers,
    score_lines,
    targets_of,
)
from genre_model.personal.label_cleaning import clean_files, first_of, map_labels
from genre_model.personal.leaks import leaks_between, leaks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.personal_model import PersonalModel
    from genre_model.personal.settings import Watcher
    from genre_model.personal.training import PersonalTraining


@dataclass(frozen=True)
class HeldOut:
    """Score on held-out tracks.

    Attributes:
        files: that were scored.
        evaluation: of the new model; rows as ``files``.
        baselines: of other models, by name.
        notes: why other tracks do not count, one line each.
        leaks: why the score is too good; empty if it is not.
    """

    files: tuple[LabelledFile, ...]
    evaluation: Evaluation
    baselines: dict[str, Evaluation]
    notes: tuple[str, ...]
    leaks: tuple[str, ...]

    def numbers(self) -> dict[str, Any]:
        """Return every number, ready for JSON."""
        return self.evaluation.numbers() | {
            "leaks": list(self.leaks),
            "baselines": compared_numbers(self.baselines),
            "notes": list(self.notes),
        }

    def report(self) -> str:
        """Format the score for a terminal."""
        lines = [
            f"Test on {len(self.files)} tracks that chose nothing:",
            *(f"  {note}" for note in self.notes),
            *score_lines(self.evaluation, self.baselines, self.leaks, self.files),
        ]
        return "\n".join(lines)


def check_held_out(
    files: Sequence[LabelledFile],
    others: Sequence[LabelledFile],
    training: PersonalTraining,
) -> None:
    """Refuse, before hours of training, tracks that no model could be scored on.

    Args:
        files: that are to be scored.
        others: that are to train the model.
        training: of the model.

    Raises:
        TrainingDataError: if no label of the files is left in the training, or none is
            left at all.
    """
    labels = clean_files(others, training.settings, training.canonical).labels
    known, notes = _with_known_labels(files, labels, training)
    if not known:
        raise TrainingDataError("no track is left to test: " + "; ".join(notes))


def score_held_out(
    files: Sequence[LabelledFile],
    model: PersonalModel,
    training: PersonalTraining,
    watcher: Watcher,
) -> HeldOut:
    """Score a model, and its parent beside it.

    Args:
        files: that neither trained nor chose anything, or so the user hopes.
        model: the new one.
        training: that made it.
        watcher: is told about progress.

    Raises:
        TrainingDataError: if no track is left.
        TrainingStoppedError: if asked to stop.
    """
    labels, multi_label = model.evaluation.labels, model.card.multi_label
    known, notes = _with_known_labels(files, labels, training)
    embedded = training.embed([file.path for file in known], watcher)
    if embedded.errors:
        notes.append(f"{len(embedded.errors)} tracks could not be listened to")
    row_of = {path: row for row, path in enumerate(embedded.paths)}
    kept = tuple(file for file in known if file.path in row_of)
    if not kept:
        raise TrainingDataError("no track is left to test: " + "; ".join(notes))
    rows = [row_of[file.path] for file in kept]
    targets = targets_of([file.labels for file in kept], labels)
    by_name = training.by_name(embedded.probabilities[rows], labels)
    baselines = {}
    if by_name is not None:
        name = f"{training.parent.card.name}, {BY_NAME}"
        baselines[name] = Evaluation(labels, targets, by_name, multi_label)
    probabilities = model.probabilities(embedded.embeddings[rows], embedded.logits[rows])
    return HeldOut(
        files=kept,
        evaluation=Evaluation(labels, targets, probabilities, multi_label),
        baselines=baselines,
        notes=tuple(notes),
        leaks=(
            *leaks_between(kept, model.files),
            *leaks_of(kept, training.parent, n_threads=training.n_threads),
        ),
    )


def _with_known_labels(
    files: Sequence[LabelledFile], labels: Sequence[str], training: PersonalTraining
) -> tuple[list[LabelledFile], list[str]]:
    """Give tracks the labels that the model knows; say why other tracks do not count."""
    label_of = {spelling_key(training.canonical(label)): label for label in labels}
    unknown: Counter[str] = Counter()
    known = []
    for file in files:
        own = map_labels(file, training.settings).labels
        if not training.settings.multi_label:
            own = own[:1]
        named = {
            label: label_of.get(spelling_key(training.canonical(label))) for label in own
        }
        unknown.update(label for label, name in named.items() if name is None)
        if names := tuple(dict.fromkeys(filter(None, named.values()))):
            known.append(replace(file, labels=names))
    notes = []
    if n_lost := len(files) - len(known):
        notes.append(f"{n_lost} of {len(files)} tracks have no label that the model knows")
    if unknown:
        notes.append(f"labels that it does not know: {first_of(unknown.most_common())}")
    return known, notes
