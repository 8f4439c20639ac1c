"""Ensembles: several systems that judge as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.training.evaluation.same_tracks import on_same_tracks

if TYPE_CHECKING:
    from genre_model.training.evaluation.predictions import Predictions


def ensemble_of(systems: list[Predictions], name: str = "ensemble") -> Predictions:
    """Average the probabilities of several systems (paper 003, its ensembles).

    Args:
        systems: seeds of one recipe, or systems of several, on the same tracks.
        name: of the whole.

    Returns:
        One system, whose recipe no single model has.

    Raises:
        TrainingDataError: if there are fewer than two, or tracks or genres differ.
    """
    if len(systems) < 2:
        raise TrainingDataError(
            f"an ensemble needs at least two systems, and there is only "
            f"{', '.join(system.name for system in systems) or 'none'}: give several runs, "
            "or a run with several seeds"
        )
    aligned = on_same_tracks(systems)
    recipes = dict.fromkeys(system.recipe for system in systems)
    return replace(
        aligned[0],
        name=name,
        source=" and ".join(dict.fromkeys(system.source for system in systems)),
        probabilities=np.mean([system.probabilities for system in aligned], axis=0),
        n_seen=max(system.n_seen for system in systems),
        temperature=float(np.mean([system.temperature for system in systems])),
        recipe=f"ensemble of {len(systems)}: {', '.join(recipes)}",
        recipe_hash="",
    )
