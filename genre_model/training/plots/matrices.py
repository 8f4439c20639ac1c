"""Matrices as coloured cells with their numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.style import (
    DIVERGING_MAP,
    SEQUENTIAL_MAP,
    new_figure,
    plot_style,
    save_plot,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

#: Longer names of rows and columns are broken.
LETTERS_OF_A_NAME = 18


@plot_style()
def plot_confusion(
    confusion: NDArray[Any], title: str, path: Path, *, genres: Sequence[str] = GENRES
) -> list[Path]:
    """Draw a confusion matrix: counts, and shares of the true genre's tracks.

    It counts by true genre (row) and predicted genre (column) [shape=(n_genres, n_genres)].
    A row without tracks is grey.
    """
    counts = np.asarray(confusion, float)
    if counts.shape != (len(genres), len(genres)):
        raise ValueError(f"{len(genres)} genres cannot name a {counts.shape} matrix")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.full_like(counts, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)

    def cell(row: int, column: int) -> str:
        count = f"{counts[row, column]:.4g}"
        # Zeros without their share leave the mistakes to stand out.
        return (
            f"{count}\n{100 * shares[row, column]:.0f} %" if counts[row, column] else count
        )

    side_in = max(4.2, 2.2 + 0.5 * len(genres))
    figure = new_figure(title, side_in + 0.9, side_in)
    axes = figure.subplots()
    image = draw_matrix(axes, shares, genres, is_signed=False, text_pt=9)
    write_in_cells(axes, image, cell)
    axes.set(xlabel="predicted genre", ylabel="true genre")
    label = "share of the true genre's tracks"
    figure.colorbar(image, ax=axes, label=label, format="{x:.0%}")
    return save_plot(figure, path)


def draw_matrix(
    axes: Axes,
    values: NDArray[Any],
    names: Sequence[str],
    *,
    is_signed: bool,
    text_pt: float = 8,
    n_letters: int = LETTERS_OF_A_NAME,
) -> AxesImage:
    """Colour the cells of a square matrix from 0 to 1, or from -1 to 1 if it is signed.

    NaN cells stay grey. ``names`` are along both edges, broken where they are longer than
    ``n_letters``.
    """
    axes.set_facecolor("#DDDDDD")
    axes.tick_params(labelsize=text_pt)
    image = axes.imshow(
        np.ma.masked_invalid(values),
        cmap=DIVERGING_MAP if is_signed else SEQUENTIAL_MAP,
        vmin=-1 if is_signed else 0,
        vmax=1,
        interpolation="nearest",
    )
    broken = [wrapped(name, n_letters) for name in names]
    axes.set_xticks(range(len(names)), broken, rotation=90)
    axes.set_yticks(range(len(names)), broken)
    return image


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
