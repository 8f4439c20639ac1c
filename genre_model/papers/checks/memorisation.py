"""Networks on the tracks that they were trained on (Z8, Z13)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips import readable_clips
from genre_model.papers.network_rows import metrics_by_run
from genre_model.papers.outcome import Outcome, mean_over_runs
from genre_model.papers.rows import CHECKED_PROTOCOLS, chosen_rows, marked
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.plots import plot_learning_curves

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

    #: Metrics of some epochs of a training.
    Epochs = list[dict[str, float]]

#: Paper 000, sections 4.2 and 4.3: "nearly 100%", "could reach 100%", "approximately 60%".
PUBLISHED_TRAINING, PUBLISHED_VALIDATION = 1.0, 0.6


def learning_curves(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the learning curves of the two-block CNN, and measure where they end (Z8).

    The training accuracy is not watched while training, but measured afterwards, on
    whole tracks without dropout.

    Raises:
        TrainingDataError: if runs or tracks are missing.
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
    """Score the two-block CNN on the tracks that it was trained on (Z13).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
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
