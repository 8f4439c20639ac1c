"""How a feature is spread within each genre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.appearance import point_look
from genre_model.training.plots.densities import density_of
from genre_model.training.plots.figure_files import (
    new_figure,
    plot_style,
    save_plot,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

#: The highest hill reaches this many rows up.
OVERLAP = 1.4
N_PLACES = 200


@plot_style()
def plot_kde(
    features: Mapping[str, NDArray[np.float64]],
    labels: NDArray[np.int64],
    title: str,
    path: Path,
    *,
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Draw the density of features, a row for each genre, so that none hides another.

    Args:
        features: values by name with unit, such as "tempo (BPM)" [shape=(n_tracks,)].
        labels: index into ``genres`` of each track [shape=(n_tracks,)].
        title: what is shown.
        path: of the two files, with or without suffix.
        genres: names of the labels.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 2 + 4.2 * len(features), 1.8 + 0.45 * len(genres))
    panels = figure.subplots(1, len(features), sharey=True, squeeze=False)[0]
    for axes, (name, values) in zip(panels, features.items(), strict=True):
        by_genre = [values[labels == index] for index in range(len(genres))]
        _draw_rows(axes, by_genre, _places(values))
        axes.set(xlabel=name, ylim=(len(genres) - 0.7, -OVERLAP - 0.1))
        axes.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(genres)), [wrapped(genre, 18) for genre in genres])
    panels[0].set_ylabel("genres; hills: density, all on one scale; bars: medians")
    return save_plot(figure, path)


def _places(values: NDArray[np.float64]) -> NDArray[np.float64]:
    margin = 0.08 * np.ptp(values)
    return np.linspace(values.min() - margin, values.max() + margin, N_PLACES)


def _draw_rows(
    axes: Axes, by_genre: list[NDArray[np.float64]], places: NDArray[np.float64]
) -> None:
    hills = [density_of(values, places) for values in by_genre]
    scale = OVERLAP / max(np.max(hills), np.finfo(float).tiny)
    for index, (values, hill) in enumerate(zip(by_genre, hills, strict=True)):
        colour = point_look(index)["facecolor"]
        order: dict[str, Any] = {
            "zorder": 2 + index
        }  # each row stands before the one above
        axes.fill_between(
            places, index - scale * hill, index, fc=colour, alpha=0.6, **order
        )
        axes.plot(places, index - scale * hill, color="black", lw=1, **order)
        if len(values):
            middle = float(np.median(values))
            axes.plot([middle] * 2, [index - 0.35, index], color="black", lw=2, **order)
