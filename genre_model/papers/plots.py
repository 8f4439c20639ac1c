"""Plots that only papers have: features, filters, leaks, values of settings.

Each function takes what it draws, a title and a path, and returns the PNG and the SVG
file that it writes, as those of :mod:`genre_model.training.plots` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots.matrices import draw_matrix, write_in_cells
from genre_model.training.plots.style import (
    BLUE,
    DIVERGING_MAP,
    SEQUENTIAL_MAP,
    bar_look,
    line_look,
    new_figure,
    plot_style,
    point_look,
    save_plot,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Sweep = Mapping[str, Sequence[float]]

#: Numbers would not be legible in the cells of more features than this.
MAX_NUMBERED = 24
#: The highest hill of a density reaches this many rows up.
OVERLAP = 1.4
N_PLACES = 200
GALLERY_COLUMNS, FILTER_COLUMNS = 2, 8
#: Of a cell in the grid of filters: its width, how much of it the filter takes, and its
#: height in widths, with room for the number above.
CELL_IN, SIDE, ROW_STEP = 0.7, 0.88, 1.2
#: Frequencies along each side of a response; odd, so that 0 is in the middle.
N_FREQUENCIES = 33
BAR_HEIGHT = 0.36
#: Numbers stay legible over a hatch.
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1}
SWEEP_COLUMNS = 3
LETTERS_OF_A_PANEL = 32
#: Numbers are to the left of their points.
BESIDE: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center"}


@plot_style()
def plot_kde(
    features: Mapping[str, Values], title: str, path: Path, *, labels: NDArray[np.int64]
) -> list[Path]:
    """Draw the density of features, a row for each genre, so that none hides another.

    ``features`` are values by name with unit, such as "tempo (BPM)" [shape=(n_tracks,)],
    ``labels`` the index of each track's genre.
    """
    figure = new_figure(title, 2 + 4.2 * len(features), 1.8 + 0.45 * len(GENRES))
    panels = figure.subplots(1, len(features), sharey=True, squeeze=False)[0]
    for axes, (name, values) in zip(panels, features.items(), strict=True):
        by_genre = [values[labels == index] for index in range(len(GENRES))]
        margin = 0.08 * np.ptp(values)
        ends = values.min() - margin, values.max() + margin
        _draw_hills(axes, by_genre, np.linspace(*ends, N_PLACES))
        axes.set(xlabel=name, ylim=(len(GENRES) - 0.7, -OVERLAP - 0.1))
        axes.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(GENRES)), [wrapped(genre, 18) for genre in GENRES])
    panels[0].set_ylabel("genres; hills: density, all on one scale; bars: medians")
    return save_plot(figure, path)


def _draw_hills(axes: Axes, by_genre: list[Values], places: Values) -> None:
    hills = [_density(values, places) for values in by_genre]
    scale = OVERLAP / max(np.max(hills), np.finfo(float).tiny)
    for index, (values, hill) in enumerate(zip(by_genre, hills, strict=True)):
        # Each row covers the one above.
        look: dict[str, Any] = {"zorder": 2 + index}
        top, colour = index - scale * hill, point_look(index)["facecolor"]
        axes.fill_between(places, top, index, fc=colour, alpha=0.6, **look)
        axes.plot(places, top, color="black", lw=1, **look)
        if len(values):
            middle = float(np.median(values))
            axes.plot([middle] * 2, [index - 0.35, index], color="black", lw=2, **look)


def _density(values: Values, places: Values) -> Values:
    """Estimate a density with Gaussian kernels; values all alike have none."""
    from scipy.stats import gaussian_kde

    if len(np.unique(values)) < 2:
        return np.zeros(len(places))
    return np.asarray(gaussian_kde(values)(places), np.float64)


@plot_style()
def plot_correlation_map(
    correlation: Values, title: str, path: Path, *, names: Sequence[str]
) -> list[Path]:
    """Draw the correlation of the features of these names; NaN cells are grey.

    [shape=(n_features, n_features)]
    """
    is_numbered = len(names) <= MAX_NUMBERED
    side_in = 2.7 + (0.4 if is_numbered else 0.145) * len(names)
    figure = new_figure(title, side_in + 1, side_in)
    axes = figure.subplots()
    image = draw_matrix(axes, correlation, names, is_signed=True, n_letters=40)
    if is_numbered:
        write_in_cells(axes, image, lambda *cell: f"{correlation[cell]:.2f}", 7)
    figure.colorbar(image, ax=axes, label="Pearson's correlation")
    return save_plot(figure, path)


@plot_style()
def plot_cosine_similarity(
    panels: Mapping[str, Values], title: str, path: Path
) -> list[Path]:
    """Draw how alike genres are, in one set of features or in several.

    ``panels`` are cosines by set of features [shape=(n_genres, n_genres)]; NaN cells are
    grey.
    """
    side_in = 1.6 + 0.42 * len(GENRES)
    figure = new_figure(title, side_in * len(panels) + 1, max(3.4, side_in + 0.1))
    row = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, cosines) in zip(row, panels.items(), strict=True):
        image = draw_matrix(axes, cosines, GENRES, is_signed=True, text_pt=9)
        write_in_cells(axes, image, lambda *cell, of=cosines: f"{of[cell]:.2f}", 7.5)
        axes.set_title(name)
    figure.colorbar(image, ax=list(row), label="cosine of the genres' means")
    return save_plot(figure, path)


@plot_style()
def plot_embedding_2d(
    panels: Mapping[str, Values],
    title: str,
    path: Path,
    *,
    labels: NDArray[np.int64],
    axis_labels: tuple[str, str] = ("t-SNE 1", "t-SNE 2"),
) -> list[Path]:
    """Scatter the same tracks in one plane or in several, each genre with its marker.

    ``panels`` are coordinates by their source [shape=(n_tracks, 2)], ``labels`` the index
    of each track's genre; t-SNE's axes have no unit.
    """
    figure = new_figure(title, max(6.5, 5.6 * len(panels)), 6)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, coordinates) in zip(row, panels.items(), strict=True):
        for index, genre in enumerate(GENRES):
            x, y = coordinates[labels == index].T
            look = point_look(index)
            axes.scatter(x, y, s=26, **look, linewidth=0.5, alpha=0.85, label=genre)
        axes.set(title=name, xlabel=axis_labels[0], ylabel=axis_labels[1])
    handles, names = row[0].get_legend_handles_labels()
    n_columns = min(len(names), 5 * len(panels))
    where: dict[str, Any] = {"loc": "outside lower center", "ncols": n_columns}
    figure.legend(handles, names, **where, markerscale=1.5)
    return save_plot(figure, path)


@plot_style()
def plot_mel_gallery(
    mel_frames: Mapping[str, NDArray[Any]],
    title: str,
    path: Path,
    *,
    frame_seconds: float,
    unit: str = "dB",
) -> list[Path]:
    """Draw the mel frames of several tracks, all with the same colours.

    They are by name of the track [shape=(n_mels, n_frames)], lowest band first.
    """
    n_rows = -(-len(mel_frames) // GALLERY_COLUMNS)
    figure = new_figure(title, 9.5, 1.1 + 1.35 * n_rows)
    shared: dict[str, Any] = {"squeeze": False, "sharex": True, "sharey": True}
    grid = figure.subplots(n_rows, GALLERY_COLUMNS, **shared)
    # The few lowest values, of silence, would take most of the colours.
    low = min(float(np.percentile(frames, 1)) for frames in mel_frames.values())
    high = max(float(np.max(frames)) for frames in mel_frames.values())
    for axes, (name, frames) in zip(grid.flat, mel_frames.items(), strict=False):
        image = axes.imshow(
            frames,
            cmap=SEQUENTIAL_MAP,
            vmin=low,
            vmax=high,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(0, frames.shape[1] * frame_seconds, 0, frames.shape[0]),
        )
        axes.set_title(wrapped(name, 45))
    for axes in grid.flat[len(mel_frames) :]:
        axes.axis("off")
    figure.supxlabel("time (s)", fontsize=10)
    figure.supylabel("mel band (low to high)", fontsize=10)
    figure.colorbar(image, ax=grid, label=unit, aspect=40, extend="min")
    return save_plot(figure, path)


@plot_style()
def plot_filters(filters: NDArray[np.floating], title: str, path: Path) -> list[Path]:
    """Draw filters in a grid, and in a second grid what each of them lets pass.

    They are over bands and frames [shape=(n_filters, height, width)], lowest band first.
    """
    n_rows = -(-len(filters) // FILTER_COLUMNS)
    height_in = max(2.4, 0.75 + n_rows * CELL_IN * ROW_STEP)
    figure = new_figure(title, 2 * (FILTER_COLUMNS * CELL_IN + 1.1), height_in)
    left, right = figure.subplots(1, 2)
    limit = float(np.abs(filters).max()) or 1.0  # a layer of zeros has no scale
    look: dict[str, Any] = {"cmap": DIVERGING_MAP, "vmin": -limit, "vmax": limit}
    left.set_xlabel("frames, early to late; upwards: bands, low to high", fontsize=9)
    _draw_grid(figure, left, filters, look, "weight")
    look = {"cmap": SEQUENTIAL_MAP, "vmin": 0, "vmax": 1}
    caption = "cycles per frame, -0.5 to 0.5; upwards: cycles per band, the same"
    right.set_xlabel(caption, fontsize=9)
    _draw_grid(figure, right, frequency_responses_of(filters), look, "relative response")
    return save_plot(figure, path)


def frequency_responses_of(filters: NDArray[np.floating]) -> Values:
    """Compute the magnitude of each filter's response to ripples of the mel frames.

    Returns:
        Relative to the filter's greatest [shape=(n_filters, N_FREQUENCIES,
        N_FREQUENCIES)]: rows are ripples along the bands, columns along the frames, both
        from -0.5 to 0.5 cycles. Filters that are 0 everywhere stay 0.
    """
    shape = (N_FREQUENCIES, N_FREQUENCIES)
    spectra = np.abs(np.fft.fft2(np.asarray(filters, np.float64), shape))
    centred = np.fft.fftshift(spectra, axes=(1, 2))
    greatest = centred.max(axis=(1, 2), keepdims=True)
    return np.asarray(centred / np.where(greatest > 0, greatest, 1))


def _draw_grid(
    figure: Figure, axes: Axes, images: NDArray[Any], look: dict[str, Any], label: str
) -> None:
    for index, image in enumerate(images):
        row, left = divmod(index, FILTER_COLUMNS)
        top = row * ROW_STEP
        right, bottom = left + SIDE, top + SIDE
        # Upside down, since rows of the grid go down; the lowest band stays below.
        place: dict[str, Any] = {"extent": (left, right, bottom, top)}
        shown = axes.imshow(np.flipud(image), **place, interpolation="nearest", **look)
        frame = [left, right, right, left, left], [top, top, bottom, bottom, top]
        axes.plot(*frame, color="black", lw=0.6)
        axes.text(left + SIDE / 2, top - 0.04, str(index), ha="center", fontsize=8)
    limits = {"xlim": (-0.1, FILTER_COLUMNS), "ylim": (top + SIDE + 0.1, -0.3)}
    axes.set(**limits, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    figure.colorbar(shown, ax=axes, label=label)


@plot_style()
def plot_leak(
    systems: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    path: Path,
    *,
    protocols: tuple[str, str],
) -> list[Path]:
    """Draw honest and leaky accuracy of each system, and the points between them.

    ``systems`` are accuracies (shares) of every seed or fold under the honest protocol and
    under the leaky one, by system; ``protocols`` are the names of the two.
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

    ``sweeps`` are accuracies (shares) of every seed or fold by setting and value.
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

    ``accuracies`` are shares by the value that was tried, ascending; the first of the best
    is marked as chosen. ``label`` says what they were measured on.
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
