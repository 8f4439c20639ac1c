"""Plots of accuracies: what leaks add, and what settings change.

Each function takes what it draws, a title and a path, and returns the PNG and the SVG
file that it writes, as those of :mod:`genre_model.training.plots` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.style import (
    BLUE,
    bar_look,
    line_look,
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

BAR_HEIGHT = 0.36
#: Numbers stay legible over a hatch.
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1}
SWEEP_COLUMNS = 3
LETTERS_OF_A_PANEL = 32
#: Numbers are to the left of their points.
BESIDE: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center"}


@plot_style()
def plot_leak(
    systems: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    path: Path,
    *,
    protocols: tuple[str, str],
) -> list[Path]:
    """Draw honest and leaky accuracy of each system, and the points between them.

    Args:
        systems: accuracies (shares) of every seed or fold under the honest protocol and
            under the leaky one, by system.
        title: what is compared.
        path: of the two files.
        protocols: names of the honest and of the leaky one.
    """
    figure = new_figure(title, 8, 1.7 + 0.62 * len(systems))
    axes = figure.subplots()
    names = (f"{protocols[0]} (honest)", f"{protocols[1]} (LEAKY)")
    for side, name in enumerate(names):
        for row, runs in enumerate(systems.values()):
            label = name if row == 0 else None
            _draw_bar(axes, row + (side - 0.5) * BAR_HEIGHT, runs[side], side, label)
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
    axes.barh(place, mean, BAR_HEIGHT, label=label, **bar_look(side))
    axes.text(1.5, place, f"{mean:.1f}", va="center", fontsize=9, bbox=PLATE)
    if len(percent) > 1:
        axes.plot([percent.min(), percent.max()], [place] * 2, color="black", lw=1.6)


@plot_style()
def plot_sweep(sweeps: Mapping[str, Sweep], title: str, path: Path) -> list[Path]:
    """Draw one panel per setting, with all others at the value they have by default.

    Args:
        sweeps: by setting, accuracies (shares) of every seed or fold by the value, in
            the order in which they are drawn.
        title: of which system.
        path: of the two files.
    """
    n_columns = min(SWEEP_COLUMNS, len(sweeps))
    n_rows = -(-len(sweeps) // n_columns)
    figure = new_figure(title, max(5, 3.4 * n_columns), 0.8 + 2.7 * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for axes, (setting, sweep) in zip(grid.flat, sweeps.items(), strict=False):
        _draw_sweep(axes, sweep)
        axes.set_xlabel(wrapped(setting, LETTERS_OF_A_PANEL))
    for axes in grid.flat[len(sweeps) :]:
        axes.axis("off")
    n_runs = max(len(runs) for sweep in sweeps.values() for runs in sweep.values())
    spread = "; lines: ± 1 standard deviation" if n_runs > 1 else ""
    figure.supylabel(wrapped(f"accuracy (%){spread}", 38 * n_rows), fontsize=10)
    return save_plot(figure, path)


def _draw_sweep(axes: Axes, sweep: Sweep) -> None:
    for place, runs in enumerate(sweep.values()):
        percent = 100 * np.asarray(runs, float)
        mean = percent.mean()
        if len(percent) > 1:
            spread = percent.std(ddof=1)
            axes.plot([place] * 2, [mean - spread, mean + spread], color=BLUE, lw=1.6)
            axes.plot([place + 0.14] * len(percent), percent, "k_", ms=7)
        axes.plot(place, mean, color=BLUE, marker="o", ms=8)
        axes.annotate(f"{mean:.1f}", (place, mean), (-7, 0), fontsize=8, **BESIDE)
    n_letters = max(6, LETTERS_OF_A_PANEL // len(sweep))
    axes.set_xticks(range(len(sweep)), [wrapped(value, n_letters) for value in sweep])
    axes.set_xlim(-0.35 - 0.13 * len(sweep), len(sweep) - 0.5)
    axes.tick_params(labelleft=True)
    axes.grid(axis="y", alpha=0.3)


@plot_style()
def plot_tuning(
    accuracies: Mapping[float, float],
    title: str,
    path: Path,
    *,
    setting: str,
    label: str,
    is_logarithmic: bool = False,
) -> list[Path]:
    """Draw the accuracy of a classifier over many values of its one setting.

    Args:
        accuracies: shares by the value that was tried, ascending; the first of the best
            is marked as chosen.
        title: of which classifier.
        path: of the two files.
        setting: its name, with its unit.
        label: what the accuracies were measured on.
        is_logarithmic: each step multiplies the value.
    """
    figure = new_figure(title, 6.5, 4.4)
    axes = figure.subplots()
    values, percent = list(accuracies), [100 * one for one in accuracies.values()]
    axes.plot(values, percent, **line_look(0), ms=5, lw=1.5, label=label)
    chosen = max(accuracies, key=accuracies.__getitem__)
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
