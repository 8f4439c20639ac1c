"""What the filters of a network's first layer look like, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper
from scipy.fft import dctn
from scipy.stats import binomtest

from genre_model.errors import ModelFileError
from genre_model.model.source import read_network

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class FilterShapes:
    """Filters by what they respond to most.

    A filter is divided into cosine shapes (an orthonormal transform), the lowest of which
    are, over bands and over frames each: mean, difference, curvature.

    Attributes:
        n_filters: of the layer.
        n_shapes: into which each is divided: its number of weights.
        n_onset: those of which most is a difference over frames at all bands alike, as
            of an onset detector.
        n_band: those of which most is a curvature over bands in all frames alike, as of
            a band-pass filter.
    """

    n_filters: int
    n_shapes: int
    n_onset: int
    n_band: int

    @property
    def chance(self) -> float:
        """Share of random filters that would count as one of the two."""
        return 2 / self.n_shapes

    @property
    def p_value(self) -> float:
        """How probable this number of them is if filters are random."""
        n_either = self.n_onset + self.n_band
        test = binomtest(n_either, self.n_filters, self.chance, alternative="greater")
        return float(test.pvalue)


def first_filters(path: Path) -> NDArray[np.float32]:
    """Read the first layer's filters from a model file.

    Returns:
        Over bands and frames, lowest band first [shape=(n_filters, height, width)].

    Raises:
        ModelFileError: if its first layer is no two-dimensional convolution.
    """
    model = onnx.load_model_from_string(read_network(path))
    constants = {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in constants:
            weights = numpy_helper.to_array(constants[node.input[1]])
            if weights.ndim == 4:
                filters: NDArray[np.float32] = weights.mean(axis=1)
                return filters
    raise ModelFileError(f"model file {path}: it has no two-dimensional convolution")


def shapes_of(filters: NDArray[np.floating]) -> FilterShapes:
    """Count the filters that resemble onset detectors and band-pass filters.

    Args:
        filters: [shape=(n_filters, height, width)], at least 3 x 3.
    """
    energies = dctn(filters, axes=(1, 2), norm="ortho") ** 2
    most = energies.reshape(len(filters), -1).argmax(axis=1)
    over_bands, over_frames = np.unravel_index(most, filters.shape[1:])
    return FilterShapes(
        n_filters=len(filters),
        n_shapes=energies[0].size,
        n_onset=int(np.sum((over_bands == 0) & (over_frames == 1))),
        n_band=int(np.sum((over_bands == 2) & (over_frames == 0))),
    )
