"""Rows of networks: trained on segments, scored on tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.model_file import read_model
from genre_model.training.comparison import comparison_of
from genre_model.training.papers.drawings import draw
from genre_model.training.papers.measured import measurements_of
from genre_model.training.papers.outcome import Outcome

if TYPE_CHECKING:
    from genre_model.training.experiment import Training
    from genre_model.training.papers.outcome import Measurement
    from genre_model.training.papers.reproduction import Reproduction
    from genre_model.training.papers.rows import Row, System


def trainings_of_row(row: Row, reproduction: Reproduction) -> list[Training]:
    """Return every training that a row of networks needs."""
    n_seeds = reproduction.n_seeds(row)
    return [
        training
        for system in row.systems
        for protocol in protocols_of(row, system)
        for training in reproduction.trainings(system, protocol, n_seeds)
    ]


def network_outcome(row: Row, reproduction: Reproduction) -> Outcome:
    """Score the networks of a row, whose trainings are complete.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements = [
        measurement
        for system in row.systems
        for protocol in protocols_of(row, system)
        for measurement in _measured(row, system, protocol, reproduction)
    ]
    findings = _comparisons(row, reproduction) if row.compare else []
    return Outcome(
        row.id,
        tuple(measurements),
        tuple(findings),
        tuple(draw(row, reproduction)),
    )


def protocols_of(row: Row, system: System) -> tuple[str, ...]:
    """Return the protocols of a system: its own, or its row's."""
    return system.protocols or row.protocols


def _measured(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> list[Measurement]:
    n_seeds = reproduction.n_seeds(row)
    cards = [
        read_model(training.run_folder.model_path).card.training
        for training in reproduction.trainings(system, protocol, n_seeds)
    ]
    return measurements_of(
        system,
        protocol,
        reproduction.predictions(system, protocol, row.part, n_seeds),
        data=reproduction.data_name,
        seconds=sum(card["seconds"] for card in cards),
        n_parameters=cards[0]["n_parameters"],
    )


def _comparisons(row: Row, reproduction: Reproduction) -> list[str]:
    """Test every further system against the first, where both have a protocol."""
    first, *others = row.systems
    n_seeds = reproduction.n_seeds(row)
    findings = []
    for other in others:
        for protocol in protocols_of(row, other):
            if protocol not in protocols_of(row, first):
                continue
            sides = [
                reproduction.predictions(system, protocol, row.part, n_seeds)
                for system in (other, first)
            ]
            report = comparison_of(
                sides[0], sides[1], (other.name, first.name), protocol, row.part
            )
            findings.append(
                f"A = {other.name}, B = {first.name}, {protocol}: {report['conclusion']}"
            )
    return findings
