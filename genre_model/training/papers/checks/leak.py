"""How much of paper 002's accuracy is its leak (B3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.experiment import SEGMENT_PROTOCOL
from genre_model.training.gtzan import segments_per_track
from genre_model.training.papers.checks.needed_networks import HONEST_PROTOCOL
from genre_model.training.papers.checks.scores import scores_of
from genre_model.training.papers.checks.segment_scores import predict_segments
from genre_model.training.papers.checks.segmentation import (
    front_end_of_length,
    tracks_on_two_sides,
)
from genre_model.training.papers.drawings import plot_path, relative
from genre_model.training.papers.outcome import Measurement, Outcome
from genre_model.training.papers.rows import chosen_rows
from genre_model.training.plots import plot_leak
from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.training.papers.reproduction import Reproduction
    from genre_model.training.papers.rows import Row, System
    from genre_model.training.predictions import Predictions

#: Paper 002, of its 1-s segments.
PUBLISHED_SIZES = {"train": 24_000, "valid": 3000, "test": 3000}
#: Keeps tracks together, but not artists, and trains on as many as the leaky one.
WHOLE_TRACKS_PROTOCOL = "stratified-80-10-10"

Accuracies = list[float]


def leak(row: Row, reproduction: Reproduction) -> Outcome:
    """Measure the leak of a split by segments: its sizes, and its points (B3).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    measurements = [one for seconds in (1, 3) for one in _sizes(seconds, reproduction)]
    findings: list[str] = []
    bars: dict[str, tuple[Accuracies, Accuracies]] = {}
    for needed in chosen_rows(list(row.needs)):
        name = needed.systems[0].name
        judged = dict(_judged(needed, reproduction))
        for (protocol, unit), predictions in judged.items():
            leaks = protocol == SEGMENT_PROTOCOL
            measurements += scores_of(
                f"{name}, {unit}",
                protocol,
                predictions,
                reproduction.data_name,
                _leaky_system(needed).published if leaks else None,
            )
        accuracies = {key: _accuracies(value) for key, value in judged.items()}
        findings.append(_finding(name, accuracies))
        leaky = accuracies[SEGMENT_PROTOCOL, "segments"]
        for unit in ("segments", "tracks"):
            bars[f"{name}: {unit} against leaky segments"] = (
                accuracies[HONEST_PROTOCOL, unit],
                leaky,
            )
    path = plot_path(reproduction, row, "leak")
    files = relative(plot_leak(bars, f"{row.id} {row.title}", path), reproduction)
    return Outcome(row.id, tuple(measurements), tuple(findings), tuple(files))


def _sizes(seconds: int, reproduction: Reproduction) -> Iterator[Measurement]:
    """Count the parts of the split of segments, and the tracks that are in several."""
    front_end = front_end_of_length(seconds, reproduction)
    (fold,) = folds_of(SEGMENT_PROTOCOL, segments_per_track(front_end))
    name = f"segments of {seconds} s"
    for part, published in PUBLISHED_SIZES.items():
        size = len(getattr(fold, part))
        yield Measurement(name, part, published if seconds == 1 else None, size)
    n_both = len(tracks_on_two_sides(fold))
    yield Measurement(name, "tracks on several sides", None, n_both, n=1000)


def _judged(
    row: Row, reproduction: Reproduction
) -> Iterator[tuple[tuple[str, str], list[Predictions]]]:
    """Predict with a row's honest and leaky networks.

    Yields:
        Protocol and unit, with the predictions of each seed.
    """
    n_seeds = reproduction.n_seeds(row)
    honest = row.systems[0]
    leaky = _leaky_system(row)
    yield (
        (SEGMENT_PROTOCOL, "segments"),
        reproduction.predictions(leaky, SEGMENT_PROTOCOL, "test", n_seeds),
    )
    for protocol in (WHOLE_TRACKS_PROTOCOL, HONEST_PROTOCOL):
        if protocol not in row.protocols:
            continue
        trainings = reproduction.trainings(honest, protocol, n_seeds)
        yield (protocol, "segments"), predict_segments(trainings)
        yield (
            (protocol, "tracks"),
            reproduction.predictions(honest, protocol, "test", n_seeds),
        )


def _leaky_system(row: Row) -> System:
    return next(one for one in row.systems if SEGMENT_PROTOCOL in one.protocols)


def _accuracies(predictions: list[Predictions]) -> Accuracies:
    return [float(one.right.mean()) for one in predictions]


def _finding(name: str, accuracies: dict[tuple[str, str], Accuracies]) -> str:
    """Divide the difference to the paper's way into leak and unit."""
    percent = {key: 100 * float(np.mean(runs)) for key, runs in accuracies.items()}
    leaky = percent[SEGMENT_PROTOCOL, "segments"]
    segments = percent[HONEST_PROTOCOL, "segments"]
    tracks = percent[HONEST_PROTOCOL, "tracks"]
    text = (
        f"{name}: {leaky:.1f} % of segments under {SEGMENT_PROTOCOL} (leaky), "
        f"{segments:.1f} % under {HONEST_PROTOCOL}: the split makes "
        f"{leaky - segments:+.1f} points, part of which are its 800 tracks to train on in "
        f"place of 443. That tracks are judged in place of segments makes "
        f"{tracks - segments:+.1f} points: {tracks:.1f} %."
    )
    if (WHOLE_TRACKS_PROTOCOL, "segments") in percent:
        whole = percent[WHOLE_TRACKS_PROTOCOL, "segments"]
        text += (
            f" With 800 whole tracks to train on ({WHOLE_TRACKS_PROTOCOL}) it is "
            f"{whole:.1f} % of segments: {leaky - whole:+.1f} points are segments of test "
            "tracks in training."
        )
    return text
