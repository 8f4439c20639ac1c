"""Paper 003's claims in words, in numbers (C15)."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper
from scipy.fft import dctn
from scipy.stats import binomtest

from genre_model.atomic_file import write_atomically
from genre_model.classifier import GenreClassifier
from genre_model.errors import ModelFileError
from genre_model.metrics import N_TOP, measures_of
from genre_model.model.source import read_network
from genre_model.papers.outcome import Measurement, Outcome, measurements_of
from genre_model.papers.plots import plot_filters
from genre_model.papers.rows import HONEST_PROTOCOL, System
from genre_model.training.data.gtzan import CLIP_SECONDS, find_tracks
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.evaluation.comparison import LEVEL, comparison_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: Clips that are timed; the median of them counts.
N_TIMED = 20
BYTES_PER_MB = 1e6
#: Tensors of fewer weights stay floats: they take no space.
LEAST_WEIGHTS = 256
#: Of 8-bit integers, of each sign.
LARGEST = 127
NOT_MEASURED = (
    "Not measured: pruning, which the paper suggests, but does not do, and of which it "
    'names neither method nor share; training "on a single GPU within a few hours", of '
    "which it names neither the GPU nor a number (C3 and C5 give the seconds that their "
    "trainings took here); ONNX Runtime's own dynamic quantisation, which computes with "
    "integers, but leaves a GRU as it is."
)


def claims(row: Row, reproduction: Reproduction) -> Outcome:
    """Put numbers to the claims that paper 003 makes in words (C15)."""
    c3, c5 = row.needed_rows
    outcome = Outcome(row.id)
    outcome.add(_filters(row, c3, reproduction))
    outcome.add(_top(c5, reproduction))
    outcome.add(_speed(c3, reproduction))
    outcome.add(_speed(c5, reproduction))
    outcome.add(_quantised(c5, reproduction))
    outcome.findings.append(NOT_MEASURED)
    return outcome


def _model_path(row: Row, reproduction: Reproduction) -> Path:
    """Return the model of the first seed under the headline protocol."""
    return reproduction.trainings(row, HONEST_PROTOCOL)[0].run_folder.model_path


def _size(name: str, path: Path, reproduction: Reproduction) -> Measurement:
    n_mb, data = path.stat().st_size / BYTES_PER_MB, reproduction.data_name
    return Measurement(name, "MB of the model file", None, n_mb, data=data)


def first_filters(path: Path) -> NDArray[np.float32]:
    """Read the first layer's filters from a model file.

    They are over bands and frames, lowest band first [shape=(n_filters, height, width)].

    Raises:
        ModelFileError: if its first layer is no two-dimensional convolution.
    """
    model = onnx.load_model_from_string(read_network(path))
    constants = {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in constants:
            weights = numpy_helper.to_array(constants[node.input[1]])
            if weights.ndim == 4:
                filters: NDArray[np.float32] = weights.mean(axis=1)
                return filters
    raise ModelFileError(f"model file {path}: it has no two-dimensional convolution")


def count_shapes(filters: NDArray[np.floating]) -> tuple[int, int]:
    """Count the filters that resemble onset detectors, and band-pass filters.

    A filter [shape=(n_filters, height, width), at least 3 x 3] is divided into cosine
    shapes (an orthonormal transform), the lowest of which are, over bands and over frames
    each: mean, difference, curvature. Of an onset detector, most is a difference over
    frames at all bands alike; of a band-pass filter, a curvature over bands in all frames
    alike.
    """
    energies = dctn(filters, axes=(1, 2), norm="ortho") ** 2
    most = energies.reshape(len(filters), -1).argmax(axis=1)
    over_bands, over_frames = np.unravel_index(most, filters.shape[1:])
    n_onset = np.sum((over_bands == 0) & (over_frames == 1))
    n_band = np.sum((over_bands == 2) & (over_frames == 0))
    return int(n_onset), int(n_band)


def _filters(row: Row, c3: Row, reproduction: Reproduction) -> Outcome:
    """Draw the CNN's first filters; count those that look as the paper says."""
    system = c3.systems[0]
    filters = first_filters(_model_path(c3, reproduction))
    n_filters, n_shapes = len(filters), filters[0].size
    n_onset, n_band = count_shapes(filters)
    chance = 2 / n_shapes  # that a random filter is one of the two
    test = binomtest(n_onset + n_band, n_filters, chance, alternative="greater")
    verdict = "more than" if test.pvalue < LEVEL else "not shown to be more than"
    finding = (
        f"{system.name}: of {n_filters} first filters, {n_band} are mostly a "
        f"curvature over bands (band-pass), {n_onset} mostly a difference over "
        f"frames (onset): {verdict} the {chance * n_filters:.1f} of random "
        f"filters (p = {test.pvalue:.2g})."
    )
    name = f"first layer of {system.name}"
    measurement = Measurement(
        name,
        "band-pass or onset",
        None,
        n_onset + n_band,
        n=n_filters,
        unit="filters",
        protocol=HONEST_PROTOCOL,
        data=reproduction.data_name,
    )
    title = f"{name}, {HONEST_PROTOCOL}, seed 0"
    files = reproduction.plot(plot_filters, filters, row, "filters", title)
    return Outcome(row.id, [measurement], [finding], files)


