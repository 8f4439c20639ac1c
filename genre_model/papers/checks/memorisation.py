"""Z8 and Z13: what networks say of the tracks that they were trained on."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips_at_hand import readable_clips
from genre_model.papers.checks.needed_networks import (
    CHECKED_PROTOCOLS,
    needed_predictions,
    needed_system,
    needed_trainings,
)
from genre_model.papers.checks.run_means import mean_over_runs
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Outcome
from genre_model.papers.rows import chosen_rows, marked
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.plots import plot_learning_curves

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: Paper 000, sections 4.2 and 4.3: "nearly 100%", "could reach 100%", "approximately 60%".
PUBLISHED_TRAINING, PUBLISHED_VALIDATION = 1.0, 0.6


def learning_curves(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the learning curves of the two-block CNN, and measure where they end (Z8).

    The training accuracy is not watched while training, but measured afterwards, on
    whole tracks without dropout.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements: list[Measurement] = []
    findings: list[str] = []
    files: list[str] = []
    for protocol in CHECKED_PROTOCOLS:
        trainings = needed_trainings(row, protocol, reproduction)
        runs = {
            f"{one.fold.name} seed {one.seed}": one.run_folder.read_metrics()
            for one in trainings
        }
        title = f"{row.id} {needed_system(row).name}, {marked(protocol)}"
        path = plot_path(reproduction, row, "curves", protocol)
        files += relative(plot_learning_curves(runs, title, path), reproduction)
        measurements.append(_on_own_tracks(row, protocol, reproduction))
        validated = [_validated(rows) for rows in runs.values()]
        if all(validated):
            measurements.append(
                mean_over_runs(
                    "validation tracks, last epoch",
                    "accuracy",
                    PUBLISHED_VALIDATION,
                    [rows[-1]["valid_accuracy"] for rows in validated],
                    protocol=protocol,
                    n=len(trainings[0].fold.valid),
                    data=reproduction.data_name,
                )
            )
            findings.append(f"{protocol}: {_rise(validated)}")
    return Outcome(row.id, tuple(measurements), tuple(findings), tuple(files))


def memorisation(row: Row, reproduction: Reproduction) -> Outcome:
    """Score the two-block CNN on the tracks that it was trained on (Z13).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements, findings = [], []
    for protocol in CHECKED_PROTOCOLS:
        measured = _on_own_tracks(row, protocol, reproduction)
        predictions = needed_predictions(row, protocol, reproduction)
        tested = float(np.mean([one.right.mean() for one in predictions]))
        measurements.append(measured)
        findings.append(
            f"{protocol}: {100 * measured.ours:.1f} % of the training tracks are right and "
            f"{100 * tested:.1f} % of the test tracks: "
            f"a gap of {100 * (measured.ours - tested):.1f} points."
        )
    findings.append(
        "Scored are the weights of the lowest validation loss, not the last ones."
    )
    return Outcome(row.id, tuple(measurements), tuple(findings))


@lru_cache(maxsize=8)
def right_on_own_tracks(
    row_id: str, protocol: str, reproduction: Reproduction
) -> tuple[tuple[bool, ...], ...]:
    """Score each fold and seed of a row's first system on its own training tracks.

    Args:
        row_id: of a row of networks.
        protocol: of the trainings.
        reproduction: data and thoroughness.

    Returns:
        Whether the genre of each track is right, of each training.

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    row = chosen_rows([row_id])[0]
    trainings = reproduction.trainings(row.systems[0], protocol, reproduction.n_seeds(row))
    for training in trainings:
        if not training.run_folder.is_complete:
            raise TrainingDataError(f"{training.run_folder.path} is not trained yet")
    classifiers = [GenreClassifier.load(one.run_folder.model_path) for one in trainings]
    wanted = [set(one.fold.train) for one in trainings]
    tracks = [
        one
        for one in find_tracks(reproduction.data_dir)
        if any(one.track_id in ids for ids in wanted)
    ]
    right: list[list[bool]] = [[] for _ in trainings]
    for track, mel_frames in readable_clips(tracks, classifiers[0].card.front_end):
        for ids, classifier, hits in zip(wanted, classifiers, right, strict=True):
            if track.track_id in ids:
                predicted = classifier.predict_mel_frames(track.path, mel_frames)
                best = classifier.genres[int(predicted.probabilities.argmax())]
                hits.append(best == track.genre)
    return tuple(map(tuple, right))


def _on_own_tracks(row: Row, protocol: str, reproduction: Reproduction) -> Measurement:
    right = right_on_own_tracks(row.needs[0], protocol, reproduction)
    training = needed_trainings(row, protocol, reproduction)[0]
    return mean_over_runs(
        "its own training tracks",
        "accuracy",
        PUBLISHED_TRAINING,
        [float(np.mean(hits)) for hits in right],
        protocol=protocol,
        n=len(right[0]),
        data=reproduction.data_name,
        recipe=training.experiment.recipe.name,
    )


def _validated(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Keep the epochs in which validation tracks were scored."""
    return [row for row in rows if "valid_loss" in row]


def _rise(runs: list[list[dict[str, float]]]) -> str:
    """Say how the validation loss went on after its minimum."""
    lowest = [min(rows, key=lambda row: row["valid_loss"]) for rows in runs]
    last = [rows[-1] for rows in runs]
    rise = np.mean(
        [z["valid_loss"] - a["valid_loss"] for a, z in zip(lowest, last, strict=True)]
    )
    n_runs = f"{len(runs)} run" + "s" * (len(runs) > 1)
    return (
        f"the validation loss is lowest in epoch {_mean_epoch(lowest):.0f} of "
        f"{_mean_epoch(last):.0f} (mean of {n_runs}) and {rise:.3f} nats higher in the "
        f"last; the training loss went from "
        f"{np.mean([rows[0]['train_loss'] for rows in runs]):.2f} to "
        f"{np.mean([row['train_loss'] for row in last]):.2f} nats."
    )


def _mean_epoch(rows: list[dict[str, float]]) -> float:
    return float(np.mean([row["epoch"] for row in rows]))
