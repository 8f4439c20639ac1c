"""What paper 003 claims in words, in numbers (C15)."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.atomic_file import write_atomically
from genre_model.classifier import GenreClassifier
from genre_model.metrics import N_TOP, measures_of
from genre_model.model.source import read_network
from genre_model.papers.checks.filters import first_filters, shapes_of
from genre_model.papers.checks.int8_weights import with_int8_weights
from genre_model.papers.checks.needed_networks import HONEST_PROTOCOL
from genre_model.papers.checks.scores import scores_of
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.reproduction import QUICK_EVERY
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import CLIP_SECONDS, find_tracks
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.evaluation.comparison import LEVEL, comparison_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.plots import plot_filters

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.evaluation.predictions import Predictions

#: Clips that are timed; the median of them counts.
N_TIMED = 20
BYTES_PER_MB = 1e6
#: What this check puts no number to.
NOT_MEASURED = (
    "Not measured: pruning, which the paper suggests, but does not do, and of which it "
    'names neither method nor share; training "on a single GPU within a few hours", of '
    "which it names neither the GPU nor a number (C3 and C5 give the seconds that their "
    "trainings took here); ONNX Runtime's own dynamic quantisation, which computes with "
    "integers, but leaves a GRU as it is."
)


def claims(row: Row, reproduction: Reproduction) -> Outcome:
    """Put numbers to the claims that paper 003 makes in words (C15).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    c3, c5 = chosen_rows(list(row.needs))
    filters = _filters(row, c3.systems[0], reproduction)
    outcomes = (
        filters,
        _top(c5, reproduction),
        _speed(c3, reproduction),
        _speed(c5, reproduction),
        _quantised(c5, reproduction),
    )
    measurements = [one for outcome in outcomes for one in outcome.measurements]
    findings = [one for outcome in outcomes for one in outcome.findings]
    findings.append(NOT_MEASURED)
    return Outcome(row.id, tuple(measurements), tuple(findings), filters.files)


def _filters(row: Row, system: System, reproduction: Reproduction) -> Outcome:
    """Draw the CNN's first filters; count those that look as the paper says."""
    filters = first_filters(_model_path(system, reproduction))
    shapes = shapes_of(filters)
    by_chance = shapes.chance * shapes.n_filters
    n_either = shapes.n_onset + shapes.n_band
    verdict = "more than" if shapes.p_value < LEVEL else "not shown to be more than"
    finding = (
        f"{system.name}: of {shapes.n_filters} first filters, {shapes.n_band} are mostly a "
        f"curvature over bands (band-pass), {shapes.n_onset} mostly a difference over "
        f"frames (onset): {verdict} the {by_chance:.1f} of random filters "
        f"(p = {shapes.p_value:.2g})."
    )
    name = f"first layer of {system.name}"
    measurement = Measurement(
        name,
        "band-pass or onset",
        None,
        n_either,
        n=shapes.n_filters,
        unit="filters",
        protocol=HONEST_PROTOCOL,
        data=reproduction.data_name,
    )
    title = f"{row.id} {name}, {HONEST_PROTOCOL}, seed 0"
    paths = plot_filters(filters, title, plot_path(reproduction, row, "filters"))
    files = tuple(relative(paths, reproduction))
    return Outcome(row.id, (measurement,), (finding,), files)


def _top(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the tracks whose genre is among the three most probable."""
    system = row.systems[0]
    n_seeds = reproduction.n_seeds(row)
    predictions = reproduction.predictions(system, HONEST_PROTOCOL, "test", n_seeds)
    accuracy, *_ = scores_of(
        system.name, HONEST_PROTOCOL, predictions, reproduction.data_name
    )
    values = [measures_of(one.probabilities, one.labels) for one in predictions]
    mean = sum(one[f"top_{N_TOP}"] for one in values) / len(values)
    n = len(predictions[0].labels)
    low, high = metrics.wilson_interval(mean * n, n)
    top = replace(accuracy, measure=f"top_{N_TOP}", ours=mean, sd=None, low=low, high=high)
    return Outcome(row.id, (accuracy, top))


def _speed(row: Row, reproduction: Reproduction) -> Outcome:
    """Time ONNX Runtime on whole clips; it has one thread, as always."""
    system = row.systems[0]
    path = _model_path(system, reproduction)
    classifier = GenreClassifier.load(path)
    tracks = find_tracks(reproduction.data_dir)
    tracks = tracks[:: max(1, len(tracks) // N_TIMED)][:N_TIMED]
    loaded = load_labelled_mel_frames(tracks, classifier.card.front_end)
    seconds = []
    for mel_frames in loaded.mel_frames:
        start_seconds = time.perf_counter()
        classifier.predict_mel_frames(path, mel_frames)
        seconds.append(time.perf_counter() - start_seconds)
    typical = median(seconds)
    timed = Measurement(
        system.name,
        "seconds per clip",
        None,
        typical,
        n=len(seconds),
        unit="clips",
        data=reproduction.data_name,
    )
    measurements = (timed, _size(system.name, path, reproduction))
    finding = (
        f"{system.name}: a clip of 30 s is scored in {1000 * typical:.0f} ms on one thread "
        f"here, {CLIP_SECONDS / typical:.0f} times as fast as it plays; decoding and mel "
        "frames are not in it."
    )
    return Outcome(row.id, measurements, (finding,))


def _quantised(row: Row, reproduction: Reproduction) -> Outcome:
    """Score a run again with its weights rounded to 8 bits."""
    system = row.systems[0]
    path = _model_path(system, reproduction)
    smaller = reproduction.out / "int8" / f"{system.recipe}.onnx"
    write_atomically(smaller, with_int8_weights(read_network(path)))
    before, after = (
        predict_systems(
            Evaluation(
                str(model),
                reproduction.data_dir,
                HONEST_PROTOCOL,
                source=reproduction.experiment(system, HONEST_PROTOCOL).source,
                every=QUICK_EVERY if reproduction.quick else 1,
            )
        )
        for model in (path, smaller)
    )
    name = f"{system.name}, seed 0, 8-bit weights"
    report = comparison_of(after, before, (name, system.name), HONEST_PROTOCOL, "test")
    accuracy, *_ = scores_of(name, HONEST_PROTOCOL, after, reproduction.data_name)
    ratio = path.stat().st_size / smaller.stat().st_size
    changed = np.sum(_said(after[0]) != _said(before[0]))
    finding = (
        f"Weights of 8 bits instead of 32, {ratio:.1f} times smaller, change the genre of "
        f"{changed} of {len(after[0].labels)} test tracks. A = 8 bits, B = 32: "
        f"{report['conclusion']} Scoring computes with floats and is no faster."
    )
    size = _size(name, smaller, reproduction)
    return Outcome(row.id, (accuracy, size), (finding,))


def _size(name: str, path: Path, reproduction: Reproduction) -> Measurement:
    n_mb = path.stat().st_size / BYTES_PER_MB
    data = reproduction.data_name
    return Measurement(name, "MB of the model file", None, n_mb, data=data)


def _said(predictions: Predictions) -> NDArray[np.int64]:
    said: NDArray[np.int64] = predictions.probabilities.argmax(axis=1)
    return said


def _model_path(system: System, reproduction: Reproduction) -> Path:
    """Return the model of the first seed under the headline protocol."""
    return reproduction.trainings(system, HONEST_PROTOCOL, 1)[0].run_folder.model_path
