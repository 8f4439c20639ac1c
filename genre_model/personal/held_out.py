"""The score of a personal model on tracks that chose nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.label_spelling import spelling_key
from genre_model.personal.baselines import Stock
from genre_model.personal.embeddings import Embedder
from genre_model.personal.label_cleaning import map_labels
from genre_model.personal.leaks import leaks_between, leaks_of
from genre_model.personal.personal_model import COMPARED
from genre_model.personal.score import Judgement, targets_of
from genre_model.personal.score_text import comparison_lines, judgement_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.personal_model import PersonalModel
    from genre_model.personal.settings import Watcher
    from genre_model.personal.training import PersonalTraining


#: Labels that one line names.
N_NAMED = 8


@dataclass(frozen=True)
class HeldOut:
    """What was said of tracks that chose nothing.

    Attributes:
        files: that were scored.
        judgement: of the new model; rows as ``files``.
        baselines: of other models, by name.
        notes: why the other tracks do not count, one line each.
        leaks: why the score means less than it seems to; empty if it does not.
    """

    files: tuple[LabelledFile, ...]
    judgement: Judgement
    baselines: dict[str, Judgement]
    notes: tuple[str, ...]
    leaks: tuple[str, ...]

    def numbers(self) -> dict[str, Any]:
        """Return every number, ready for JSON."""
        baselines = {
            name: {key: judgement.numbers()[key] for key in COMPARED}
            for name, judgement in self.baselines.items()
        }
        return self.judgement.numbers() | {
            "leaks": list(self.leaks),
            "baselines": baselines,
            "notes": list(self.notes),
        }

    def report(self) -> str:
        """Lay the score out for a terminal."""
        lines = [
            f"Test on {len(self.files)} tracks that chose nothing:",
            *(f"  {note}" for note in self.notes),
            *(f"  LEAKY: {leak}; expect less on other tracks" for leak in self.leaks),
            *comparison_lines({"this model": self.judgement, **self.baselines}),
            "",
            *judgement_lines(self.judgement, self.files),
        ]
        return "\n".join(lines)


def score_held_out(
    files: Sequence[LabelledFile],
    model: PersonalModel,
    training: PersonalTraining,
    watcher: Watcher,
) -> HeldOut:
    """Score a model, and beside it the model whose network it uses.

    Args:
        files: that neither trained nor chose anything, or so the user hopes.
        model: the new one.
        training: that made it.
        watcher: is told how listening gets on.

    Raises:
        TrainingDataError: if no track is left.
        TrainingStoppedError: if asked to stop.
    """
    known, notes = _known(files, model.judgement.labels, training)
    embedder = Embedder(
        training.parent, training.store_path, training.n_threads, training.should_stop
    )
    heard = embedder.embed([file.path for file in known], watcher)
    if heard.errors:
        notes.append(f"{len(heard.errors)} tracks could not be listened to")
    row_of = {path: row for row, path in enumerate(heard.paths)}
    kept = tuple(file for file in known if file.path in row_of)
    if not kept:
        raise TrainingDataError("no track is left to test: " + "; ".join(notes))
    rows = [row_of[file.path] for file in kept]
    return HeldOut(
        files=kept,
        judgement=Judgement(
            model.judgement.labels,
            targets_of([file.labels for file in kept], model.judgement.labels),
            model.probabilities(heard.embeddings[rows], heard.logits[rows]),
            model.card.multi_label,
        ),
        baselines=_judge_parent(heard.probabilities[rows], kept, model, training),
        notes=tuple(notes),
        leaks=(
            *leaks_between(kept, model.files),
            *leaks_of(kept, training.parent, n_threads=training.n_threads),
        ),
    )


def _known(
    files: Sequence[LabelledFile], labels: Sequence[str], training: PersonalTraining
) -> tuple[list[LabelledFile], list[str]]:
    """Give tracks the labels that the model knows; say why the others do not count."""
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
        listed = [f"{label} {count}" for label, count in unknown.most_common(N_NAMED)]
        more = [f"and {len(unknown) - N_NAMED} more"] if len(unknown) > N_NAMED else []
        notes.append(f"labels that it does not know: {', '.join([*listed, *more])}")
    return known, notes


def _judge_parent(
    probabilities: NDArray[np.float32],
    files: Sequence[LabelledFile],
    model: PersonalModel,
    training: PersonalTraining,
) -> dict[str, Judgement]:
    parent, labels = training.parent, model.judgement.labels
    by_name = Stock(parent.genres, probabilities).by_name(labels, training.parent_genres_of)
    if by_name is None:
        return {}
    targets = targets_of([file.labels for file in files], labels)
    judgement = Judgement(labels, targets, by_name, training.settings.multi_label)
    return {f"{parent.card.name}, by name": judgement}
