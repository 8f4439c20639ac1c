"""What a leaky protocol adds to the accuracy of a system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.plots.appearance import bar_look
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

ROW_HEIGHT = 0.36
#: Numbers stay legible over a hatch.
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1}


@plot_style()
def plot_leak(
    systems: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    path: Path,
    *,
    protocols: tuple[str, str] = ("fault-filtered", "segment-random"),
) -> list[Path]:
    """Draw honest and leaky accuracy of each system, and the points between them.

    Args:
        systems: accuracies (shares) of every seed or fold under the honest protocol and
            under the leaky one, by system.
        title: what is compared.
        path: of the two files, with or without suffix.
        protocols: names of the honest and of the leaky one.

    Returns:
        The PNG and the SVG file.
    """
    figure = new_figure(title, 8, 1.7 + 0.62 * len(systems))
    axes = figure.subplots()
    names = (f"{protocols[0]} (honest)", f"{protocols[1]} (LEAKY)")
    for side, name in enumerate(names):
        for row, runs in enumerate(systems.values()):
            label = name if row == 0 else None
            _draw_bar(axes, row + (side - 0.5) * ROW_HEIGHT, runs[side], side, label)
    for row, (honest, leaky) in enumerate(systems.values()):
        points = 100 * (np.mean(leaky) - np.mean(honest))
        axes.text(103, row, f"{points:+.1f} points", va="center")
    axes.set_yticks(range(len(systems)), [wrapped(name, 28) for name in systems])
    several = any(len(runs) > 1 for pair in systems.values() for runs in pair)
    spread = "; lines: lowest to highest run" if several else ""
    axes.set(xlabel=f"accuracy (%){spread}", xlim=(0, 126))
    axes.set(xticks=range(0, 101, 20), ylim=(len(systems) - 0.4, -0.6))
    axes.grid(axis="x", alpha=0.4)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2)
    return save_plot(figure, path)


def _draw_bar(
    axes: Axes, place: float, runs: Sequence[float], side: int, label: str | None
) -> None:
    percent = 100 * np.asarray(runs, float)
    mean = percent.mean()
    axes.barh(place, mean, ROW_HEIGHT, label=label, **bar_look(side))
    axes.text(1.5, place, f"{mean:.1f}", va="center", fontsize=9, bbox=PLATE)
    if len(percent) > 1:
        axes.plot([percent.min(), percent.max()], [place] * 2, color="black", lw=1.6)
