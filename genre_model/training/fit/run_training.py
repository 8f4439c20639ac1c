"""One training of an experiment, from its tracks to its model file."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.features.config import SegmentConfig
from genre_model.model.card import Card
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.data.training_data import TrainingData
from genre_model.training.export.export import export_model
from genre_model.training.fit.track_scores import fit_temperature, track_logits
from genre_model.training.fit.train import train_network
from genre_model.training.networks.parameter_count import count_parameters
from genre_model.training.plots import plot_metrics

if TYPE_CHECKING:
    from torch import nn

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.fit.experiment import Training
    from genre_model.training.run_folder import RunFolder

LICENCE = (
    "The weights are under the MIT licence. They were computed from GTZAN (Tzanetakis & "
    "Cook 2002), whose excerpts of commercial recordings carry no licence of their own; "
    "no audio can be recovered from them."
)
#: Stands for the segments that a recipe wants.
ANY_SEGMENTS = SegmentConfig(1, 1, 1.0, 1.0)

log = logging.getLogger(__name__)


def run_training(training: Training) -> None:
    """Train and export one fold with one seed, unless that is done.

    Raises:
        TrainingDataError: if tracks are missing or the folder holds another run.
    """
    recipe = training.experiment.recipe
    tracks = training.experiment.tracks()
    # Where a track is listened to changes nothing in its mel frames.
    data = _mel_frames(tuple(tracks), replace(recipe.front_end, segment=ANY_SEGMENTS))
    data = data.only_genres(training.experiment.genres)
    _report_missing(training, data)
    train, valid = data.subset(training.fold.train), data.subset(training.fold.valid)
    settings = _settings(training, train, is_picture=tracks[0].is_picture)
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
    origin = settings | {
        "n_parameters": count_parameters(network),
        "seconds": round(sum(row["seconds"] for row in run.read_metrics()), 1),
    }
    export_model(network, _card(training, network, data.valid, origin), run.model_path)
    run.remove_checkpoint()


@lru_cache(maxsize=1)
def _mel_frames(
    tracks: tuple[LabelledTrack, ...], front_end: FrontEnd
) -> LabelledMelFrames:
    """Load tracks; trainings that follow each other mostly hear the same."""
    return load_labelled_mel_frames(list(tracks), front_end, show_progress=True)


def _settings(
    training: Training, train: LabelledMelFrames, *, is_picture: bool
) -> dict[str, Any]:
    experiment = training.experiment
    settings: dict[str, Any] = {
        "protocol": experiment.protocol,
        "source": "pictures" if is_picture else "audio",
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


def _card(
    training: Training,
    network: nn.Module,
    valid: LabelledMelFrames,
    origin: dict[str, Any],
) -> Card:
    recipe = training.experiment.recipe
    temperature = 1.0
    if len(valid.labels):
        logits = track_logits(network, valid, recipe.front_end.segment)
        temperature = fit_temperature(logits, valid.labels)
    return Card(
        name=recipe.name,
        genres=training.experiment.genres,
        front_end=recipe.front_end,
        temperature=temperature,
        training=origin,
        licence=LICENCE,
    )


def _report_missing(training: Training, data: LabelledMelFrames) -> None:
    """A genre that was not asked for is not missing."""
    there = set(data.track_ids)
    genres = {
        folder
        for folder, genre in GENRE_OF_FOLDER.items()
        if genre in training.experiment.genres
    }
    for part in ("train", "valid", "test"):
        ids: tuple[str, ...] = getattr(training.fold, part)
        listed = [name for name in ids if name.split(".")[0] in genres]
        missing = [name for name in listed if name not in there]
        if listed and len(missing) == len(listed):
            raise TrainingDataError(f"none of the {len(listed)} {part} tracks is there")
        if missing:
            names = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
            log.warning(
                "%d of %d %s tracks are missing: %s",
                len(missing),
                len(listed),
                part,
                names,
            )
