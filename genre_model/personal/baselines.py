"""What a new model has to beat: the commonest genre, and the model that was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold


def majority(targets: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Say of every track how frequent each genre is: always the commonest one.

    Args:
        targets: [shape=(n_tracks, n_genres)].

    Returns:
        [shape=(n_tracks, n_genres)].
    """
    return np.tile(targets.mean(axis=0, dtype=np.float32), (len(targets), 1))


@dataclass(frozen=True)
class Stock:
    """What the model that was there says of the tracks.

    Attributes:
        genres: that it knows.
        probabilities: [shape=(n_tracks, n_stock_genres)].
    """

    genres: tuple[str, ...]
    probabilities: NDArray[np.float32]

    def by_name(
        self, labels: Sequence[str], genres_of: Callable[[str], frozenset[str]]
    ) -> NDArray[np.float32] | None:
        """Translate its genres by their names.

        Args:
            labels: the user's.
            genres_of: which of the stock genres a label means; the alias map.

        Returns:
            [shape=(n_tracks, n_labels)], 0 for labels that mean nothing to it; None if
            none means anything.
        """
        meant = [genres_of(label) for label in labels]
        if not any(meant):
            return None
        shares = np.array([[genre in own for own in meant] for genre in self.genres])
        translated: NDArray[np.float32] = self.probabilities @ shares.astype(np.float32)
        return np.minimum(translated, 1)

    def renamed(
        self, targets: NDArray[np.bool_], folds: Sequence[Fold]
    ) -> NDArray[np.float32]:
        """Translate its genres by what tracks of each are called in the training folds.

        The fairest comparison where names say nothing: no model could know that a
        person's ``Sunday`` is jazz.

        Args:
            targets: [shape=(n_tracks, n_labels)].
            folds: whose training tracks are counted.

        Returns:
            [shape=(n_tracks, n_labels)].
        """
        translated = np.zeros(targets.shape, np.float32)
        for train, test in folds:
            # One imaginary track, of all labels alike, for genres that are heard in none.
            counts = self.probabilities[train].T @ targets[train].astype(np.float32)
            shares = counts + 1 / targets.shape[1]
            shares /= shares.sum(axis=1, keepdims=True)
            translated[test] = self.probabilities[test] @ shares
        return translated
