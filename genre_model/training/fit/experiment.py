"""Experiments: the trainings of one recipe, for every fold of a protocol and every seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from genre_model.training.data.gtzan import (
    GENRES,
    find_tracks,
    segments_of,
    segments_per_track,
)
from genre_model.training.data.protocols import folds_of, folds_without
from genre_model.training.data.validation_artists import with_validation
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.fit.run_training import run_training
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.data.protocols import Fold
    from genre_model.training.recipe import Recipe

#: The protocol whose tracks are segments.
SEGMENT_PROTOCOL = "segment-random"


@dataclass(frozen=True)
class Experiment:
    """What is to be trained, on what.

    Attributes:
        recipe: every setting.
        data_dir: a GTZAN folder.
        out: gets ``<protocol>/<fold>/seed-<n>/`` folders.
        protocol: one of ``protocols.PROTOCOLS``.
        source: audio or pictures.
        leave_out: track ids that no training may see, under any protocol.
        genres: the only ones that there are.
    """

    recipe: Recipe
    data_dir: Path
    out: Path
    protocol: str = "fault-filtered"
    source: Source = "auto"
    leave_out: frozenset[str] = frozenset()
    genres: tuple[str, ...] = GENRES

    def folds(self) -> list[Fold]:
        """Return the folds; where the recipe needs validation tracks, they have some.

        Raises:
            TrainingDataError: if the protocol is unknown or nothing is left to train on.
        """
        folds = folds_without(
            self.leave_out,
            folds_of(self.protocol, segments_per_track(self.recipe.front_end)),
        )
        if self.recipe.training.needs_validation:
            folds = [with_validation(fold) for fold in folds]
        return folds

    def tracks(self) -> list[LabelledTrack]:
        """List what the protocol divides: tracks, or their segments.

        Raises:
            TrainingDataError: saying what was found and what was expected.
        """
        return protocol_tracks(
            self.protocol, self.data_dir, self.source, self.recipe.front_end
        )


@dataclass(frozen=True)
class Training:
    """One fold of an experiment, with one seed."""

    experiment: Experiment
    fold: Fold
    seed: int

    @property
    def run_folder(self) -> RunFolder:
        """Where its files lie."""
        experiment = self.experiment
        return RunFolder(
            run_path(experiment.out, experiment.protocol, self.fold, self.seed)
        )

    @property
    def name(self) -> str:
        """What it is called in messages."""
        experiment = self.experiment
        return (
            f"{experiment.recipe.name}, {experiment.protocol}, {self.fold.name}, "
            f"seed {self.seed}"
        )

    def run(self) -> None:
        """Train and export, unless that is done.

        Raises:
            TrainingDataError: if tracks are missing or the folder holds another run.
        """
        run_training(self)


def trainings_of(experiment: Experiment, seeds: list[int]) -> list[Training]:
    """Return a training for each fold and seed."""
    return [
        Training(experiment, fold, seed) for fold in experiment.folds() for seed in seeds
    ]


def train_protocol(
    experiment: Experiment, seeds: list[int], n_processes: int = 1
) -> list[RunFolder]:
    """Train every fold and seed that is not complete yet.

    Args:
        experiment: what is trained.
        seeds: one training of each fold for each.
        n_processes: trainings at once.

    Returns:
        The run folders, all complete.

    Raises:
        TrainingDataError: if tracks are missing or a folder holds another run.
        JobsFailedError: if some of several jobs failed.
    """
    trainings = trainings_of(experiment, seeds)
    if n_processes > 1:
        run_jobs(trainings, n_processes, "trainings")
        return [training.run_folder for training in trainings]
    for training in trainings:
        training.run()
    return [training.run_folder for training in trainings]


def protocol_tracks(
    protocol: str, data_dir: Path, source: Source, front_end: FrontEnd
) -> list[LabelledTrack]:
    """List what a protocol divides: tracks, or their segments.

    Raises:
        TrainingDataError: saying what was found and what was expected.
    """
    tracks = find_tracks(data_dir, source)
    return segments_of(tracks, front_end) if protocol == SEGMENT_PROTOCOL else tracks


def run_path(out: Path, protocol: str, fold: Fold, seed: int) -> Path:
    """Return where the run of a fold and seed lies."""
    return out / protocol / fold.name / f"seed-{seed}"
