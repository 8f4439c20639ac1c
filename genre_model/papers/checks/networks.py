"""Networks of other rows, scored again (Z8, Z13, B3, C10)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips import readable_clips
from genre_model.papers.checks.splits import front_end_of_length, tracks_on_two_sides
from genre_model.papers.network_rows import (
    comparison_finding,
    metrics_by_run,
    predict_segments,
)
from genre_model.papers.outcome import Measurement, Outcome, mean_over_runs, measurements_of
from genre_model.papers.plots import plot_leak
from genre_model.papers.rows import (
    CHECKED_PROTOCOLS,
    HONEST_PROTOCOL,
    System,
    chosen_rows,
    marked,
)
from genre_model.training.data.gtzan import find_tracks, segments_per_track
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.comparison import ensemble_of
from genre_model.training.fit.experiment import SEGMENT_PROTOCOL
from genre_model.training.plots import plot_learning_curves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

    #: Metrics of some epochs of a training.
    Epochs = list[dict[str, float]]
    #: Predictions of each seed, and their accuracies, by protocol and unit.
    Scored = dict[tuple[str, str], list[Predictions]]
    Accuracies = dict[tuple[str, str], list[float]]

#: Paper 000, sections 4.2 and 4.3: "nearly 100%", "could reach 100%", "approximately 60%".
PUBLISHED_TRAINING, PUBLISHED_VALIDATION = 1.0, 0.6
#: Paper 002, of its 1-s segments.
PUBLISHED_SIZES = {"train": 24_000, "valid": 3000, "test": 3000}
#: Keeps tracks together, but not artists, and has as long a training part as the leaky one.
WHOLE_TRACKS_PROTOCOL = "stratified-80-10-10"
PROTOCOLS = ("fault-filtered", "rotation")
#: Paper 003, section 5.3; the second is its expectation, not its measurement.
PUBLISHED_PAIR, EXPECTED_RUNS = 0.84, 0.90


def learning_curves(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the learning curves of the two-block CNN, and measure where they end (Z8).

    The training accuracy is not watched while training, but measured afterwards, on
    whole tracks without dropout.
    """
    outcome = Outcome(row.id)
    (needed,) = row.needed_rows
    for protocol in CHECKED_PROTOCOLS:
        trainings = reproduction.trainings(needed, protocol)
        runs = metrics_by_run(trainings)
        title = f"{needed.systems[0].name}, {marked(protocol)}"
        outcome.files += reproduction.plot(
            plot_learning_curves, runs, row, f"curves {protocol}", title
        )
        outcome.measurements.append(_on_own_tracks(needed, protocol, reproduction))
        # Validation is not scored in every epoch.
        scored = [[one for one in rows if "valid_loss" in one] for rows in runs.values()]
        if all(scored):
            last = mean_over_runs(
                "validation tracks, last epoch",
                "accuracy",
                PUBLISHED_VALIDATION,
                [rows[-1]["valid_accuracy"] for rows in scored],
                protocol=protocol,
                n=len(trainings[0].fold.valid),
                data=reproduction.data_name,
            )
            outcome.measurements.append(last)
            outcome.findings.append(f"{protocol}: {_rise(scored)}")
    return outcome


def memorisation(row: Row, reproduction: Reproduction) -> Outcome:
    """Score the two-block CNN on the tracks that it was trained on (Z13)."""
    outcome = Outcome(row.id)
    (needed,) = row.needed_rows
    for protocol in CHECKED_PROTOCOLS:
        measured = _on_own_tracks(needed, protocol, reproduction)
        predictions = reproduction.predictions(needed, protocol)
        tested = float(np.mean([one.right.mean() for one in predictions]))
        outcome.measurements.append(measured)
        outcome.findings.append(
            f"{protocol}: {100 * measured.ours:.1f} % of the training tracks are right and "
            f"{100 * tested:.1f} % of the test tracks: "
            f"a gap of {100 * (measured.ours - tested):.1f} points."
        )
    outcome.findings.append(
        "Scored are the weights of the lowest validation loss, not the last ones."
    )
    return outcome


def _on_own_tracks(row: Row, protocol: str, reproduction: Reproduction) -> Measurement:
    right = _right_on_own_tracks(row.id, protocol, reproduction)
    return mean_over_runs(
        "its own training tracks",
        "accuracy",
        PUBLISHED_TRAINING,
        [float(np.mean(hits)) for hits in right],
        protocol=protocol,
        n=len(right[0]),
        data=reproduction.data_name,
        recipe=reproduction.recipe(row.systems[0]).name,
    )


