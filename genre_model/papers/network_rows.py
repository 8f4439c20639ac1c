"""Rows of networks: trained on segments, scored on tracks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.features.segments import Segments
from genre_model.model.model_file import read_model
from genre_model.papers.outcome import (
    Outcome,
    confusion_of,
    fold_finding,
    measurements_of,
)
from genre_model.papers.plots import plot_sweep
from genre_model.papers.rows import marked
from genre_model.training.data.gtzan import (
    GENRES,
    SEGMENT_MARK,
    find_tracks,
    segments_per_track,
)
from genre_model.training.data.labelled_mel_frames import track_mel_frames
from genre_model.training.evaluation.comparison import comparison_of
from genre_model.training.evaluation.predictions import Predictions
from genre_model.training.plots import (
    plot_confusion,
    plot_genre_table,
    plot_learning_curves,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.fit.experiment import Training

    #: Id of a segment, index of its genre, probabilities [shape=(n_genres,)].
    ScoredSegment = tuple[str, int, NDArray[np.float32]]

UNCORRECTED = (
    "One training of each system: another seed could tell otherwise. The tests are not "
    "corrected for their number."
)

log = logging.getLogger(__name__)


def trainings_of_row(row: Row, reproduction: Reproduction) -> list[Training]:
    """Return every training that a row of networks needs."""
    return [
        training
        for system, protocol in row.runs
        for training in reproduction.trainings(row, protocol, system)
    ]


def network_outcome(row: Row, reproduction: Reproduction) -> Outcome:
    """Score the networks of a row, whose trainings are complete.

    Raises:
        ModelFileError: if a run is not complete.
        TrainingDataError: if tracks are missing.
    """
    outcome = Outcome(row.id)
    for system, protocol in row.runs:
        outcome.measurements += _measured(row, system, protocol, reproduction)
        if row.by_fold:
            folds = reproduction.experiment(system, protocol).folds()
            predictions = reproduction.predictions(row, protocol, system)
            outcome.findings += fold_finding(
                system, protocol, predictions, folds[: reproduction.n_folds]
            )
    outcome.findings += _comparisons(row, reproduction)
    outcome.files += draw_networks(row, reproduction)
    trainings = trainings_of_row(row, reproduction)
    outcome.trainings = _training_seconds(trainings, reproduction)
    return outcome


def _training_seconds(
    trainings: list[Training], reproduction: Reproduction
) -> dict[str, float]:
    """Return how long each training took, by its folder below the output folder."""
    return {
        training.run_folder.path.relative_to(reproduction.out).as_posix(): float(
            read_model(training.run_folder.model_path).card.training["seconds"]
        )
        for training in trainings
    }


def _measured(
    row: Row, system: System, protocol: str, reproduction: Reproduction
) -> Iterator[Measurement]:
    trainings = reproduction.trainings(row, protocol, system)
    card = read_model(trainings[0].run_folder.model_path).card
    scored = [reproduction.predictions(row, protocol, system)]
    if system.published_of == "segments" and scored[0][0].unit == "tracks":
        scored.append(predict_segments(trainings, reproduction.every))
    for predictions in scored:
        yield from measurements_of(
            system,
            protocol,
            predictions,
            data=reproduction.data_name,
            seconds=sum(_training_seconds(trainings, reproduction).values()),
            n_parameters=card.training["n_parameters"],
        )


def _comparisons(row: Row, reproduction: Reproduction) -> Iterator[str]:
    """Test every further system against the first, where both have a protocol."""
    if not row.compare:
        return
    first = row.systems[0]
    of_first = {protocol for system, protocol in row.runs if system is first}
    for other, protocol in row.runs:
        if other is not first and protocol in of_first:
            a, b = (reproduction.predictions(row, protocol, one) for one in (other, first))
            yield comparison_finding((other.name, a), (first.name, b), protocol, row.part)
    if reproduction.n_seeds(row) == 1:
        yield UNCORRECTED


def comparison_finding(
    a: tuple[str, list[Predictions]],
    b: tuple[str, list[Predictions]],
    protocol: str,
    part: str = "test",
) -> str:
    """Compare two systems, each a name with the predictions of its seeds."""
    report = comparison_of(a[1], b[1], (a[0], b[0]), protocol, part)
    return f"A = {a[0]}, B = {b[0]}, {protocol}: {report['conclusion']}"


def draw_networks(row: Row, reproduction: Reproduction) -> Iterator[str]:
    """Draw the plots of a row of networks; yield their paths below the output folder."""
    for system, protocol in row.runs if row.plots else ():
        predictions = reproduction.predictions(row, protocol, system)
        yield from draw_predictions(row, system, protocol, predictions, reproduction)
        if "curves" in row.plots:
            yield from reproduction.plot(
                plot_learning_curves,
                metrics_by_run(reproduction.trainings(row, protocol, system)),
                row,
                *_words("curves", row, system, protocol),
            )
    if "sweep" in row.plots:
        yield from _draw_sweep(row, reproduction)


def draw_predictions(
    row: Row,
    system: System,
    protocol: str,
    predictions: list[Predictions],
    reproduction: Reproduction,
) -> Iterator[str]:
    """Draw a row's plots of one system under one protocol; yield their paths."""
    draws = {"confusion": plot_confusion, "genres": plot_genre_table}
    for kind, draw in draws.items():
        if kind in row.plots:
            yield from reproduction.plot(
                draw,
                confusion_of(predictions),
                row,
                *_words(kind, row, system, protocol),
                genres=predictions[0].genres,
            )


