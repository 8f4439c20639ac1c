"""Measurements of predictions that are of no single training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from genre_model.papers.measured import measurements_of
from genre_model.papers.rows import System

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement
    from genre_model.training.evaluation.predictions import Predictions


def scores_of(
    name: str,
    protocol: str,
    predictions: list[Predictions],
    data: str,
    published: dict[str, float] | None = None,
) -> list[Measurement]:
    """Measure predictions as a row of networks does, but for the seconds of training.

    Args:
        name: of what is judged.
        protocol: that chose the tracks.
        predictions: one per seed.
        data: what was listened to.
        published: the paper's numbers, if it has some.
    """
    system = System(name=name, published=published or {})
    measured = measurements_of(system, protocol, predictions, data=data, seconds=0)
    return [replace(one, seconds=None) for one in measured]
