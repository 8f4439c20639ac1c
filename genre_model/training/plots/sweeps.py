"""Accuracy against the value of a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.appearance import BLUE, VERMILION
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

    Sweep = Mapping[str, Sequence[float]]

N_COLUMNS = 3
LETTERS_OF_A_PANEL = 32
#: Numbers stand to the left of their points.
BESIDE: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center"}


@plot_style()
def plot_sweep(
    sweeps: Mapping[str, Sweep],
    title: str,
    path: Path,
    *,
    chosen: Mapping[str, str] | None = None,
) -> list[Path]:
    """Draw one panel per setting, with all others at the value they have by default.

    Args:
        sweeps: by setting (with its unit), accuracies (shares) of every seed or fold by
            the value, in the order in which they are drawn.
        title: of which system.
        path: of the two files, with or without suffix.
        chosen: the value of each setting that the other panels use.

    Returns:
        The PNG and the SVG file.
    """
    n_columns = min(N_COLUMNS, len(sweeps))
    n_rows = -(-len(sweeps) // n_columns)
    figure = new_figure(title, max(5, 3.4 * n_columns), 0.8 + 2.7 * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for axes, (setting, sweep) in zip(grid.flat, sweeps.items(), strict=False):
        _draw_sweep(axes, sweep, (chosen or {}).get(setting))
        axes.set_xlabel(wrapped(setting, LETTERS_OF_A_PANEL))
    for axes in grid.flat[len(sweeps) :]:
        axes.axis("off")
    n_runs = max(len(runs) for sweep in sweeps.values() for runs in sweep.values())
    spread = "; lines: ± 1 standard deviation" if n_runs > 1 else ""
    marked = "; square: value in the other panels" if chosen else ""
    figure.supylabel(wrapped(f"accuracy (%){spread}{marked}", 38 * n_rows), fontsize=10)
    return save_plot(figure, path)


def _draw_sweep(axes: Axes, sweep: Sweep, chosen: str | None) -> None:
    for place, (value, runs) in enumerate(sweep.items()):
        percent = 100 * np.asarray(runs, float)
        mean, is_chosen = percent.mean(), value == chosen
        if len(percent) > 1:
            spread = percent.std(ddof=1)
            axes.plot([place] * 2, [mean - spread, mean + spread], color=BLUE, lw=1.6)
            axes.plot([place + 0.14] * len(percent), percent, "k_", ms=7)
        colour, marker = (VERMILION, "s") if is_chosen else (BLUE, "o")
        axes.plot(place, mean, color=colour, marker=marker, ms=8)
        axes.annotate(f"{mean:.1f}", (place, mean), (-7, 0), fontsize=8, **BESIDE)
    n_letters = max(6, LETTERS_OF_A_PANEL // len(sweep))
    axes.set_xticks(range(len(sweep)), [wrapped(value, n_letters) for value in sweep])
    axes.set_xlim(-0.35 - 0.13 * len(sweep), len(sweep) - 0.5)
    axes.tick_params(labelleft=True)
    axes.grid(axis="y", alpha=0.3)
