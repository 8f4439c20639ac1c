"""Loss and accuracy over the epochs of trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.appearance import BLUE, VERMILION
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    Rows = Sequence[Mapping[str, float]]

#: Prefix of a column, what it is called, and how it is drawn.
PARTS = (("train", "training", BLUE, "-"), ("valid", "validation", VERMILION, "--"))


def plot_metrics(rows: Rows, path: Path) -> list[Path]:
    """Draw the learning curves of one training.

    Args:
        rows: one per epoch, with ``epoch`` and any of ``train_loss``, ``valid_loss``,
            ``train_accuracy`` and ``valid_accuracy`` (a share).
        path: of the two files, with or without suffix.

    Returns:
        The PNG and the SVG file.
    """
    return plot_learning_curves({"this run": rows}, "Learning curves", path)


@plot_style()
def plot_learning_curves(runs: Mapping[str, Rows], title: str, path: Path) -> list[Path]:
    """Draw the learning curves of several trainings: folds, seeds.

    Args:
        runs: rows as in ``plot_metrics``, by the name of the run. Each is a thin line;
            their mean, a thick one, ends where the first of them ends.
        title: what was trained.
        path: of the two files, with or without suffix.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 9, 3.8)
    loss, accuracy = figure.subplots(1, 2)
    # Augmented and smoothed targets make the training's loss the greater one at times.
    loss.set(xlabel="epoch", ylabel="loss (nats; training: as augmented)")
    _draw(loss, list(runs.values()), "loss", 1)
    accuracy.set(xlabel="epoch", ylabel="accuracy (% of what was judged)", ylim=(0, 100))
    _draw(accuracy, list(runs.values()), "accuracy", 100)
    return save_plot(figure, path)


def _draw(axes: Axes, runs: list[Rows], measure: str, scale: float) -> None:
    for prefix, called, colour, style in PARTS:
        curves = [_curve(rows, f"{prefix}_{measure}", scale) for rows in runs]
        curves = [curve for curve in curves if curve]
        if not curves:
            continue
        look: dict[str, Any] = {"color": colour, "linestyle": style}
        if len(curves) > 1:
            for curve in curves:
                axes.plot(*zip(*curve.items(), strict=True), **look, lw=0.7, alpha=0.5)
        label = called if len(curves) == 1 else f"{called}, mean of {len(curves)} runs"
        mean = _mean(curves)
        axes.plot(*zip(*mean.items(), strict=True), **look, lw=2, label=label)
    axes.grid(alpha=0.3)
    axes.locator_params(axis="x", integer=True)
    if axes.lines:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)


def _curve(rows: Rows, name: str, scale: float) -> dict[float, float]:
    return {row["epoch"]: scale * row[name] for row in rows if name in row}


def _mean(curves: list[dict[float, float]]) -> dict[float, float]:
    """Average at the epochs that all have: others would bend it by who is missing."""
    common = sorted(set.intersection(*map(set, curves)))
    return {epoch: float(np.mean([curve[epoch] for curve in curves])) for epoch in common}
