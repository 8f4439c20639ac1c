"""Plots of data, trainings and evaluations, each as PNG and as SVG.

Functions take arrays and give files; none reads a file of ours. What has to be computed
for a plot has modules of its own: ``projections``, ``similarities``, ``densities`` and
``filter_responses``.
"""

from __future__ import annotations

from genre_model.training.plots.confusion import plot_confusion
from genre_model.training.plots.embedding import plot_embedding_2d
from genre_model.training.plots.feature_matrices import (
    plot_correlation_map,
    plot_cosine_similarity,
)
from genre_model.training.plots.figure_files import save_plot
from genre_model.training.plots.filters import plot_filters
from genre_model.training.plots.genre_bars import plot_genre_bars, plot_genre_table
from genre_model.training.plots.kde import plot_kde
from genre_model.training.plots.leak import plot_leak
from genre_model.training.plots.learning_curves import plot_learning_curves, plot_metrics
from genre_model.training.plots.mel_gallery import plot_mel_gallery
from genre_model.training.plots.reliability import plot_reliability
from genre_model.training.plots.risk_coverage import plot_risk_coverage
from genre_model.training.plots.sweeps import plot_sweep
from genre_model.training.plots.tuning import plot_tuning

__all__ = [
    "plot_confusion",
    "plot_correlation_map",
    "plot_cosine_similarity",
    "plot_embedding_2d",
    "plot_filters",
    "plot_genre_bars",
    "plot_genre_table",
    "plot_kde",
    "plot_leak",
    "plot_learning_curves",
    "plot_mel_gallery",
    "plot_metrics",
    "plot_reliability",
    "plot_risk_coverage",
    "plot_sweep",
    "plot_tuning",
    "save_plot",
]
