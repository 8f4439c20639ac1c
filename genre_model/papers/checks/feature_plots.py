"""A9: densities, correlations and components of the features, and clips as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips_at_hand import readable_clips
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.plots import (
    plot_correlation_map,
    plot_embedding_2d,
    plot_kde,
    plot_mel_gallery,
)
from genre_model.training.plots.projections import pca_of
from genre_model.training.plots.similarities import correlation_of_features

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable

    Plotted = tuple[list[Measurement], list[str], list[Path]]

BANDWIDTH, TEMPO = "spectral_bandwidth_mean", "tempo"
TABLE_DATA = "feature table, 30 s"
UNITS = {BANDWIDTH: "Hz", TEMPO: "BPM"}
#: Paper 001, figure 3: tempo of "the majority" of the genre.
PUBLISHED_TEMPO_BPM = {"disco": 120, "pop": 100}
#: Paper 001, figure 5: genres that are near each other.
NAMED_NEAR = (("metal", "rock"), ("classical", "jazz"), ("hip hop", "pop"))
#: The row whose front end the clips are drawn with.
NETWORK_ROW = "Z2"


def feature_plots(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw paper 001's plots of the data, and check what it reads from them (A9).

    Raises:
        TrainingDataError: if there is no feature table, or no clip can be read.
    """
    table = reproduction.table(30)
    parts = [
        _densities(row, table, reproduction),
        _correlations(row, table, reproduction),
        _components(row, table, reproduction),
        ([], [], _gallery(row, reproduction)),
    ]
    return Outcome(
        row.id,
        tuple(one for measured, _, _ in parts for one in measured),
        tuple(one for _, findings, _ in parts for one in findings),
        tuple(name for _, _, paths in parts for name in relative(paths, reproduction)),
    )


def _densities(row: Row, table: FeatureTable, reproduction: Reproduction) -> Plotted:
    features = {name: table.values[:, table.names.index(name)] for name in UNITS}
    path = plot_path(reproduction, row, "densities")
    named = {f"{name} ({UNITS[name]})": values for name, values in features.items()}
    paths = plot_kde(named, table.labels, f"{row.id} spread of two features", path)
    medians = {name: _medians(values, table) for name, values in features.items()}
    measurements = [
        Measurement(
            genre, "median tempo, BPM", published, medians[TEMPO][genre], data=TABLE_DATA
        )
        for genre, published in PUBLISHED_TEMPO_BPM.items()
        if genre in medians[TEMPO]
    ]
    findings = [
        f"Median {name}: {_ranked(medians[name], unit)}." for name, unit in UNITS.items()
    ]
    findings += _broadness(medians[BANDWIDTH])
    return measurements, findings, paths


def _correlations(row: Row, table: FeatureTable, reproduction: Reproduction) -> Plotted:
    rest = table.columns(lambda name: not name.startswith("mfcc"))
    correlation = correlation_of_features(rest.values)
    path = plot_path(reproduction, row, "correlations")
    title = f"{row.id} correlation of all features but MFCC"
    paths = plot_correlation_map(correlation, rest.names, title, path)
    first, second = np.triu_indices(len(rest.names), k=1)
    values = np.nan_to_num(correlation[first, second])
    strongest = np.argsort(-np.abs(values), kind="stable")[:3]
    pairs = [
        f"{rest.names[first[i]]} and {rest.names[second[i]]} ({values[i]:.2f})"
        for i in strongest
    ]
    return [], [f"The strongest correlations: {', '.join(pairs)}."], paths


def _components(row: Row, table: FeatureTable, reproduction: Reproduction) -> Plotted:
    coordinates, shares = pca_of(table.values)
    axis_labels = (f"PC 1 ({shares[0]:.1%})", f"PC 2 ({shares[1]:.1%})")
    path = plot_path(reproduction, row, "pca")
    title = f"{row.id} principal components of {len(table.names)} features"
    paths = plot_embedding_2d(
        {"standardised features": coordinates},
        table.labels,
        title,
        path,
        axis_labels=axis_labels,
    )
    measurement = Measurement(
        "two principal components",
        "share of the variance",
        None,
        float(shares.sum()),
        data=TABLE_DATA,
    )
    return [measurement], [_nearness(coordinates, table)], paths


def _gallery(row: Row, reproduction: Reproduction) -> list[Path]:
    front_end = reproduction.recipe(chosen_rows([NETWORK_ROW])[0].systems[0]).front_end
    first = {track.genre: track for track in reversed(find_tracks(reproduction.data_dir))}
    clips = list(readable_clips([first[genre] for genre in GENRES], front_end))
    if not clips:
        raise TrainingDataError(f"{reproduction.data_dir}: no clip can be read")
    return plot_mel_gallery(
        {track.track_id: mel_frames for track, mel_frames in clips},
        f"{row.id} a clip of each genre",
        plot_path(reproduction, row, "gallery"),
        frame_seconds=1 / front_end.frames_per_second,
        unit="brightness of the picture, 0 to 255" if reproduction.has_pictures else "dB",
    )


def _medians(values: NDArray[np.float64], table: FeatureTable) -> dict[str, float]:
    return {
        GENRES[label]: float(np.median(values[table.labels == label]))
        for label in np.unique(table.labels)
    }


def _broadness(medians: dict[str, float]) -> Iterator[str]:
    """Check what the paper reads from the densities of the bandwidth."""
    if not {"classical", "pop"} <= set(medians):
        return
    verdict = "so it is" if medians["classical"] > medians["pop"] else "it is the reverse"
    yield (
        "The paper reads from them that classical has the broad spectra and pop has "
        f"single tones; by the medians, {verdict}."
    )


def _ranked(medians: dict[str, float], unit: str) -> str:
    ranked = sorted(medians.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{genre} {value:.0f} {unit}" for genre, value in ranked)


def _nearness(coordinates: NDArray[np.float64], table: FeatureTable) -> str:
    """Rank the pairs that the paper calls near by the distance of their means."""
    labels = np.unique(table.labels)
    centres = np.array([coordinates[table.labels == i].mean(axis=0) for i in labels])
    names = [GENRES[label] for label in labels]
    first, second = np.triu_indices(len(names), k=1)
    distances = np.linalg.norm(centres[first] - centres[second], axis=1)
    said = []
    for pair in NAMED_NEAR:
        if set(pair) <= set(names):
            i, j = sorted(map(names.index, pair))
            place = int(np.flatnonzero((first == i) & (second == j))[0])
            rank = 1 + int(np.sum(distances < distances[place]))
            said.append(f"{' and '.join(pair)} rank {rank}")
    nearest = int(distances.argmin())
    return (
        f"By the distance of the genres' means in that plane, of {len(distances)} pairs "
        f"{', '.join(said)}; nearest are {names[first[nearest]]} and "
        f"{names[second[nearest]]}."
    )
