"""What a filter lets pass: its two-dimensional Fourier transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def frequency_responses_of(
    filters: NDArray[np.floating], n_points: int = 33
) -> NDArray[np.float64]:
    """Compute the magnitude of each filter's response to ripples of the mel frames.

    Args:
        filters: over bands and frames [shape=(n_filters, height, width)].
        n_points: frequencies along each side, odd, so that 0 is in the middle.

    Returns:
        Magnitudes relative to the filter's greatest [shape=(n_filters, n_points,
        n_points)]: rows are ripples along the bands, columns along the frames, both
        from -0.5 to 0.5 cycles. Filters that are 0 everywhere stay 0.
    """
    spectra = np.abs(np.fft.fft2(np.asarray(filters, np.float64), (n_points, n_points)))
    centred = np.fft.fftshift(spectra, axes=(1, 2))
    greatest = centred.max(axis=(1, 2), keepdims=True)
    relative = np.zeros(centred.shape)
    np.divide(centred, greatest, out=relative, where=greatest > 0)
    return relative
