"""Z9: whether genres lie apart more clearly in mel features than in MFCC."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips_at_hand import readable_clips
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.significance import mcnemar
from genre_model.training.plots import plot_embedding_2d
from genre_model.training.plots.projections import standardised, tsne_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable

    Points = NDArray[np.float64]

#: The row whose front end makes the mel features.
NETWORK_ROW = "Z2"
#: Neither is in the paper.
PERPLEXITY, SEED = 30.0, 0
K_NEIGHBOURS = 5
#: Artist-disjoint, and nearly every track is tested.
PROTOCOL = "rotation"
MFCC, MEL = "MFCC", "mel bands"
TABLE_DATA = "feature table, 30 s"


def mel_against_mfcc(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw t-SNE of MFCC and of mel features, and measure which keeps genres apart (Z9).

    MFCC are the table's: mean and variance of 20. Mel features are moments of
    each band, of clips brought to mean 0 and standard deviation 1, as the networks hear
    them. How t-SNE looks proves nothing, so neighbours are counted: how often the
    majority of the five nearest tracks by other artists is of a track's own genre, in
    the features themselves and in the plane.

    Raises:
        TrainingDataError: if there is no feature table, or too few tracks.
    """
    table, mel = _same_tracks(reproduction)
    mfcc = table.columns(lambda name: name.startswith("mfcc")).values
    perplexity = min(PERPLEXITY, (len(mel) - 1) / 3)
    measurements: list[Measurement] = []
    right: dict[str, NDArray[np.bool_]] = {}
    panels: dict[str, Points] = {}
    sources = ((MFCC, mfcc, TABLE_DATA), (MEL, mel, reproduction.data_name))
    for name, features, data in sources:
        panels[name] = tsne_of(features, SEED, perplexity)
        full_name = f"{name} ({features.shape[1]} features)"
        right[name] = neighbours_right(features, table)
        in_plane = neighbours_right(panels[name], table)
        measured = (
            _accuracy(full_name, right[name]),
            _accuracy(f"{name} in the plane", in_plane),
            _silhouette(full_name, features, table),
            _silhouette(f"{name} in the plane", panels[name], table),
        )
        measurements += [replace(one, data=data) for one in measured]
    title = f"{row.id} {row.title}, perplexity {perplexity:.0f}"
    path = plot_path(reproduction, row, "tsne")
    paths = plot_embedding_2d(panels, table.labels, title, path)
    return Outcome(
        row.id,
        tuple(measurements),
        (_verdict(right), _seen(panels, table)),
        tuple(relative(paths, reproduction)),
    )


def neighbours_right(values: Points, table: FeatureTable) -> NDArray[np.bool_]:
    """Classify each track by its nearest neighbours among the tracks of other artists.

    Args:
        values: [shape=(n_tracks, n_features)].
        table: tracks and labels of the same rows.

    Returns:
        Whether the genre is right, fold after fold [shape=(n_tested,)].

    Raises:
        TrainingDataError: if the folds have none of these tracks.
    """
    hits = list(_hits(values, table))
    if not hits:
        raise TrainingDataError(
            f"no fold of {PROTOCOL} has tracks of the feature table on both sides"
        )
    return np.concatenate(hits)


def _hits(values: Points, table: FeatureTable) -> Iterator[NDArray[np.bool_]]:
    place_of = {name: place for place, name in enumerate(table.track_ids)}
    for fold in folds_of(PROTOCOL):
        train, test = (
            [place_of[name] for name in part if name in place_of]
            for part in (fold.train, fold.test)
        )
        if not train or not test:
            continue
        nearest = KNeighborsClassifier(min(K_NEIGHBOURS, len(train)))
        system = make_pipeline(StandardScaler(), nearest)
        system.fit(values[train], table.labels[train])
        yield system.predict(values[test]) == table.labels[test]


def _same_tracks(reproduction: Reproduction) -> tuple[FeatureTable, Points]:
    """Return the table's rows whose clips can be read, and their mel features."""
    table = reproduction.table(30)
    features = _mel_features(reproduction)
    kept = table.rows_named(features)
    if len(kept.row_ids) < 2:
        raise TrainingDataError(
            f"{reproduction.data_dir} has no clips of the tracks of its feature table"
        )
    return kept, np.stack([features[name] for name in kept.track_ids])


def _mel_features(reproduction: Reproduction) -> dict[str, Points]:
    """Compute mean and variance over time of each band of each clip."""
    front_end = reproduction.recipe(chosen_rows([NETWORK_ROW])[0].systems[0]).front_end
    features: dict[str, Points] = {}
    tracks = find_tracks(reproduction.data_dir)
    for track, mel_frames in readable_clips(tracks, front_end):
        scaled = (mel_frames - mel_frames.mean()) / (mel_frames.std() + 1e-6)
        moments = (scaled.mean(axis=1), scaled.var(axis=1))
        features[track.track_id] = np.concatenate(moments).astype(np.float64)
    return features


def _accuracy(name: str, right: NDArray[np.bool_]) -> Measurement:
    return Measurement(
        f"{K_NEIGHBOURS} nearest neighbours, {name}",
        "accuracy",
        None,
        float(right.mean()),
        protocol=PROTOCOL,
        n=len(right),
    )


def _silhouette(name: str, values: Points, table: FeatureTable) -> Measurement:
    score = silhouette_of(values, table)
    return Measurement(name, "silhouette", None, score, n=len(table.labels))


def silhouette_of(values: Points, table: FeatureTable) -> float:
    """Compute the mean silhouette of the genres (Rousseeuw 1987) in standardised values.

    Args:
        values: [shape=(n_tracks, n_features)].
        table: labels of the same rows.
    """
    return float(silhouette_score(standardised(values), table.labels))


def _verdict(right: dict[str, NDArray[np.bool_]]) -> str:
    test = mcnemar(right[MEL], right[MFCC])
    better = "better" if test.only_first > test.only_second else "not better"
    sure = "" if test.p_value < 0.05 else ", which chance explains"
    return (
        f"By neighbours among the features themselves, mel is {better} distributed: "
        f"{test.only_first} tracks are right with {MEL} alone, {test.only_second} with "
        f"{MFCC} alone (McNemar p {test.p_value:.2g}{sure})."
    )


def _seen(panels: dict[str, Points], table: FeatureTable) -> str:
    """Say which of the two planes looks tidier."""
    mel, mfcc = (silhouette_of(panels[name], table) for name in (MEL, MFCC))
    better = "tidier" if mel > mfcc else "no tidier"
    return (
        f"To the eye, mel is {better}: in the plane its silhouette is {mel:.2f}, that of "
        f"MFCC {mfcc:.2f}; below 0, most tracks are nearer to another genre than to theirs."
    )
