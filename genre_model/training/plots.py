"""Pictures of trainings and evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from genre_model.training.gtzan import GENRES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def plot_metrics(rows: list[dict[str, float]], path: Path) -> None:
    """Draw loss and validation accuracy over epochs."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for name in ("train_loss", "valid_loss"):
        loss.plot(*_series(rows, name), label=name.replace("_", " "))
    loss.set(xlabel="epoch", ylabel="loss (train: mixed-up, smoothed)")
    loss.legend()
    accuracy.plot(*_series(rows, "valid_accuracy"))
    accuracy.set(xlabel="epoch", ylabel="validation accuracy, whole tracks", ylim=(0, 1))
    _save(figure, path)


def plot_confusion(confusion: NDArray[np.int64], title: str, path: Path) -> None:
    """Draw a confusion matrix, each row as shares of the true genre's tracks."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.5, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(GENRES)), GENRES, rotation=45, ha="right")
    axes.set_yticks(range(len(GENRES)), GENRES)
    axes.set(xlabel="predicted genre", ylabel="true genre", title=title)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", c=colour)
    _save(figure, path)


def _series(rows: list[dict[str, float]], name: str) -> tuple[list[float], list[float]]:
    measured = [row for row in rows if name in row]
    return [row["epoch"] for row in measured], [row[name] for row in measured]


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")
