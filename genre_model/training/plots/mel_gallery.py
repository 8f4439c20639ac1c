"""One track of each genre, as the network sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.plots.appearance import SEQUENTIAL_MAP
from genre_model.training.plots.figure_files import (
    new_figure,
    plot_style,
    save_plot,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

N_COLUMNS = 2


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

    Args:
        mel_frames: by name of genre or track [shape=(n_mels, n_frames)], lowest band
            first; a mel picture, whose top row is the highest, has to be flipped.
        title: what is shown.
        path: of the two files, with or without suffix.
        frame_seconds: from one frame to the next.
        unit: of the values, such as "dB" or "brightness of the mel picture".

    Returns:
        The PNG and the SVG file.
    """
    n_rows = -(-len(mel_frames) // N_COLUMNS)
    figure = new_figure(title, 9.5, 1.1 + 1.35 * n_rows)
    grid = figure.subplots(n_rows, N_COLUMNS, squeeze=False, sharex=True, sharey=True)
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
