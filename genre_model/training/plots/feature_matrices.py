"""Likeness of features, or of genres, as coloured matrices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot
from genre_model.training.plots.matrices import (
    draw_matrix,
    name_rows_and_columns,
    write_in_cells,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

#: Numbers would not be legible in the cells of more features than this.
MAX_NUMBERED = 24


@plot_style()
def plot_correlation_map(
    correlation: NDArray[np.float64], names: Sequence[str], title: str, path: Path
) -> list[Path]:
    """Draw the correlation of features.

    Args:
        correlation: -1 to 1 [shape=(n_features, n_features)]; NaN cells are grey.
        names: of the features.
        title: what is shown.
        path: of the two files, with or without suffix.

    Returns:
        The PNG and the SVG file.
    """
    is_numbered = len(names) <= MAX_NUMBERED
    side_in = 2.7 + (0.4 if is_numbered else 0.145) * len(names)
    figure = new_figure(title, side_in + 1, side_in)
    axes = figure.subplots()
    image = draw_matrix(axes, correlation, is_signed=True, text_pt=8)
    name_rows_and_columns(axes, names, n_letters=40)
    if is_numbered:
        write_in_cells(axes, image, partial(_two_digits, correlation), 7)
    figure.colorbar(image, ax=axes, label="Pearson's correlation")
    return save_plot(figure, path)


@plot_style()
def plot_cosine_similarity(
    panels: Mapping[str, NDArray[np.float64]],
    title: str,
    path: Path,
    *,
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Draw how alike genres are, in one set of features or in several.

    Args:
        panels: cosines by set of features [shape=(n_genres, n_genres)], as of
            ``similarities.cosine_similarity_of_genres``; NaN cells are grey.
        title: what is shown.
        path: of the two files, with or without suffix.
        genres: names of rows and columns.

    Returns:
        The PNG and the SVG file.
    """
    side_in = 1.6 + 0.42 * len(genres)
    figure = new_figure(title, side_in * len(panels) + 1, max(3.4, side_in + 0.1))
    row = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, cosines) in zip(row, panels.items(), strict=True):
        image = draw_matrix(axes, cosines, is_signed=True, text_pt=9)
        name_rows_and_columns(axes, genres)
        write_in_cells(axes, image, partial(_two_digits, cosines), 7.5)
        axes.set_title(name)
    figure.colorbar(image, ax=list(row), label="cosine of the genres' means")
    return save_plot(figure, path)


def _two_digits(values: NDArray[np.float64], row: int, column: int) -> str:
    return f"{values[row, column]:.2f}"