def _words(kind: str, row: Row, system: System, protocol: str) -> tuple[str, str]:
    """Return the name and the title of a plot."""
    name = "-".join(filter(None, (kind, system.name, protocol)))
    return name, f"{system.name or row.title}, {marked(protocol)}"


def metrics_by_run(trainings: list[Training]) -> dict[str, list[dict[str, float]]]:
    """Return the metrics of each epoch, by fold and seed."""
    return {
        f"{one.fold.name} seed {one.seed}": one.run_folder.read_metrics()
        for one in trainings
    }


def _draw_sweep(row: Row, reproduction: Reproduction) -> list[str]:
    """Draw systems named ``setting = value``; the base of each has the setting's name."""
    sweeps: dict[str, dict[str, list[float]]] = {}
    for system in row.systems:
        setting, _, value = system.name.partition(" = ")
        protocol = (system.protocols or row.protocols)[0]
        predictions = reproduction.predictions(row, protocol, system)
        accuracies = [float(one.right.mean()) for one in predictions]
        sweeps.setdefault(setting, {})[value] = accuracies
    return reproduction.plot(plot_sweep, sweeps, row, "sweep", row.title)


def predict_segments(trainings: list[Training], every: int = 1) -> list[Predictions]:
    """Score each segment of the test tracks, cut as ``segment-random`` cuts them.

    Args:
        trainings: the folds and seeds of a system, all complete.
        every: score one track in this many, for a quick look.

    Returns:
        One per seed, in the order of the seeds.

    Raises:
        TrainingDataError: if there is no test track.
    """
    by_seed: dict[int, list[ScoredSegment]] = {}
    for training in sorted(trainings, key=lambda one: one.seed):
        by_seed.setdefault(training.seed, []).extend(_scored_segments(training, every))
    return [_predictions(seed, scored, trainings[0]) for seed, scored in by_seed.items()]


def _predictions(seed: int, scored: list[ScoredSegment], training: Training) -> Predictions:
    experiment = training.experiment
    if not scored:
        raise TrainingDataError(
            f"{experiment.data_dir} holds no readable test track of {experiment.protocol}"
        )
    ids, labels, probabilities = zip(*scored, strict=True)
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


def _scored_segments(training: Training, every: int) -> Iterator[ScoredSegment]:
    """Score every segment of the test tracks of one fold."""
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
