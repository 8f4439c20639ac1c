"""Predictions of several systems: brought to the same tracks, and averaged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from genre_model.training.evaluation.predictions import Predictions


def on_same_tracks(systems: list[Predictions]) -> list[Predictions]:
    """Order the tracks of all systems alike.

    Raises:
        TrainingDataError: if a system lacks a track, or as :func:`on_common_tracks`.
    """
    names = systems[0].track_ids
    for system in systems[1:]:
        if differing := sorted(set(names) ^ set(system.track_ids)):
            raise TrainingDataError(
                f"{systems[0].name} judged {len(names)} {systems[0].unit}, {system.name} "
                f"{len(system.track_ids)}, and {len(differing)} by one of them only "
                f"({differing[0]}, ...): both must judge the same"
            )
    return on_common_tracks(systems)


def on_common_tracks(systems: list[Predictions]) -> list[Predictions]:
    """Keep the tracks that all systems scored, in the order of the first system.

    Raises:
        TrainingDataError: if there is none, or one is scored twice, or genres differ.
    """
    for system in systems:
        _check_once(system)
        _check_genres(systems[0], system)
    shared = set.intersection(*(set(system.track_ids) for system in systems))
    if not shared:
        raise TrainingDataError(
            f"no track was judged by each of {', '.join(system.name for system in systems)}"
        )
    names = [name for name in systems[0].track_ids if name in shared]
    return [system.subset(names) for system in systems]


def _check_once(system: Predictions) -> None:
    if len(set(system.track_ids)) < len(system.track_ids):
        twice = next(x for x in system.track_ids if system.track_ids.count(x) > 1)
        raise TrainingDataError(
            f"{system.name} judged {twice} more than once; systems are compared on "
            "protocols that test each track once"
        )


def _check_genres(first: Predictions, other: Predictions) -> None:
    if first.genres != other.genres:
        raise TrainingDataError(
            f"{first.name} tells {', '.join(first.genres)} apart, {other.name} "
            f"{', '.join(other.genres)}: both must have the same genres in the same order"
        )


def ensemble_of(systems: list[Predictions], name: str = "ensemble") -> Predictions:
    """Average the probabilities of several systems on the same tracks.

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
