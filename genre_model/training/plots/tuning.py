"""Accuracy over many values of a classifier's one setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.plots.appearance import line_look
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


@plot_style()
def plot_tuning(
    values: ArrayLike,
    curves: Mapping[str, ArrayLike],
    setting: str,
    title: str,
    path: Path,
    *,
    is_logarithmic: bool = False,
    chosen: float | None = None,
) -> list[Path]:
    """Draw the accuracy of a classifier over many values of its one setting.

    Args:
        values: that were tried, ascending [shape=(n_values,)].
        curves: accuracies (shares) by what they were measured on
            [shape=(n_values, n_folds) or (n_values,)].
        setting: its name, with its unit.
        title: of which classifier.
        path: of the two files, with or without suffix.
        is_logarithmic: each step multiplies the value.
        chosen: the value that was taken.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 6.5, 4.4)
    axes = figure.subplots()
    x = np.asarray(values, float)
    for index, (name, accuracies) in enumerate(curves.items()):
        table = 100 * np.asarray(accuracies, float).reshape(len(x), -1)
        _draw_band(axes, x, table, index, name)
    if chosen is not None:
        axes.axvline(chosen, color="black", lw=1, ls=":", label=f"chosen: {chosen:g}")
    if is_logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.locator_params(axis="x", integer=True)
    axes.set(xlabel=setting, ylabel="accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend()
    return save_plot(figure, path)


def _draw_band(axes: Axes, x: ArrayLike, table: ArrayLike, index: int, name: str) -> None:
    percent = np.asarray(table, float)
    mean, look = percent.mean(axis=1), line_look(index)
    n_folds = percent.shape[1]
    if n_folds > 1:
        spread = percent.std(axis=1, ddof=1)
        axes.fill_between(x, mean - spread, mean + spread, alpha=0.15, fc=look["color"])
        name += f" (mean ± 1 sd of {n_folds})"
    axes.plot(x, mean, **look, ms=5, lw=1.5, label=name)
