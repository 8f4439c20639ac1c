"""Trained personal models: their score, their files, and whether to replace another one."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import ModelFileError
from genre_model.model.model_file import model_from_bytes, read_model
from genre_model.model.segment_probabilities import activate
from genre_model.personal.evaluation import (
    BY_NAME,
    MAJORITY,
    compared_numbers,
    score_lines,
)
from genre_model.personal.head_file import head_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.model.card import Card
    from genre_model.personal.evaluation import Evaluation
    from genre_model.personal.heads import LinearHead
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.open_set import OpenSet, UnknownScore

#: Name of the score of a personal model in its card.
PROTOCOL = "grouped-cross-validation"


@dataclass(frozen=True)
class PersonalModel:
    """A trained and evaluated model that is not yet written.

    Attributes:
        files: that it was trained on.
        evaluation: of cross-validation in whole artists and albums; rows as ``files``.
        baselines: evaluations of other models, by name.
        notes: which labels and tracks were left out, one line each.
        leaks: why the score is too good; empty if it is not.
        n_folds: of the cross-validation.
        card: complete but for name and command.
        network: content of the file of the parent.
        head: on that network.
        open_set: recognises music of other genres; None if nothing does.
        unknown: how much of it would be written; None if nothing could be left out.
    """

    files: tuple[LabelledFile, ...]
    evaluation: Evaluation
    baselines: Mapping[str, Evaluation]
    notes: tuple[str, ...]
    leaks: tuple[str, ...]
    n_folds: int
    card: Card
    network: bytes
    head: LinearHead
    open_set: OpenSet | None = None
    unknown: UnknownScore | None = None

    @property
    def accuracy(self) -> float:
        """Accuracy in cross-validation."""
        return self.evaluation.accuracy

    @property
    def score(self) -> dict[str, Any]:
        """Every number of the cross-validation, ready for JSON."""
        return self.evaluation.numbers() | {
            "folds": self.n_folds,
            "leaky": bool(self.leaks),
            "baselines": compared_numbers(self.baselines),
            "unknown": None if self.unknown is None else asdict(self.unknown),
        }

    def probabilities(
        self, embeddings: NDArray[np.float32], logits: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Predict tracks [shape=(n_tracks, n_genres)].

        Args:
            embeddings: of the parent [shape=(n_tracks, 2 * n_features)].
            logits: of the parent, mean over segments [shape=(n_tracks, n_outputs)].
        """
        multi_label = self.card.multi_label
        probabilities = activate(
            self.head.logits(embeddings), self.card.temperature, multi_label=multi_label
        )
        if self.open_set is None:
            return probabilities
        known = self.open_set.known(logits, multi_label=multi_label)
        return probabilities * known[:, np.newaxis]

    def beaten_by(self) -> str | None:
        """Return the name of a baseline that needs no training and is as good.

        One standard error may be chance: the model has to be better than the majority
        baseline by more, and the parent has to be better than the model by more.
        """
        noise = _standard_error(self.accuracy, len(self.files))
        for name, baseline in self.baselines.items():
            lead = baseline.accuracy - self.accuracy
            is_guessing = name == MAJORITY and lead >= -noise
            if is_guessing or (name.endswith(BY_NAME) and lead > noise):
                return name
        return None

    @property
    def is_guessing(self) -> bool:
        """True if it is no better than always the most frequent genre."""
        return self.beaten_by() == MAJORITY

    def headline(self) -> str:
        """Summarise the score in one line."""
        leaky = ", LEAKY" if self.leaks else ""
        return (
            f"{len(self.files)} tracks, {len(self.evaluation.labels)} genres: accuracy "
            f"{self.accuracy:.3f} in cross-validation{leaky}"
        )

    def report(self) -> str:
        """Format training data, score, baselines and errors for a terminal."""
        training, n_genres = self.card.training, len(self.evaluation.labels)
        n_artists = training["n_artists"]
        artists = f" by {n_artists} artists" if n_artists else ""
        unknown = [] if self.unknown is None else [f"  {self.unknown}"]
        lines = [
            f"{training['n_tracks']} tracks{artists}, {n_genres} genres",
            *(f"  {note}" for note in self.notes),
            "",
            f"Score of {self.n_folds} folds of whole artists and albums:",
            *score_lines(self.evaluation, self.baselines, self.leaks, self.files, unknown),
        ]
        return "\n".join(lines)

    def out_of_fold(self) -> dict[str, dict[str, float]]:
        """Return the predictions of the cross-validation.

        Returns:
            Key of the track -> label -> probability, best first.
        """
        named = (
            zip(self.evaluation.labels, map(float, row), strict=True)
            for row in self.evaluation.probabilities
        )
        return {
            file.key: dict(sorted(pairs, key=lambda pair: -pair[1]))
            for file, pairs in zip(self.files, named, strict=True)
        }

    def file_content(self, name: str, command: str) -> tuple[str, bytes]:
        """Return the id of the model, and the content of its file.

        Args:
            name: of the model, for its card.
            command: that trains such a model, for its card.

        Raises:
            ModelFileError: if the file does not compute what was trained.
        """
        card = replace(
            self.card,
            name=name,
            metrics={PROTOCOL: self.score | {"command": command}},
            training=self.card.training | {"command": command, "leaks": list(self.leaks)},
        )
        content = head_model(self.network, self.head, card, self.open_set)
        return model_from_bytes(content).model_id, content


def better_model_at(path: Path, model: PersonalModel) -> str | None:
    """Return why a file holds a better model than a new one; None if it does not.

    Better is one that knows a genre that the new one does not; or the same genres, with an
    accuracy higher by more than one standard error. A file that cannot be read, or was
    never scored as personal models are, may be better, too.

    Args:
        path: where the new model is to be.
        model: the new one.

    Returns:
        A sentence with both accuracies, without its full stop.
    """
    if not os.path.lexists(path):
        return None
    try:
        there = read_model(path)
    except ModelFileError as error:
        return f"the score of the current model is unknown: {error}"
    name = f"{there.model_id} at {path}"
    score = there.card.metrics.get(PROTOCOL)
    old = _share(score.get("accuracy")) if isinstance(score, dict) else None
    if not isinstance(score, dict) or old is None:
        return f"{name} was never scored as personal models are"
    if lost := sorted(set(there.card.genres) - set(model.evaluation.labels)):
        return f"{name} knows {', '.join(lost)}, the new model does not"
    new, n_tracks = model.accuracy, len(model.files)
    n_labels, n_old = len(model.evaluation.labels), len(there.card.genres)
    # More genres are harder to tell apart.
    if n_labels > n_old or old - new <= _standard_error(new, n_tracks):
        return None
    return (
        f"{name} is better: accuracy "
        f"{_summary(old, n_old, score.get('n_tracks'), score.get('leaky'))}, "
        f"against {_summary(new, n_labels, n_tracks, bool(model.leaks))} of the new model"
    )


def _standard_error(accuracy: float, n_tracks: int) -> float:
    return math.sqrt(accuracy * (1 - accuracy) / n_tracks)


def _summary(accuracy: float, n_genres: int, n_tracks: object, is_leaky: object) -> str:
    tracks = f", {n_tracks} tracks" if isinstance(n_tracks, int) else ""
    leaky = ", LEAKY" if is_leaky is True else ""
    return f"{accuracy:.3f} ({n_genres} genres{tracks}{leaky})"


def _share(value: Any) -> float | None:
    """Return a number from 0 to 1; None if it is anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None
