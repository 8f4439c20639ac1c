"""The filters of a network's first layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.appearance import DIVERGING_MAP, SEQUENTIAL_MAP
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot
from genre_model.training.plots.filter_responses import frequency_responses_of

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

N_COLUMNS = 8
#: Of a cell of the grid: its width, how much of it the filter takes, and its height in
#: widths, with room for the number above.
CELL_IN, SIDE, ROW_STEP = 0.7, 0.88, 1.2


@plot_style()
def plot_filters(
    filters: NDArray[np.floating], title: str, path: Path, *, with_responses: bool = True
) -> list[Path]:
    """Draw filters in a grid, and in the same grid what each of them lets pass.

    Args:
        filters: over bands and frames [shape=(n_filters, height, width)], lowest band
            first.
        title: of which network.
        path: of the two files, with or without suffix.
        with_responses: draw the frequency responses, too.

    Returns:
        The PNG and the SVG file.
    """
    n_rows = -(-len(filters) // N_COLUMNS)
    n_grids = 1 + with_responses
    width_in = n_grids * (N_COLUMNS * CELL_IN + 1.1)
    figure = new_figure(title, width_in, max(2.4, 0.75 + n_rows * CELL_IN * ROW_STEP))
    grids = figure.subplots(1, n_grids, squeeze=False)[0]
    limit = float(np.abs(filters).max()) or 1.0  # a layer of zeros has no scale
    weights: dict[str, Any] = {"cmap": DIVERGING_MAP, "vmin": -limit, "vmax": limit}
    caption = "frames, early to late; upwards: bands, low to high"
    _draw_grid(figure, grids[0], filters, weights, ("weight", caption))
    if with_responses:
        passed: dict[str, Any] = {"cmap": SEQUENTIAL_MAP, "vmin": 0, "vmax": 1}
        caption = "cycles per frame, -0.5 to 0.5; upwards: cycles per band, the same"
        responses = frequency_responses_of(filters)
        _draw_grid(figure, grids[1], responses, passed, ("relative response", caption))
    return save_plot(figure, path)


def _draw_grid(
    figure: Figure,
    axes: Axes,
    images: NDArray[Any],
    look: dict[str, Any],
    words: tuple[str, str],
) -> None:
    for index, image in enumerate(images):
        row, column = divmod(index, N_COLUMNS)
        top = row * ROW_STEP
        extent = (column, column + SIDE, top + SIDE, top)
        # Upside down, since rows of the grid go down; the lowest band stays below.
        shown = axes.imshow(
            np.flipud(image), extent=extent, interpolation="nearest", **look
        )
        frame = [column, column + SIDE, column + SIDE, column, column]
        axes.plot(frame, [top, top, top + SIDE, top + SIDE, top], color="black", lw=0.6)
        axes.text(column + SIDE / 2, top - 0.04, str(index), ha="center", fontsize=8)
    axes.set(xlim=(-0.1, N_COLUMNS), ylim=(top + SIDE + 0.1, -0.3), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(words[1], fontsize=9)
    figure.colorbar(shown, ax=axes, label=words[0])
