"""Measures of each genre, as bars side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.metrics import genre_table, wilson_interval
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.style import (
    bar_look,
    new_figure,
    plot_style,
    save_plot,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

#: Of the genres' names.
LETTERS_PER_INCH = 12


@plot_style()
def plot_genre_bars(
    bars: Mapping[str, ArrayLike],
    title: str,
    path: Path,
    *,
    n_tracks: Mapping[str, ArrayLike] | None = None,
    measure: str = "recall",
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Draw one measure of several systems, or several measures of one, genre by genre.

    Args:
        bars: shares of each genre by the name of the series [shape=(n_genres,)]; NaN
            gets no bar.
        title: what was evaluated.
        path: of the two files.
        n_tracks: by series, how many tracks each share is one of [shape=(n_genres,)]:
            gives the series 95 % Wilson intervals. A share that is no proportion of
            independent tracks, such as F1, has none.
        measure: what the bars are.
        genres: in the order of the shares.
    """
    width_in = max(6.5, 1 + len(genres) * max(0.85, 0.27 * (len(bars) + 1)))
    figure = new_figure(title, width_in, 4.4)
    axes = figure.subplots()
    width = 0.84 / len(bars)
    for index, (name, shares) in enumerate(bars.items()):
        places = np.arange(len(genres)) + (index - (len(bars) - 1) / 2) * width
        values = np.asarray(shares, float)
        axes.bar(places, 100 * values, width, label=name, **bar_look(index))
        if n_tracks is not None and name in n_tracks:
            _draw_intervals(axes, places, values, np.asarray(n_tracks[name], float))
    n_letters = int((width_in - 1) / len(genres) * LETTERS_PER_INCH)
    axes.set_xticks(range(len(genres)), [wrapped(genre, n_letters) for genre in genres])
    axes.set(ylabel=f"{measure} (%)", ylim=(0, 104), xlim=(-0.6, len(genres) - 0.4))
    if n_tracks:
        axes.set_xlabel("lines: 95 % Wilson interval")
    axes.grid(axis="y", alpha=0.4)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=min(len(bars), 4))
    return save_plot(figure, path)


def plot_genre_table(
    confusion: NDArray[np.int64], title: str, path: Path, *, genres: Sequence[str] = GENRES
) -> list[Path]:
    """Draw precision, recall and F1 of each genre from a confusion matrix.

    It counts by true genre (row) and predicted genre (column) [shape=(n_genres, n_genres)].
    A genre without tracks, or one that is never predicted, gets no bar where nothing can
    be said.
    """
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    table = genre_table(confusion)
    table[predicted == 0, 0] = np.nan
    table[support == 0, 1:3] = np.nan
    bars = dict(zip(("precision", "recall", "F1"), table.T[:3], strict=True))
    n_tracks: dict[str, Any] = {"precision": predicted, "recall": support}
    measure = "precision, recall, F1"
    return plot_genre_bars(
        bars, title, path, n_tracks=n_tracks, measure=measure, genres=genres
    )


def _draw_intervals(
    axes: Axes,
    places: NDArray[np.floating],
    shares: NDArray[np.floating],
    n_tracks: NDArray[np.floating],
) -> None:
    for place, share, n in zip(places, shares, n_tracks, strict=True):
        if n > 0 and np.isfinite(share):
            low, high = wilson_interval(share * n, n)
            axes.plot([place, place], [100 * low, 100 * high], color="black", lw=1.3)
