"""Learning curves, reliability diagrams and risk-coverage curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.metrics import wilson_interval
from genre_model.training.plots.style import (
    BLUE,
    GREY,
    VERMILION,
    line_look,
    new_figure,
    plot_style,
    save_plot,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from genre_model.metrics import ReliabilityBins

    Rows = Sequence[Mapping[str, float]]

#: Prefix of a column, what it is called, and how it is drawn.
PARTS = (("train", "training", BLUE, "-"), ("valid", "validation", VERMILION, "--"))
#: Risks of fewer tracks than this share may rise out of the plot.
MIN_COVERAGE = 0.1


def plot_metrics(rows: Rows, path: Path) -> list[Path]:
    """Draw the learning curves of one training.

    Rows are of one epoch each, with ``epoch`` and any of ``train_loss``, ``valid_loss``,
    ``train_accuracy`` and ``valid_accuracy`` (a share).
    """
    return plot_learning_curves({"this run": rows}, "Learning curves", path)


@plot_style()
def plot_learning_curves(runs: Mapping[str, Rows], title: str, path: Path) -> list[Path]:
    """Draw the learning curves of several trainings: folds, seeds.

    Rows are as in ``plot_metrics``, by the name of the run. Each run is a thin line; their
    mean, a thick one, ends where the first of them ends.
    """
    figure = new_figure(title, 9, 3.8)
    loss, accuracy = figure.subplots(1, 2)
    # Augmented and smoothed targets make the training's loss the greater one at times.
    loss.set(xlabel="epoch", ylabel="loss (nats; training: as augmented)")
    _draw_measure(loss, list(runs.values()), "loss", 1)
    accuracy.set(xlabel="epoch", ylabel="accuracy (%)", ylim=(0, 100))
    _draw_measure(accuracy, list(runs.values()), "accuracy", 100)
    return save_plot(figure, path)


def _draw_measure(axes: Axes, runs: list[Rows], measure: str, scale: float) -> None:
    for prefix, called, colour, style in PARTS:
        name = f"{prefix}_{measure}"
        curves = [
            {row["epoch"]: scale * row[name] for row in rows if name in row}
            for rows in runs
        ]
        curves = [curve for curve in curves if curve]
        if not curves:
            continue
        label = called
        look: dict[str, Any] = {"color": colour, "linestyle": style}
        if len(curves) > 1:
            label += f", mean of {len(curves)} runs"
            for curve in curves:
                axes.plot(*zip(*curve.items(), strict=True), **look, lw=0.7, alpha=0.5)
        mean = _mean_curve(curves)
        axes.plot(*zip(*mean.items(), strict=True), **look, lw=2, label=label)
    axes.grid(alpha=0.3)
    axes.locator_params(axis="x", integer=True)
    if axes.lines:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)


def _mean_curve(curves: list[dict[float, float]]) -> dict[float, float]:
    """Average at the epochs that all have: others would bend it by who is missing."""
    common = sorted(set.intersection(*map(set, curves)))
    return {epoch: float(np.mean([curve[epoch] for curve in curves])) for epoch in common}


@plot_style()
def plot_reliability(
    bins: ReliabilityBins,
    title: str,
    path: Path,
    *,
    calibration_error: float | None = None,
    noise_floor: float | None = None,
    n_systems: int = 1,
) -> list[Path]:
    """Draw a reliability diagram (Guo et al. 2017) over a histogram of confidence.

    Args:
        bins: what was measured; empty ones are not drawn.
        title: what was evaluated.
        path: of the two files.
        calibration_error: expected calibration error over these bins, a share.
        noise_floor: the error that a perfectly calibrated model would show on the same
            number of tracks, a share: chance puts no bin exactly on the diagonal.
        n_systems: seeds whose predictions of the same tracks are pooled in the bins:
            they make neither more tracks nor narrower intervals.
    """
    figure = new_figure(title, 5.4, 6.4)
    diagram, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    n_tracks = bins.n_tracks / n_systems
    _draw_diagram(diagram, bins, n_tracks)
    errors = {"ECE": calibration_error, "noise floor": noise_floor}
    text = "\n".join(f"{k} {100 * v:.1f} %" for k, v in errors.items() if v is not None)
    diagram.text(0.98, 0.04, text, ha="right", transform=diagram.transAxes)
    edges, look = 100 * bins.edges, {"facecolor": GREY, "edgecolor": "black"}
    histogram.bar(edges[:-1], n_tracks, np.diff(edges), align="edge", **look)
    histogram.set(xlabel="confidence (%)", ylabel="tracks", xlim=(0, 100))
    return save_plot(figure, path)


def _draw_diagram(axes: Axes, bins: ReliabilityBins, n_tracks: NDArray[np.float64]) -> None:
    filled = n_tracks > 0
    confidences, accuracies = 100 * bins.confidences[filled], bins.accuracies[filled]
    diagonal: dict[str, Any] = {
        "color": "black",
        "ls": "--",
        "lw": 1,
        "label": "perfectly calibrated",
    }
    axes.plot([0, 100], [0, 100], **diagonal)
    for x, share, n in zip(confidences, accuracies, n_tracks[filled], strict=True):
        low, high = wilson_interval(share * n, n)
        axes.plot([x, x], [100 * low, 100 * high], color=BLUE, lw=1.2)
    label = "measured; lines: 95 % Wilson interval"
    look: dict[str, Any] = {"color": BLUE, "marker": "o", "ms": 6, "lw": 1, "label": label}
    axes.plot(confidences, 100 * accuracies, **look)
    axes.set(ylabel="right (% of the bin's tracks)", ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")


@plot_style()
def plot_risk_coverage(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], title: str, path: Path
) -> list[Path]:
    """Draw risk-coverage curves: what abstaining buys (Geifman & El-Yaniv 2017).

    ``curves`` are, by system, coverage, the share of tracks that get a genre, ascending,
    and risk, the share of those that is wrong [shape=(n_points,) each].
    """
    figure = new_figure(title, 6.5, 4.6)
    axes = figure.subplots()
    greatest = 0.0
    for index, (name, curve) in enumerate(curves.items()):
        coverage, risk = (np.asarray(values, float) for values in curve)
        look = line_look(index)
        axes.plot(
            100 * coverage, 100 * risk, **look, lw=1.8, markevery=0.1, ms=5, label=name
        )
        # One wrong track among a few does not set the scale.
        greatest = max(greatest, np.max(risk[coverage >= MIN_COVERAGE], initial=0.0))
    axes.set(xlabel="coverage: tracks that get a genre (%)", xlim=(0, 100))
    axes.set(ylabel="risk: wrong of those (%)", ylim=(0, max(1.0, 108 * greatest)))
    axes.grid(alpha=0.3)
    axes.legend()
    return save_plot(figure, path)
