"""Confidence against the share that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.metrics import wilson_interval
from genre_model.training.plots.appearance import BLUE, GREY
from genre_model.training.plots.figure_files import new_figure, plot_style, save_plot

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from genre_model.metrics import ReliabilityBins


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
        title: what was judged.
        path: of the two files, with or without suffix.
        calibration_error: expected calibration error over these bins, a share.
        noise_floor: the error that a perfectly calibrated model would show on as many
            tracks, a share: chance puts no bin exactly on the diagonal.
        n_systems: seeds whose judgements of the same tracks are pooled in the bins:
            they make neither more tracks nor narrower intervals.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 5.4, 6.4)
    diagram, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    n_tracks = bins.n_tracks / n_systems
    _draw_diagram(diagram, bins, n_tracks)
    told = _told(calibration_error, noise_floor)
    diagram.text(0.98, 0.04, told, ha="right", transform=diagram.transAxes)
    edges, look = 100 * bins.edges, {"facecolor": GREY, "edgecolor": "black"}
    histogram.bar(edges[:-1], n_tracks, np.diff(edges), align="edge", **look)
    histogram.set(xlabel="confidence (%)", ylabel="tracks", xlim=(0, 100))
    return save_plot(figure, path)


def _draw_diagram(axes: Axes, bins: ReliabilityBins, n_tracks: NDArray[np.float64]) -> None:
    filled = n_tracks > 0
    confidences, accuracies = bins.confidences[filled], bins.accuracies[filled]
    intervals = [
        wilson_interval(share * n, n)
        for share, n in zip(accuracies, n_tracks[filled], strict=True)
    ]
    axes.plot(
        [0, 100], [0, 100], color="black", ls="--", lw=1, label="perfectly calibrated"
    )
    for confidence, (low, high) in zip(confidences, intervals, strict=True):
        axes.plot([100 * confidence] * 2, [100 * low, 100 * high], color=BLUE, lw=1.2)
    label = "measured; lines: 95 % Wilson interval"
    axes.plot(
        100 * confidences, 100 * accuracies, color=BLUE, marker="o", ms=6, lw=1, label=label
    )
    axes.set(ylabel="right (% of the bin's tracks)", ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")


def _told(calibration_error: float | None, noise_floor: float | None) -> str:
    said = {"ECE": calibration_error, "noise floor": noise_floor}
    return "\n".join(f"{k} {100 * v:.1f} %" for k, v in said.items() if v is not None)
