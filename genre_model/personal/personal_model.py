"""A trained personal model: its score, and the file that it becomes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.model.model_file import model_from_bytes
from genre_model.model.segment_probabilities import activate
from genre_model.personal.head_file import head_model
from genre_model.personal.score_text import score_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from genre_model.model.card import Card
    from genre_model.personal.head_file import LinearHead
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.open_set import OpenSet, UnknownScore
    from genre_model.personal.score import Judgement

#: What the score of a personal model is called in its card.
PROTOCOL = "grouped-cross-validation"
#: Baselines that anybody has without training: the commonest genre, and the model that
#: was there where its genres have the same names.
MAJORITY = "majority"
BY_NAME = "by name"
#: What a card keeps of a baseline.
COMPARED = ("accuracy", "macro_f1", "top_3")


@dataclass(frozen=True)
class PersonalModel:
    """A model that is trained and scored, but not yet written.

    Attributes:
        files: that it was trained on.
        judgement: what models that saw neither a track nor its artist say of it; rows as
            ``files``.
        baselines: what it has to beat, by name.
        notes: which labels and tracks were left out, one line each.
        leaks: why the score means less than it seems to; empty if it does not.
        n_folds: of the cross-validation.
        card: finished but for name and command.
        network: content of the file of the model whose network listens.
        head: on that network.
        open_set: tells music of other genres; None if nothing does.
        unknown: how much of it would be written; None if nothing could be left out.
    """

    files: tuple[LabelledFile, ...]
    judgement: Judgement
    baselines: Mapping[str, Judgement]
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
        """Share of tracks whose genre was right in cross-validation."""
        return self.judgement.accuracy

    @property
    def score(self) -> dict[str, Any]:
        """Every number of the cross-validation, ready for JSON."""
        baselines = {
            name: {key: judgement.numbers()[key] for key in COMPARED}
            for name, judgement in self.baselines.items()
        }
        return self.judgement.numbers() | {
            "folds": self.n_folds,
            "leaky": bool(self.leaks),
            "baselines": baselines,
            "unknown": None if self.unknown is None else asdict(self.unknown),
        }

    def probabilities(
        self, embeddings: NDArray[np.float32], logits: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return what the model says of tracks [shape=(n_tracks, n_genres)].

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
        """Name a baseline that anybody has without training, and that is better.

        One standard error may be luck: so much the model has to be better than guessing,
        and so much the parent has to be better than the model.
        """
        accuracy, n_tracks = self.accuracy, len(self.files)
        noise = math.sqrt(accuracy * (1 - accuracy) / n_tracks)
        for name, judgement in self.baselines.items():
            lead = judgement.accuracy - accuracy
            # Guessing has to be beaten clearly; the parent must not be clearly better.
            is_guessing = name == MAJORITY and lead >= -noise
            if is_guessing or (name.endswith(BY_NAME) and lead > noise):
                return name
        return None

    @property
    def is_guessing(self) -> bool:
        """Whether it is no better than to say the commonest genre."""
        return self.beaten_by() == MAJORITY

    def headline(self) -> str:
        """Say in one line how good the model is."""
        leaky = ", LEAKY" if self.leaks else ""
        return (
            f"{len(self.files)} tracks, {len(self.judgement.labels)} genres: accuracy "
            f"{self.accuracy:.3f} in cross-validation{leaky}"
        )

    def report(self) -> str:
        """Lay the score out for a terminal."""
        return score_text(self)

    def out_of_fold(self) -> dict[str, dict[str, float]]:
        """Return what was said of each track by a model that had not seen it.

        Returns:
            Key of the track -> label -> probability, best first.
        """
        return {
            file.key: dict(
                sorted(
                    zip(self.judgement.labels, map(float, row), strict=True),
                    key=lambda pair: -pair[1],
                )
            )
            for file, row in zip(self.files, self.judgement.probabilities, strict=True)
        }

    def file_content(self, name: str, command: str) -> tuple[str, bytes]:
        """Return the id of the model, and the content of its file.

        Args:
            name: of the model, for its card.
            command: that trains such a model, for its card.

        Raises:
            ModelFileError: if the file would not be what was trained.
        """
        card = replace(
            self.card,
            name=name,
            metrics={PROTOCOL: self.score | {"command": command}},
            training=self.card.training | {"command": command, "leaks": list(self.leaks)},
        )
        content = head_model(self.network, self.head, card, self.open_set)
        return model_from_bytes(content).model_id, content
