"""Folds of training rows, for systems that choose their settings by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Split = tuple[NDArray[np.int64], NDArray[np.int64]]

N_INNER_FOLDS = 5


def inner_folds(labels: ArrayLike, groups: ArrayLike | None, seed: int) -> list[Split]:
    """Split training rows, stratified by genre; a group is never on both sides.

    Args:
        labels: of the training rows [shape=(n_rows,)].
        groups: the track of each row; None if each is a track [shape=(n_rows,)].
        seed: of the shuffling.

    Returns:
        Places of training and test rows, of each fold.

    Raises:
        TrainingDataError: if a genre has fewer tracks than there are folds.
    """
    labels = np.asarray(labels)
    tracks = np.arange(len(labels)) if groups is None else np.asarray(groups)
    of_genre = {label: len(np.unique(tracks[labels == label])) for label in set(labels)}
    if (n_tracks := min(of_genre.values())) < N_INNER_FOLDS:
        raise TrainingDataError(
            f"a genre has only {n_tracks} training tracks; choosing settings takes "
            f"{N_INNER_FOLDS} of each, one per fold"
        )
    settings: dict[str, Any] = {"shuffle": True, "random_state": seed}
    if len(np.unique(tracks)) < len(tracks):
        grouped = StratifiedGroupKFold(N_INNER_FOLDS, **settings)
        return list(grouped.split(labels, labels, tracks))
    return list(StratifiedKFold(N_INNER_FOLDS, **settings).split(labels, labels))
