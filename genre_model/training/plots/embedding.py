"""Tracks as points in a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.appearance import point_look
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


@plot_style()
def plot_embedding_2d(
    panels: Mapping[str, NDArray[np.float64]],
    labels: NDArray[np.int64],
    title: str,
    path: Path,
    *,
    axis_labels: tuple[str, str] = ("t-SNE 1", "t-SNE 2"),
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Scatter the same tracks in one plane or in several, each genre with its marker.

    Args:
        panels: coordinates by what they were computed from [shape=(n_tracks, 2)].
        labels: index into ``genres`` of each track [shape=(n_tracks,)].
        title: what is shown.
        path: of the two files, with or without suffix.
        axis_labels: what the coordinates are; t-SNE's have no unit.
        genres: names of the labels.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, max(6.5, 5.6 * len(panels)), 6)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, coordinates) in zip(row, panels.items(), strict=True):
        _scatter(axes, coordinates, labels, genres)
        axes.set(title=name, xlabel=axis_labels[0], ylabel=axis_labels[1])
    handles, names = row[0].get_legend_handles_labels()
    n_columns = min(len(names), 5 * len(panels))
    figure.legend(
        handles, names, loc="outside lower center", ncols=n_columns, markerscale=1.5
    )
    return save_plot(figure, path)


def _scatter(
    axes: Axes,
    coordinates: NDArray[np.float64],
    labels: NDArray[np.int64],
    genres: Sequence[str],
) -> None:
    for index, genre in enumerate(genres):
        x, y = coordinates[labels == index].T
        look = point_look(index)
        axes.scatter(x, y, s=26, **look, linewidth=0.5, alpha=0.85, label=genre)