def _top(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the tracks whose genre is among the three most probable."""
    predictions = reproduction.predictions(row, HONEST_PROTOCOL)
    (accuracy,) = measurements_of(
        System(row.systems[0].name),
        HONEST_PROTOCOL,
        predictions,
        data=reproduction.data_name,
    )
    measure = f"top_{N_TOP}"
    values = [measures_of(one.probabilities, one.labels)[measure] for one in predictions]
    top = replace(accuracy, measure=measure, ours=float(np.mean(values)), sd=None)
    return Outcome(row.id, [accuracy, top.with_interval()])


def _speed(row: Row, reproduction: Reproduction) -> Outcome:
    """Time ONNX Runtime on whole clips; it has one thread, as always."""
    name, path = row.systems[0].name, _model_path(row, reproduction)
    classifier = GenreClassifier.load(path)
    tracks = find_tracks(reproduction.data_dir)
    tracks = tracks[:: max(1, len(tracks) // N_TIMED)][:N_TIMED]
    seconds = []
    for mel_frames in load_labelled_mel_frames(
        tracks, classifier.card.front_end
    ).mel_frames:
        start_seconds = time.perf_counter()
        classifier.predict_mel_frames(path, mel_frames)
        seconds.append(time.perf_counter() - start_seconds)
    typical = median(seconds)
    timed = Measurement(
        name,
        "seconds per clip",
        None,
        typical,
        n=len(seconds),
        unit="clips",
        data=reproduction.data_name,
    )
    finding = (
        f"{name}: a clip of 30 s is scored in {1000 * typical:.0f} ms on one thread "
        f"here, {CLIP_SECONDS / typical:.0f} times as fast as it plays; decoding and mel "
        "frames are not in it."
    )
    return Outcome(row.id, [timed, _size(name, path, reproduction)], [finding])


def _quantised(row: Row, reproduction: Reproduction) -> Outcome:
    """Score a run again with its weights rounded to 8 bits."""
    system = row.systems[0]
    path = _model_path(row, reproduction)
    smaller = reproduction.out / "int8" / f"{system.recipe}.onnx"
    write_atomically(smaller, with_int8_weights(read_network(path)))
    source = reproduction.experiment(system, HONEST_PROTOCOL).source
    before, after = (
        predict_systems(
            Evaluation(
                str(model),
                reproduction.data_dir,
                HONEST_PROTOCOL,
                source=source,
                every=reproduction.every,
            )
        )
        for model in (path, smaller)
    )
    name = f"{system.name}, seed 0, 8-bit weights"
    report = comparison_of(after, before, (name, system.name), HONEST_PROTOCOL, "test")
    measurements = measurements_of(
        System(name), HONEST_PROTOCOL, after, data=reproduction.data_name
    )
    ratio = path.stat().st_size / smaller.stat().st_size
    best_after, best_before = (
        one[0].probabilities.argmax(axis=1) for one in (after, before)
    )
    finding = (
        f"Weights of 8 bits instead of 32, {ratio:.1f} times smaller, change the genre of "
        f"{np.sum(best_after != best_before)} of {len(best_after)} test tracks. A = 8 "
        f"bits, B = 32: {report['conclusion']} Scoring computes with floats and is no "
        "faster."
    )
    return Outcome(row.id, [*measurements, _size(name, smaller, reproduction)], [finding])


def with_int8_weights(content: bytes) -> bytes:
    """Round the weights in the content of a model file to 255 levels.

    Each output channel has a scale of its own. The network turns them back into floats
    and computes with those, so that the file becomes smaller, and scoring no faster.
    """
    model = onnx.load_model_from_string(content)
    nodes = []
    for weights in list(model.graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < LEAST_WEIGHTS:
            continue
        others = tuple(range(1, values.ndim))
        greatest = np.abs(values).max(axis=others, keepdims=True)
        scales = np.maximum(greatest, np.finfo(np.float32).tiny * LARGEST) / LARGEST
        levels = np.rint(values / scales).astype(np.int8)
        names = [f"{weights.name}_int8", f"{weights.name}_scale"]
        model.graph.initializer.remove(weights)
        for array, name in zip((levels, scales.reshape(-1)), names, strict=True):
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        nodes.append(helper.make_node("DequantizeLinear", names, [weights.name], axis=0))
    # Nodes follow those that they take their values from.
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
    smaller: bytes = model.SerializeToString()
    return smaller
