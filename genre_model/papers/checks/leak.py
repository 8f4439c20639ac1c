"""What a split by segments is worth beside splits of whole tracks (B3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.papers.checks.needed_networks import HONEST_PROTOCOL
from genre_model.papers.checks.scores import scores_of
from genre_model.papers.checks.segment_scores import predict_segments
from genre_model.papers.checks.segmentation import (
    front_end_of_length,
    tracks_on_two_sides,
)
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.reproduction import QUICK_EVERY
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import segments_per_track
from genre_model.training.data.protocols import folds_of
from genre_model.training.fit.experiment import SEGMENT_PROTOCOL
from genre_model.training.plots import plot_leak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.evaluation.predictions import Predictions

#: Paper 002, of its 1-s segments.
PUBLISHED_SIZES = {"train": 24_000, "valid": 3000, "test": 3000}
#: Keeps tracks together, but not artists, and trains on as many as the leaky one.
WHOLE_TRACKS_PROTOCOL = "stratified-80-10-10"

Accuracies = list[float]


def leak(row: Row, reproduction: Reproduction) -> Outcome:
    """Measure a split by segments: its sizes, and its accuracy beside other splits (B3).

    Networks of one recipe are trained under three protocols: ``segment-random``, which
    tests segments of tracks that train, too; ``stratified-80-10-10``, which keeps tracks
    whole; ``fault-filtered``, which keeps artists apart, besides.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements = [one for seconds in (1, 3) for one in _sizes(seconds, reproduction)]
    findings: list[str] = []
    bars: dict[str, tuple[Accuracies, Accuracies]] = {}
    for needed in chosen_rows(list(row.needs)):
        system = _long_trained(needed)
        judged = dict(_judged(needed, system, reproduction))
        for (protocol, unit), predictions in judged.items():
            name = f"{system.name}, {unit}"
            measurements += scores_of(name, protocol, predictions, reproduction.data_name)
        accuracies = {key: _accuracies(value) for key, value in judged.items()}
        findings.append(_trained_alike(system, reproduction))
        findings += _findings(system.name, accuracies)
        bars |= _bars(system.name, accuracies)
    path = plot_path(reproduction, row, "leak")
    protocols = (HONEST_PROTOCOL, "split at the left")
    title = f"{row.id} {row.title}"
    files = relative(plot_leak(bars, title, path, protocols=protocols), reproduction)
    return Outcome(row.id, tuple(measurements), tuple(findings), tuple(files))


def _sizes(seconds: int, reproduction: Reproduction) -> Iterator[Measurement]:
    """Count the parts of the split of segments, and the tracks that are in several."""
    front_end = front_end_of_length(seconds, reproduction)
    (fold,) = folds_of(SEGMENT_PROTOCOL, segments_per_track(front_end))
    n_both = len(tracks_on_two_sides(fold))
    counts = {part: len(getattr(fold, part)) for part in PUBLISHED_SIZES}
    counts["tracks on several sides"] = n_both
    for part, size in counts.items():
        yield Measurement(
            f"segments of {seconds} s",
            part,
            PUBLISHED_SIZES.get(part) if seconds == 1 else None,
            size,
            protocol=SEGMENT_PROTOCOL,
            leaky=True,
        )


def _long_trained(row: Row) -> System:
    """Return the system of a row that is trained under the split of segments, too."""
    return next(one for one in row.systems if SEGMENT_PROTOCOL in one.protocols)


def _judged(
    row: Row, system: System, reproduction: Reproduction
) -> Iterator[tuple[tuple[str, str], list[Predictions]]]:
    """Predict segments and tracks.

    Yields:
        Protocol and unit, with the predictions of each seed.
    """
    n_seeds = reproduction.n_seeds(row, system)
    yield (
        (SEGMENT_PROTOCOL, "segments"),
        reproduction.predictions(system, SEGMENT_PROTOCOL, "test", n_seeds),
    )
    for protocol in (WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL):
        trainings = reproduction.trainings(system, protocol, n_seeds)
        every = QUICK_EVERY if reproduction.quick else 1
        yield (protocol, "segments"), predict_segments(trainings, every)
        yield (
            (protocol, "tracks"),
            reproduction.predictions(system, protocol, "test", n_seeds),
        )


def _accuracies(predictions: list[Predictions]) -> Accuracies:
    return [float(one.right.mean()) for one in predictions]


def _trained_alike(system: System, reproduction: Reproduction) -> str:
    """Say what the trainings have in common, and what they are of."""
    training = reproduction.recipe(system).training
    n_batches = training.epochs * training.steps_per_epoch
    at_most = "at most " * (training.patience_epochs > 0)
    sizes = {
        protocol: len(reproduction.experiment(system, protocol).folds()[0].train)
        for protocol in (SEGMENT_PROTOCOL, WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL)
    }
    return (
        f"{system.name}: one recipe, {at_most}{n_batches} batches, under three splits. "
        f"{SEGMENT_PROTOCOL} trains on {sizes[SEGMENT_PROTOCOL]} segments, whose tracks "
        f"are tested, too; {WHOLE_TRACKS_PROTOCOL} on {sizes[WHOLE_TRACKS_PROTOCOL]} whole "
        "tracks, from anywhere in them, whose artists are tested, too; "
        f"{HONEST_PROTOCOL} on {sizes[HONEST_PROTOCOL]} whole tracks by artists who are "
        "not tested."
    )


def _findings(name: str, accuracies: dict[tuple[str, str], Accuracies]) -> Iterator[str]:
    """Set the three splits beside each other, then segments beside tracks."""
    percent = {key: 100 * float(np.mean(runs)) for key, runs in accuracies.items()}
    leaky = percent[SEGMENT_PROTOCOL, "segments"]
    whole = percent[WHOLE_TRACKS_PROTOCOL, "segments"]
    honest = percent[HONEST_PROTOCOL, "segments"]
    yield (
        f"{name}, segments right: {leaky:.1f} % under {SEGMENT_PROTOCOL}, {whole:.1f} % "
        f"under {WHOLE_TRACKS_PROTOCOL}: {leaky - whole:+.1f} points go with segments of "
        "test tracks in training. The two train on equally much music; they test other "
        "clips."
    )
    yield (
        f"{name}, segments right: {honest:.1f} % under {HONEST_PROTOCOL}: "
        f"{whole - honest:+.1f} points less go with artists kept apart and with fewer "
        "tracks to train on, together; which of the two makes how much is not measured."
    )
    units = [
        f"{percent[protocol, 'tracks']:.1f} % under {protocol}, "
        f"{percent[protocol, 'tracks'] - percent[protocol, 'segments']:+.1f} points"
        for protocol in (WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL)
    ]
    yield f"{name}, whole tracks in place of their segments: {'; '.join(units)}."


def _bars(
    name: str, accuracies: dict[tuple[str, str], Accuracies]
) -> dict[str, tuple[Accuracies, Accuracies]]:
    """Pair each leaky split with the honest one, by the same unit."""
    return {
        f"{name}, {unit}: {protocol}": (accuracies[HONEST_PROTOCOL, unit], runs)
        for (protocol, unit), runs in accuracies.items()
        if protocol != HONEST_PROTOCOL
    }
