"""What a split by segments is worth beside splits of whole tracks (B3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.papers.checks.splits import front_end_of_length, tracks_on_two_sides
from genre_model.papers.network_rows import predict_segments
from genre_model.papers.outcome import Measurement, Outcome, measurements_of
from genre_model.papers.result_plots import plot_leak
from genre_model.papers.rows import HONEST_PROTOCOL, System
from genre_model.training.data.gtzan import segments_per_track
from genre_model.training.data.protocols import folds_of
from genre_model.training.fit.experiment import SEGMENT_PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

    #: Predictions of each seed, and their accuracies, by protocol and unit.
    Scored = dict[tuple[str, str], list[Predictions]]
    Accuracies = dict[tuple[str, str], list[float]]

#: Paper 002, of its 1-s segments.
PUBLISHED_SIZES = {"train": 24_000, "valid": 3000, "test": 3000}
#: Keeps tracks together, but not artists, and has as long a training part as the leaky one.
WHOLE_TRACKS_PROTOCOL = "stratified-80-10-10"


def leak(row: Row, reproduction: Reproduction) -> Outcome:
    """Measure a split by segments: its sizes, and its accuracy beside other splits (B3).

    Networks of one recipe are trained under three protocols: ``segment-random``, which
    tests segments of tracks that train, too; ``stratified-80-10-10``, which keeps tracks
    whole; ``fault-filtered``, which keeps artists apart, besides.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    outcome = Outcome(row.id)
    for seconds in (1, 3):
        outcome.measurements += _sizes(seconds, reproduction)
    bars: dict[str, tuple[list[float], list[float]]] = {}
    for needed in row.needed_rows:
        # The one that is trained under the split of segments, too.
        system = next(one for one in needed.systems if SEGMENT_PROTOCOL in one.protocols)
        scored = _scored(needed, system, reproduction)
        for (protocol, unit), predictions in scored.items():
            named = System(f"{system.name}, {unit}")
            outcome.measurements += measurements_of(
                named, protocol, predictions, data=reproduction.data_name
            )
        accuracies = {k: [float(one.right.mean()) for one in v] for k, v in scored.items()}
        outcome.findings.append(_trained_alike(system, reproduction))
        outcome.findings += _findings(system.name, accuracies)
        for (protocol, unit), runs in accuracies.items():
            if protocol != HONEST_PROTOCOL:
                pair = accuracies[HONEST_PROTOCOL, unit], runs
                bars[f"{system.name}, {unit}: {protocol}"] = pair
    protocols = (HONEST_PROTOCOL, "split at the left")
    outcome.files += reproduction.plot(
        plot_leak, bars, row, "leak", row.title, protocols=protocols
    )
    return outcome


def _sizes(seconds: int, reproduction: Reproduction) -> Iterator[Measurement]:
    """Count the parts of the split of segments, and the tracks that are in several."""
    front_end = front_end_of_length(seconds, reproduction)
    (fold,) = folds_of(SEGMENT_PROTOCOL, segments_per_track(front_end))
    counts = {part: len(getattr(fold, part)) for part in PUBLISHED_SIZES}
    counts["tracks on several sides"] = len(tracks_on_two_sides(fold))
    name = f"segments of {seconds} s"
    for part, size in counts.items():
        published = PUBLISHED_SIZES.get(part) if seconds == 1 else None
        yield Measurement(name, part, published, size, protocol=SEGMENT_PROTOCOL)


def _scored(row: Row, system: System, reproduction: Reproduction) -> Scored:
    """Predict segments and tracks."""
    scored: Scored = {}
    for protocol in (SEGMENT_PROTOCOL, WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL):
        predictions = reproduction.predictions(row, protocol, system)
        if protocol == SEGMENT_PROTOCOL:
            scored[protocol, "segments"] = predictions
            continue
        trainings = reproduction.trainings(row, protocol, system)
        scored[protocol, "segments"] = predict_segments(trainings, reproduction.every)
        scored[protocol, "tracks"] = predictions
    return scored


def _trained_alike(system: System, reproduction: Reproduction) -> str:
    """Say what the trainings have in common, and what they are of."""
    training = reproduction.recipe(system).training
    n_batches = training.epochs * training.steps_per_epoch
    at_most = "at most " if training.patience_epochs > 0 else ""
    segments, whole, honest = (
        len(reproduction.experiment(system, protocol).folds()[0].train)
        for protocol in (SEGMENT_PROTOCOL, WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL)
    )
    return (
        f"{system.name}: one recipe, {at_most}{n_batches} batches, under three splits. "
        f"{SEGMENT_PROTOCOL} trains on {segments} segments, whose tracks "
        f"are tested, too; {WHOLE_TRACKS_PROTOCOL} on {whole} whole "
        "tracks, from anywhere in them, whose artists are tested, too; "
        f"{HONEST_PROTOCOL} on {honest} whole tracks by artists who are "
        "not tested."
    )


def _findings(name: str, accuracies: Accuracies) -> Iterator[str]:
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
