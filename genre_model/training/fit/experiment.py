"""Experiments: the trainings of one recipe, for every fold of a protocol and every seed."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.features.config import SegmentConfig
from genre_model.model.card import Card
from genre_model.training.data.gtzan import (
    GENRE_OF_FOLDER,
    GENRES,
    find_tracks,
    segments_of,
    segments_per_track,
)
from genre_model.training.data.labelled_mel_frames import (
    TrainingData,
    load_labelled_mel_frames,
)
from genre_model.training.data.protocols import folds_of, folds_without, with_validation
from genre_model.training.export import export_model
from genre_model.training.fit.job_pool import run_jobs
from genre_model.training.fit.train import fit_temperature, track_logits, train_network
from genre_model.training.networks import count_parameters
from genre_model.training.plots import plot_metrics
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.data.protocols import Fold
    from genre_model.training.recipe import Recipe


#: The protocol whose tracks are segments.
SEGMENT_PROTOCOL = "segment-random"
LICENCE = (
    "The weights are under the MIT licence. They were computed from GTZAN (Tzanetakis & "
    "Cook 2002), whose excerpts of commercial recordings carry no licence of their own; "
    "no audio can be recovered from them."
)
#: In place of a recipe's segments, which change nothing in the mel frames of a track.
ANY_SEGMENTS = SegmentConfig(1, 1, 1.0, 1.0)

log = logging.getLogger(__name__)


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
        """Return the folds; where the recipe needs validation tracks, they have some."""
        folds = folds_of(self.protocol, segments_per_track(self.recipe.front_end))
        folds = folds_without(self.leave_out, folds)
        if self.recipe.training.needs_validation:
            return [with_validation(fold) for fold in folds]
        return folds

    def tracks(self) -> list[LabelledTrack]:
        """List what the protocol divides: tracks, or their segments."""
        tracks = find_tracks(self.data_dir, self.source)
        if self.protocol == SEGMENT_PROTOCOL:
            return segments_of(tracks, self.recipe.front_end)
        return tracks


@dataclass(frozen=True)
class Training:
    """One fold of an experiment, with one seed; a job for the pool."""

    experiment: Experiment
    fold: Fold
    seed: int

    @property
    def run_folder(self) -> RunFolder:
        """The folder of its files."""
        out, protocol = self.experiment.out, self.experiment.protocol
        return RunFolder(run_path(out, protocol, self.fold, self.seed))

    @property
    def name(self) -> str:
        """The name that messages use."""
        recipe, protocol = self.experiment.recipe.name, self.experiment.protocol
        return f"{recipe}, {protocol}, {self.fold.name}, seed {self.seed}"

    def run(self) -> None:
        """Train and export, unless that is done."""
        run_training(self)


def trainings_of(experiment: Experiment, seeds: list[int]) -> list[Training]:
    """Return a training for each fold and seed."""
    return [
        Training(experiment, fold, seed) for fold in experiment.folds() for seed in seeds
    ]


def train_protocol(
    experiment: Experiment, seeds: list[int], n_processes: int = 1
) -> list[RunFolder]:
    """Train every fold and seed that is not complete yet, and return all run folders.

    Raises:
        TrainingDataError: if tracks are missing or a folder holds another run.
        JobsFailedError: if some of several jobs failed.
    """
    trainings = trainings_of(experiment, seeds)
    if n_processes > 1:
        run_jobs(trainings, n_processes, "trainings")
    else:
        for training in trainings:
            training.run()
    return [training.run_folder for training in trainings]


def run_path(out: Path, protocol: str, fold: Fold, seed: int) -> Path:
    """Return the folder of the run of a fold and seed."""
    return out / protocol / fold.name / f"seed-{seed}"


def run_training(training: Training) -> None:
    """Train and export one fold with one seed, unless that is done.

    Raises:
        TrainingDataError: if tracks are missing or the folder holds another run.
    """
    recipe = training.experiment.recipe
    tracks = training.experiment.tracks()
    data = _mel_frames(tuple(tracks), replace(recipe.front_end, segment=ANY_SEGMENTS))
    data = data.only_genres(training.experiment.genres)
    _report_missing(training, data)
    train, valid = data.subset(training.fold.train), data.subset(training.fold.valid)
    settings = _settings(training, train, tracks[0].source)
    run = training.run_folder
    with run.in_use():
        run.start({"recipe": asdict(recipe), "training": settings})
        if run.is_complete:
            log.info("%s is complete", run.path)
            return
        _train(training, run, TrainingData(train, valid), settings)


def _train(
    training: Training, run: RunFolder, data: TrainingData, settings: dict[str, Any]
) -> None:
    """Train, or finish a training that was interrupted, and export."""
    log.info("training %s on %d tracks", run.path, len(data.train.track_ids))
    recipe = training.experiment.recipe
    network = train_network(recipe, training.seed, data, run)
    plot_metrics(run.read_metrics(), run.path / "metrics")
    temperature = 1.0
    if len(data.valid.labels):
        logits = track_logits(network, data.valid, recipe.front_end.segment)
        temperature = fit_temperature(logits, data.valid.labels)
    card = Card(
        name=recipe.name,
        genres=training.experiment.genres,
        front_end=recipe.front_end,
        temperature=temperature,
        training=settings
        | {
            "n_parameters": count_parameters(network),
            "seconds": round(sum(row["seconds"] for row in run.read_metrics()), 1),
        },
        licence=LICENCE,
    )
    export_model(network, card, run.model_path)
    run.remove_checkpoint()


@lru_cache(maxsize=1)
def _mel_frames(
    tracks: tuple[LabelledTrack, ...], front_end: FrontEnd
) -> LabelledMelFrames:
    """Load tracks; trainings that follow each other mostly use the same."""
    return load_labelled_mel_frames(list(tracks), front_end, show_progress=True)


def _settings(training: Training, train: LabelledMelFrames, source: str) -> dict[str, Any]:
    experiment = training.experiment
    settings: dict[str, Any] = {
        "protocol": experiment.protocol,
        "source": source,
        "recipe": experiment.recipe.name,
        "recipe_hash": experiment.recipe.settings_hash,
        "fold": training.fold.name,
        "seed": training.seed,
        "data": "GTZAN",
        "n_tracks": len(train.track_ids),
        "track_ids": list(train.track_ids),
    }
    if experiment.leave_out:
        settings["left_out"] = sorted(experiment.leave_out)
    if experiment.genres != GENRES:
        settings["genres"] = list(experiment.genres)
    return settings


def _report_missing(training: Training, data: LabelledMelFrames) -> None:
    """Warn of listed tracks that are missing, unless no such genre was asked for."""
    genres = training.experiment.genres
    for part in ("train", "valid", "test"):
        ids: tuple[str, ...] = getattr(training.fold, part)
        listed = [name for name in ids if GENRE_OF_FOLDER[name.split(".")[0]] in genres]
        missing = sorted(set(listed) - set(data.track_ids))
        if listed and len(missing) == len(listed):
            raise TrainingDataError(f"none of the {len(listed)} {part} tracks is there")
        if missing:
            names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            counts = f"{len(missing)} of {len(listed)} {part} tracks"
            log.warning("%s are missing: %s", counts, names)
