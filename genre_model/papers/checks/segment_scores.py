"""Segments of test tracks, judged one by one by networks that were trained on others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.features.segments import Segments
from genre_model.training.data.gtzan import (
    GENRES,
    SEGMENT_MARK,
    find_tracks,
    segments_per_track,
)
from genre_model.training.data.labelled_mel_frames import track_mel_frames
from genre_model.training.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.fit.experiment import Training

    #: Id of a segment, index of its genre, probabilities [shape=(n_genres,)].
    Judged = tuple[str, int, NDArray[np.float32]]

log = logging.getLogger(__name__)


def predict_segments(trainings: list[Training], every: int = 1) -> list[Predictions]:
    """Judge each segment of the test tracks, cut as ``segment-random`` cuts them.

    Args:
        trainings: complete ones; together the folds and seeds of a system.
        every: score one track in this many, for a quick look.

    Returns:
        One per seed, in the order of the seeds.

    Raises:
        TrainingDataError: if there is no test track.
    """
    seeds = sorted({training.seed for training in trainings})
    return [
        _predictions(seed, [one for one in trainings if one.seed == seed], every)
        for seed in seeds
    ]


def _predictions(seed: int, trainings: list[Training], every: int) -> Predictions:
    judged = [one for training in trainings for one in _judged(training, every)]
    experiment = trainings[0].experiment
    if not judged:
        raise TrainingDataError(
            f"{experiment.data_dir} holds no readable test track of {experiment.protocol}"
        )
    ids, labels, probabilities = zip(*judged, strict=True)
    return Predictions(
        name=f"seed-{seed}",
        source=experiment.source,
        track_ids=ids,
        labels=np.array(labels, np.int64),
        probabilities=np.stack(probabilities),
        n_seen=0,
        temperature=1.0,
        recipe=experiment.recipe.name,
        recipe_hash=experiment.recipe.settings_hash,
    )


def _judged(training: Training, every: int) -> Iterator[Judged]:
    """Judge every segment of the test tracks of one fold."""
    experiment = training.experiment
    classifier = GenreClassifier.load(training.run_folder.model_path)
    wanted = set(training.fold.test)
    found = find_tracks(experiment.data_dir, experiment.source)
    for track in [one for one in found if one.track_id in wanted][::every]:
        try:
            segments = _end_to_end(track, classifier.card.front_end)
            prediction = classifier.predict_segments(track.path, segments)
        except GenreModelError as error:
            log.warning("skipped %s: %s", track.track_id, error)
            continue
        for number, probabilities in enumerate(prediction.segment_probabilities):
            name = f"{track.track_id}{SEGMENT_MARK}{number}"
            yield name, GENRES.index(track.genre), probabilities


def _end_to_end(track: LabelledTrack, front_end: FrontEnd) -> Segments:
    length = front_end.segment.segment_frames
    mel_frames = track_mel_frames(track, front_end)
    n_segments = min(segments_per_track(front_end), mel_frames.shape[1] // length)
    starts = length * np.arange(n_segments)
    values = [mel_frames[:, start : start + length] for start in starts]
    return Segments(np.stack(values), starts)
