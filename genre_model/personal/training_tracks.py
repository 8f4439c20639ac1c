"""Tracks that a head is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold
    from genre_model.personal.labelled_files import LabelledFile


@dataclass(frozen=True)
class TrainingTracks:
    """Tracks that train, numbered alike in every field.

    Attributes:
        files: the tracks.
        labels: all genres, in the order of the logits.
        targets: which genres each track has [shape=(n_tracks, n_genres)].
        embeddings: of the parent [shape=(n_tracks, 2 * n_features)].
        logits: of the parent, mean over segments [shape=(n_tracks, n_outputs)].
        left_out: such logits of the tracks of each label that was left out.
        folds: of whole groups.
    """

    files: tuple[LabelledFile, ...]
    labels: tuple[str, ...]
    targets: NDArray[np.bool_]
    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    left_out: tuple[NDArray[np.float32], ...]
    folds: tuple[Fold, ...]
