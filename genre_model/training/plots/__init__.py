"""Plots of trainings and evaluations.

Each function takes what it draws, a title and a path without suffix; it writes a PNG and
an SVG file of that name and returns their two paths. None reads a file.
"""

from __future__ import annotations

from genre_model.training.plots.curves import (
    plot_learning_curves,
    plot_metrics,
    plot_reliability,
    plot_risk_coverage,
)
from genre_model.training.plots.genre_bars import plot_genre_bars, plot_genre_table
from genre_model.training.plots.matrices import plot_confusion
from genre_model.training.plots.style import save_plot

__all__ = [
    "plot_confusion",
    "plot_genre_bars",
    "plot_genre_table",
    "plot_learning_curves",
    "plot_metrics",
    "plot_reliability",
    "plot_risk_coverage",
    "save_plot",
]
