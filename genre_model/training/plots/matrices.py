"""Matrices as coloured cells with their numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.appearance import DIVERGING_MAP, SEQUENTIAL_MAP
from genre_model.training.plots.figure_files import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

#: Longer names of rows and columns are broken.
LETTERS_OF_A_NAME = 18


def draw_matrix(
    axes: Axes, values: NDArray[Any], *, is_signed: bool, text_pt: float = 8
) -> AxesImage:
    """Colour the cells of a matrix from 0 to 1, or from -1 to 1 if it is signed.

    Args:
        axes: what to draw on.
        values: [shape=(n_rows, n_columns)]; what is not a number stays grey.
        is_signed: 0 is in the middle of the colours.
        text_pt: size of the names at the edges.
    """
    axes.set_facecolor("#DDDDDD")
    axes.tick_params(labelsize=text_pt)
    return axes.imshow(
        np.ma.masked_invalid(values),
        cmap=DIVERGING_MAP if is_signed else SEQUENTIAL_MAP,
        vmin=-1 if is_signed else 0,
        vmax=1,
        interpolation="nearest",
    )


def name_rows_and_columns(
    axes: Axes, names: Sequence[str], n_letters: int = LETTERS_OF_A_NAME
) -> None:
    """Write the same names along both edges of a square matrix, broken if longer."""
    broken = [wrapped(name, n_letters) for name in names]
    axes.set_xticks(range(len(names)), broken, rotation=90)
    axes.set_yticks(range(len(names)), broken)


def write_in_cells(
    axes: Axes, image: AxesImage, text_of: Callable[[int, int], str], text_pt: float = 8
) -> None:
    """Write a text into each cell, black or white, whichever stands out more."""
    values: np.ma.MaskedArray[Any, Any] = np.ma.asarray(image.get_array())
    colours = image.to_rgba(values)
    for row, column in np.argwhere(~np.ma.getmaskarray(values)):
        axes.text(
            column,
            row,
            text_of(row, column),
            ha="center",
            va="center",
            color="black" if _luminance(colours[row, column]) > 0.18 else "white",
            fontsize=text_pt,
        )


def _luminance(colour: NDArray[np.float64]) -> float:
    """Relative luminance (WCAG 2.1); at 0.18 black and white contrast equally."""
    rgb = colour[:3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
