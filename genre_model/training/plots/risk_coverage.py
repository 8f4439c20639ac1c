"""How many of the tagged tracks are wrong, against how many are tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.plots.appearance import line_look
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike

#: Risks of fewer tracks than this share may rise out of the plot.
MIN_COVERAGE = 0.1


@plot_style()
def plot_risk_coverage(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], title: str, path: Path
) -> list[Path]:
    """Draw risk-coverage curves: what abstaining buys (Geifman & El-Yaniv 2017).

    Args:
        curves: coverage, the share of tracks that get a genre, ascending, and risk, the
            share of those that is wrong [shape=(n_points,) each], by system.
        title: what was judged.
        path: of the two files, with or without suffix.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 6.5, 4.6)
    axes = figure.subplots()
    for index, (name, (coverage, risk)) in enumerate(curves.items()):
        x, y = 100 * np.asarray(coverage, float), 100 * np.asarray(risk, float)
        axes.plot(x, y, **line_look(index), lw=1.8, markevery=0.1, ms=5, label=name)
    axes.set(xlabel="coverage: tracks that get a genre (%)", xlim=(0, 100))
    axes.set(ylabel="risk: wrong of those (%)")
    axes.set_ylim(0, max(1.0, 108 * max(map(_greatest_risk, curves.values()))))
    axes.grid(alpha=0.3)
    axes.legend()
    return save_plot(figure, path)


def _greatest_risk(curve: tuple[ArrayLike, ArrayLike]) -> float:
    """Leave out where one wrong track among a few would set the scale."""
    coverage, risk = (np.asarray(values, float) for values in curve)
    return float(np.max(risk[coverage >= MIN_COVERAGE], initial=0.0))
