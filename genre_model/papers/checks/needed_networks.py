"""Networks of another row that a check looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.papers.rows import chosen_rows

if TYPE_CHECKING:
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.evaluation.predictions import Predictions
    from genre_model.training.fit.experiment import Training

#: The papers' own split, and the one that does not leak.
PAPER_PROTOCOL, HONEST_PROTOCOL = "stratified-80-20", "fault-filtered"
#: Both, under which checks are made.
CHECKED_PROTOCOLS = (PAPER_PROTOCOL, HONEST_PROTOCOL)


def needed_system(row: Row) -> System:
    """Return the first system of the row that a check needs."""
    return _needed(row).systems[0]


def needed_predictions(
    row: Row, protocol: str, reproduction: Reproduction
) -> list[Predictions]:
    """Predict with each seed of that system.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    needed = _needed(row)
    return reproduction.predictions(
        needed.systems[0], protocol, needed.part, reproduction.n_seeds(needed)
    )


def needed_trainings(row: Row, protocol: str, reproduction: Reproduction) -> list[Training]:
    """Return the trainings of each fold and seed of that system."""
    needed = _needed(row)
    return reproduction.trainings(needed.systems[0], protocol, reproduction.n_seeds(needed))


def _needed(row: Row) -> Row:
    return chosen_rows(list(row.needs[:1]))[0]
