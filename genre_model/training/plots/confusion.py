"""Which genre was taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot
from genre_model.training.plots.matrices import (
    draw_matrix,
    name_rows_and_columns,
    write_in_cells,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@plot_style()
def plot_confusion(
    confusion: NDArray[Any], title: str, path: Path, *, genres: Sequence[str] = GENRES
) -> list[Path]:
    """Draw a confusion matrix: counts, and shares of the true genre's tracks.

    Args:
        confusion: counts by true genre (row) and predicted genre (column)
            [shape=(n_genres, n_genres)]. A row without tracks is grey.
        title: what was judged.
        path: of the two files, with or without suffix.
        genres: names of rows and columns.

    Returns:
        The PNG and the SVG file.
    """
    counts = np.asarray(confusion, float)
    if counts.shape != (len(genres), len(genres)):
        raise ValueError(f"{len(genres)} genres cannot name a {counts.shape} matrix")
    shares = _shares_of_rows(counts)
    side_in = max(4.2, 2.2 + 0.5 * len(genres))
    figure = new_figure(title, side_in + 0.9, side_in)
    axes = figure.subplots()
    image = draw_matrix(axes, shares, is_signed=False, text_pt=9)
    name_rows_and_columns(axes, genres)
    write_in_cells(axes, image, lambda row, column: _cell(counts, shares, row, column))
    axes.set(xlabel="predicted genre", ylabel="true genre")
    label = "share of the true genre's tracks"
    figure.colorbar(image, ax=axes, label=label, format="{x:.0%}")
    return save_plot(figure, path)


def _shares_of_rows(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.full_like(counts, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def _cell(
    counts: NDArray[np.float64], shares: NDArray[np.float64], row: int, column: int
) -> str:
    count = f"{counts[row, column]:.4g}"
    # Zeros without their share leave the mistakes to stand out.
    return f"{count}\n{100 * shares[row, column]:.0f} %" if counts[row, column] else count