@lru_cache(maxsize=8)
def _right_on_own_tracks(
    row_id: str, protocol: str, reproduction: Reproduction
) -> list[list[bool]]:
    """Return whether each training track is right, for each fold and seed."""
    (row,) = chosen_rows([row_id])
    trainings = reproduction.trainings(row, protocol)
    for training in trainings:
        if not training.run_folder.is_complete:
            raise TrainingDataError(f"{training.run_folder.path} is not trained yet")
    classifiers = [GenreClassifier.load(one.run_folder.model_path) for one in trainings]
    wanted = [set(one.fold.train) for one in trainings]
    found = find_tracks(reproduction.data_dir)
    tracks = [one for one in found if any(one.track_id in ids for ids in wanted)]
    right: list[list[bool]] = [[] for _ in trainings]
    for track, mel_frames in readable_clips(tracks, classifiers[0].card.front_end):
        for ids, classifier, hits in zip(wanted, classifiers, right, strict=True):
            if track.track_id in ids:
                predicted = classifier.predict_mel_frames(track.path, mel_frames)
                best = classifier.genres[int(predicted.probabilities.argmax())]
                hits.append(best == track.genre)
    return right


def _rise(runs: list[Epochs]) -> str:
    """Say how the validation loss went on after its minimum."""
    first, last = [rows[0] for rows in runs], [rows[-1] for rows in runs]
    lowest = [min(rows, key=lambda row: row["valid_loss"]) for rows in runs]
    rise = _mean(last, "valid_loss") - _mean(lowest, "valid_loss")
    n_runs = f"{len(runs)} run" + "s" * (len(runs) > 1)
    return (
        f"the validation loss is lowest in epoch {_mean(lowest, 'epoch'):.0f} of "
        f"{_mean(last, 'epoch'):.0f} (mean of {n_runs}) and {rise:.3f} nats higher in the "
        f"last; the training loss went from {_mean(first, 'train_loss'):.2f} to "
        f"{_mean(last, 'train_loss'):.2f} nats."
    )


def _mean(epochs: Epochs, name: str) -> float:
    return float(np.mean([epoch[name] for epoch in epochs]))


def leak(row: Row, reproduction: Reproduction) -> Outcome:
    """Measure a split by segments: its sizes, and its accuracy beside other splits (B3).

    Networks of one recipe are trained under three protocols: ``segment-random``, which
    tests segments of tracks that train, too; ``stratified-80-10-10``, which keeps tracks
    whole; ``fault-filtered``, which keeps artists apart, besides.
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


def ensembles(row: Row, reproduction: Reproduction) -> Outcome:
    """Average CNN and CNN-BiGRU, and the seeds of the CNN-BiGRU (C10)."""
    outcome, data = Outcome(row.id), reproduction.data_name
    for protocol in PROTOCOLS:
        singles = {
            needed.systems[0].name: reproduction.predictions(needed, protocol)
            for needed in row.needed_rows
        }
        for name, predictions in singles.items():
            outcome.measurements += measurements_of(
                System(name), protocol, predictions, data=data
            )
        outcome.add(_pair(singles, protocol, data))
        outcome.add(_runs(singles, protocol, data))
    return outcome


def _pair(singles: dict[str, list[Predictions]], protocol: str, data: str) -> Outcome:
    """Average one run of each system, seed by seed."""
    name = " + ".join(singles)
    runs = zip(*singles.values(), strict=True)
    pairs = [ensemble_of(list(pair), pair[0].name) for pair in runs]
    system = System(name, published={"accuracy": PUBLISHED_PAIR})
    measurements = measurements_of(system, protocol, pairs, data=data)
    better = max(singles.items(), key=lambda single: _accuracy(single[1]))
    return Outcome("", measurements, [comparison_finding((name, pairs), better, protocol)])


def _runs(singles: dict[str, list[Predictions]], protocol: str, data: str) -> Outcome:
    """Average all runs of the last system; compare with each of them."""
    name, predictions = list(singles.items())[-1]
    if len(predictions) < 2:
        return Outcome("", findings=[f"{name}, {protocol}: one run alone is no ensemble."])
    title = f"{name}, {len(predictions)} runs as one"
    together = [ensemble_of(predictions, title)]
    system = System(f"{title} (expected)", published={"accuracy": EXPECTED_RUNS})
    measurements = measurements_of(system, protocol, together, data=data)
    # Against all runs at once McNemar's test would compare the ensemble with itself.
    findings = [
        comparison_finding((title, together), (f"{name} {run.name}", [run]), protocol)
        for run in predictions
    ]
    return Outcome("", measurements, findings)


def _accuracy(predictions: list[Predictions]) -> float:
    return float(np.mean([one.right.mean() for one in predictions]))
