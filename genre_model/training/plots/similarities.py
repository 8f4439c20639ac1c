"""How alike features are, or genres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.plots.projections import standardised

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cosine_similarity_of_genres(
    values: NDArray[np.float64], labels: NDArray[np.int64], n_genres: int
) -> NDArray[np.float64]:
    """Compute the cosine between the mean features of every two genres.

    Features are standardised over all tracks first: of raw ones, the one of the
    greatest unit decides alone, and of ones that are scaled to 0..1, all genres come
    out alike, since all means lie in one direction from 0. (Paper 001, figure 8, calls
    its features "scaled" and does not say how.) Here 1 says that two genres differ from
    the average track in the same way, -1 that they do so in opposite ways.

    Args:
        values: [shape=(n_tracks, n_features)].
        labels: index of the genre of each track [shape=(n_tracks,)].
        n_genres: how many there are.

    Returns:
        [shape=(n_genres, n_genres)]; NaN for a genre without tracks or whose mean is
        the mean of all.

    Raises:
        TrainingDataError: if a value is not a finite number.
    """
    table = standardised(values)
    means = np.full((n_genres, table.shape[1]), np.nan)
    for genre in np.unique(labels):
        means[genre] = table[labels == genre].mean(axis=0)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    directions = np.full_like(means, np.nan)
    np.divide(means, lengths, out=directions, where=lengths > 0)
    return np.asarray(np.clip(directions @ directions.T, -1, 1))


def correlation_of_features(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute Pearson's correlation of every two features.

    Args:
        values: [shape=(n_tracks, n_features)].

    Returns:
        [shape=(n_features, n_features)]; NaN for features that are the same everywhere.

    Raises:
        TrainingDataError: if a value is not a finite number.
    """
    table = standardised(values)
    varies = np.ptp(table, axis=0) > 0
    correlation = np.clip(table.T @ table / len(table), -1, 1)
    return np.where(varies[:, None] & varies, correlation, np.nan)
