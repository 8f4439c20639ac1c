"""Plots of the predictions and trainings of a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.papers.rows import marked
from genre_model.training.plots import (
    plot_confusion,
    plot_genre_table,
    plot_learning_curves,
    plot_sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.evaluation.predictions import Predictions


def draw(row: Row, reproduction: Reproduction) -> Iterator[str]:
    """Draw what a row of networks asks for.

    Yields:
        Paths of the plots, relative to the output folder.
    """
    for system in row.systems if row.plots else ():
        n_seeds = reproduction.n_seeds(row, system)
        for protocol in system.protocols or row.protocols:
            predictions = reproduction.predictions(system, protocol, row.part, n_seeds)
            yield from draw_predictions(row, system, protocol, predictions, reproduction)
            if "curves" in row.plots:
                yield from _curves(row, system, protocol, reproduction)
    if "sweep" in row.plots:
        yield from _sweep(row, reproduction)


def draw_predictions(
    row: Row,
    system: System,
    protocol: str,
    predictions: list[Predictions],
    reproduction: Reproduction,
) -> Iterator[str]:
    """Draw what a row asks for of one system under one protocol.

    Yields:
        Paths of the plots, relative to the output folder.
    """
    confusion = confusion_of(predictions)
    genres = predictions[0].genres
    title = f"{row.id} {system.name or row.title}, {marked(protocol)}"
    if "confusion" in row.plots:
        path = plot_path(reproduction, row, "confusion", system.name, protocol)
        yield from relative(
            plot_confusion(confusion, title, path, genres=genres), reproduction
        )
    if "genres" in row.plots:
        path = plot_path(reproduction, row, "genres", system.name, protocol)
        yield from relative(
            plot_genre_table(confusion, title, path, genres=genres), reproduction
        )


def confusion_of(predictions: list[Predictions]) -> NDArray[np.int64]:
    """Return the confusion matrix, summed over seeds or repeats."""
    matrices = [metrics.confusion_matrix(p.probabilities, p.labels) for p in predictions]
    total: NDArray[np.int64] = np.sum(matrices, axis=0)
    return total


def plot_path(reproduction: Reproduction, row: Row, *words: str) -> Path:
    """Return where a plot of a row lies, without suffix."""
    name = re.sub(r"[^a-z0-9-]+", "-", "-".join(filter(None, words)).lower())
    return reproduction.out / "plots" / f"{row.id}-{name}"


def relative(paths: list[Path], reproduction: Reproduction) -> list[str]:
    """Return paths as seen from the output folder."""
    return [path.relative_to(reproduction.out).as_posix() for path in paths]


def _curves(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> list[str]:
    trainings = reproduction.trainings(system, protocol, reproduction.n_seeds(row, system))
    runs = {
        f"{one.fold.name} seed {one.seed}": one.run_folder.read_metrics()
        for one in trainings
    }
    title = f"{row.id} {system.name or row.title}, {marked(protocol)}"
    path = plot_path(reproduction, row, "curves", system.name, protocol)
    return relative(plot_learning_curves(runs, title, path), reproduction)


def _sweep(row: Row, reproduction: Reproduction) -> list[str]:
    """Draw systems named ``setting = value``; the base of each has the setting's name."""
    sweeps: dict[str, dict[str, list[float]]] = {}
    for system in row.systems:
        n_seeds = reproduction.n_seeds(row, system)
        setting, _, value = system.name.partition(" = ")
        protocol = (system.protocols or row.protocols)[0]
        predictions = reproduction.predictions(system, protocol, row.part, n_seeds)
        accuracies = [float(one.right.mean()) for one in predictions]
        sweeps.setdefault(setting, {})[value] = accuracies
    path = plot_path(reproduction, row, "sweep")
    return relative(plot_sweep(sweeps, f"{row.id} {row.title}", path), reproduction)
