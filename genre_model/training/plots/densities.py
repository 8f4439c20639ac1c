"""Estimates of how the values of a feature are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def density_of(
    values: NDArray[np.float64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Estimate a density with Gaussian kernels of Scott's width (Scott 1992).

    Args:
        values: of one feature [shape=(n_tracks,)].
        places: where to estimate it [shape=(n_places,)].

    Returns:
        Share of the tracks per unit of the feature [shape=(n_places,)]; 0 everywhere
        if the values are all the same, which have a place but no density.
    """
    from scipy.stats import gaussian_kde

    if len(np.unique(values)) < 2:
        return np.zeros(len(places))
    return np.asarray(gaussian_kde(values)(places), np.float64)
