"""Rows of networks: trained on segments, scored on tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.model.model_file import read_model
from genre_model.papers.checks.segment_scores import predict_segments
from genre_model.papers.drawings import draw
from genre_model.papers.measured import fold_finding, measurements_of
from genre_model.papers.outcome import Outcome
from genre_model.papers.reproduction import QUICK_EVERY
from genre_model.training.evaluation.comparison import comparison_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.fit.experiment import Training

UNCORRECTED = (
    "One training of each system: another seed could tell otherwise. The tests are not "
    "corrected for their number."
)


def trainings_of_row(row: Row, reproduction: Reproduction) -> list[Training]:
    """Return every training that a row of networks needs."""
    return [
        training
        for system, protocol in _pairs(row)
        for training in _trainings(row, system, protocol, reproduction)
    ]


def network_outcome(row: Row, reproduction: Reproduction) -> Outcome:
    """Score the networks of a row, whose trainings are complete.

    Raises:
        ModelFileError: if a run is not complete.
        TrainingDataError: if tracks are missing.
    """
    measurements = [
        measurement
        for system, protocol in _pairs(row)
        for measurement in _measured(row, system, protocol, reproduction)
    ]
    findings = [*_by_fold(row, reproduction), *_comparisons(row, reproduction)]
    return Outcome(
        row.id,
        tuple(measurements),
        tuple(findings),
        tuple(draw(row, reproduction)),
        trainings=training_seconds(trainings_of_row(row, reproduction), reproduction),
    )


def protocols_of(row: Row, system: System) -> tuple[str, ...]:
    """Return the protocols of a system: its own, or its row's."""
    return system.protocols or row.protocols


def training_seconds(
    trainings: list[Training], reproduction: Reproduction
) -> dict[str, float]:
    """Return how long each training took, by its folder below the output folder.

    Raises:
        ModelFileError: if a run is not complete.
    """
    return {
        training.run_folder.path.relative_to(reproduction.out).as_posix(): float(
            read_model(training.run_folder.model_path).card.training["seconds"]
        )
        for training in trainings
    }


def _pairs(row: Row) -> Iterator[tuple[System, str]]:
    for system in row.systems:
        for protocol in protocols_of(row, system):
            yield system, protocol


def _trainings(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> list[Training]:
    n_seeds = reproduction.n_seeds(row, system)
    return reproduction.trainings(system, protocol, n_seeds)


def _measured(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> Iterator[Measurement]:
    n_seeds = reproduction.n_seeds(row, system)
    trainings = _trainings(row, system, protocol, reproduction)
    card = read_model(trainings[0].run_folder.model_path).card
    judged = [reproduction.predictions(system, protocol, row.part, n_seeds)]
    if system.published_of == "segments" and judged[0][0].unit == "tracks":
        every = QUICK_EVERY if reproduction.quick else 1
        judged.append(predict_segments(trainings, every))
    for predictions in judged:
        yield from measurements_of(
            system,
            protocol,
            predictions,
            data=reproduction.data_name,
            seconds=sum(training_seconds(trainings, reproduction).values()),
            n_parameters=card.training["n_parameters"],
        )


def _by_fold(row: Row, reproduction: Reproduction) -> Iterator[str]:
    for system, protocol in _pairs(row) if row.by_fold else ():
        folds = reproduction.experiment(system, protocol).folds()[: reproduction.n_folds]
        n_seeds = reproduction.n_seeds(row, system)
        predictions = reproduction.predictions(system, protocol, row.part, n_seeds)
        if len(folds) > 1:
            yield fold_finding(system, protocol, predictions, folds)


def _comparisons(row: Row, reproduction: Reproduction) -> Iterator[str]:
    """Test every further system against the first, where both have a protocol."""
    if not row.compare:
        return
    first, *others = row.systems
    for other in others:
        for protocol in protocols_of(row, other):
            if protocol in protocols_of(row, first):
                yield _comparison(row, (other, first), protocol, reproduction)
    if reproduction.n_seeds(row) == 1:
        yield UNCORRECTED


def _comparison(
    row: Row, systems: tuple[System, System], protocol: str, reproduction: Reproduction
) -> str:
    sides = [
        reproduction.predictions(
            system, protocol, row.part, reproduction.n_seeds(row, system)
        )
        for system in systems
    ]
    names = (systems[0].name, systems[1].name)
    report = comparison_of(sides[0], sides[1], names, protocol, row.part)
    return f"A = {names[0]}, B = {names[1]}, {protocol}: {report['conclusion']}"
