"""Feature tables brought down to two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def tsne_of(
    values: NDArray[np.float64], seed: int, perplexity: float = 30.0
) -> NDArray[np.float64]:
    """Compute t-SNE coordinates (van der Maaten & Hinton 2008).

    Every feature is standardised first, or the one of the greatest unit would decide
    alone who is near whom. The start is the principal components, so that the seed
    matters little.

    Args:
        values: [shape=(n_tracks, n_features)].
        seed: of scikit-learn's generator.
        perplexity: about how many neighbours a track has; less than ``n_tracks``.

    Returns:
        Coordinates without unit [shape=(n_tracks, 2)].

    Raises:
        TrainingDataError: if the table has gaps or too few tracks.
    """
    from sklearn.manifold import TSNE

    if not 0 < perplexity < len(values):
        raise TrainingDataError(
            f"t-SNE of {len(values)} tracks cannot have perplexity {perplexity:g}: it has "
            "to be above 0 and below the number of tracks; lower it or give more tracks"
        )
    model = TSNE(n_components=2, init="pca", perplexity=perplexity, random_state=seed)
    return np.asarray(model.fit_transform(standardised(values)), np.float64)


def pca_of(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the first two principal components of standardised features.

    Args:
        values: [shape=(n_tracks, n_features)].

    Returns:
        Coordinates in standard deviations of the features [shape=(n_tracks, 2)], and
        the share of the variance that each component explains [shape=(2,)].

    Raises:
        TrainingDataError: if the table has gaps, or less than two tracks or features.
    """
    from sklearn.decomposition import PCA

    if min(values.shape) < 2:
        raise TrainingDataError(
            f"two principal components need two tracks and two features, not a table of "
            f"{values.shape[0]} tracks and {values.shape[1]} features"
        )
    model = PCA(n_components=2, svd_solver="full")
    coordinates = model.fit_transform(standardised(values))
    return np.asarray(coordinates, np.float64), np.asarray(model.explained_variance_ratio_)


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring every feature to mean 0 and standard deviation 1; constant ones become 0.

    Args:
        values: [shape=(n_tracks, n_features)].

    Raises:
        TrainingDataError: if a value is not a finite number.
    """
    from sklearn.preprocessing import StandardScaler

    table = np.asarray(values, np.float64)
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise TrainingDataError(
            f"the feature table has {table[row, column]} in row {row}, column {column} "
            f"(counted from 0), and {np.sum(~np.isfinite(table))} such values in all; "
            "finite numbers are expected: leave those tracks or features out"
        )
    return np.asarray(StandardScaler().fit_transform(table), np.float64)
