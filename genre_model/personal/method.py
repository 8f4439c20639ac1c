"""What a way to train is given, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from genre_model.card import Card
    from genre_model.config import FrontEnd
    from genre_model.personal.grouping import Fold
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import PersonalSettings, Watcher


@dataclass(frozen=True)
class TrainingTracks:
    """Tracks that train, numbered alike in every field.

    Attributes:
        files: the tracks.
        labels: all genres, in the order of the logits.
        targets: which genres each track has [shape=(n_tracks, n_genres)].
        embeddings: of the parent [shape=(n_tracks, 2 * n_features)].
        folds: of whole groups.
    """

    files: tuple[LabelledFile, ...]
    labels: tuple[str, ...]
    targets: NDArray[np.bool_]
    embeddings: NDArray[np.float32]
    folds: tuple[Fold, ...]

    def subset(self, rows: NDArray[np.int64]) -> TrainingTracks:
        """Return some of the tracks, numbered anew."""
        places = np.full(len(self.files), -1)
        places[rows] = np.arange(len(rows))
        folds = [(places[train], places[test]) for train, test in self.folds]
        return replace(
            self,
            files=tuple(self.files[row] for row in rows),
            targets=self.targets[rows],
            embeddings=self.embeddings[rows],
            folds=tuple((train[train >= 0], test[test >= 0]) for train, test in folds),
        )


@dataclass(frozen=True)
class Fitted:
    """What a method makes of tracks.

    Attributes:
        probabilities: of each track, by a model that saw neither it nor its group
            [shape=(n_tracks, n_genres)].
        temperature: of the final model, which saw all tracks.
        front_end: of the final model.
        pool_logits: as in ``Card``.
        details: for the card.
        serialise: returns the file of the final model, given the finished card.
        clean_up: removes what nobody needs once that file is kept.
        kept: rows of the tracks, if some could not be read after all.
    """

    probabilities: NDArray[np.float32]
    temperature: float
    front_end: FrontEnd
    pool_logits: bool
    details: dict[str, Any]
    serialise: Callable[[Card], bytes]
    clean_up: Callable[[], None] = lambda: None
    kept: NDArray[np.int64] | None = None


class Method(Protocol):
    """A way to train, such as ``HeadMethod``."""

    @property
    def name(self) -> str:
        """What the card calls it."""

    def fit(
        self, tracks: TrainingTracks, settings: PersonalSettings, watcher: Watcher
    ) -> Fitted:
        """Train on every fold, then on everything."""
