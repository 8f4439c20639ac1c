"""Clips as features and as pictures: mel against MFCC (Z9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from tqdm import tqdm

from genre_model.errors import TrainingDataError
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.plots import plot_embedding_2d, plot_mel_gallery
from genre_model.papers.tables.feature_table import is_mfcc
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.labelled_mel_frames import mel_frames_or_none
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.significance import mcnemar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.data.gtzan import LabelledTrack

    #: [shape=(n_tracks, n_features)]
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


def readable_clips(
    tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> Iterator[tuple[LabelledTrack, NDArray[np.float32]]]:
    """Yield tracks with their mel frames; broken files are reported and skipped."""
    for track in tqdm(tracks, "clips", disable=None, leave=False):
        if (mel_frames := mel_frames_or_none(track, front_end)) is not None:
            yield track, mel_frames


def draw_gallery(
    row: Row, network_row: str, reproduction: Reproduction, label: str
) -> list[str]:
    """Draw the first track of each genre with the front end of a row of networks.

    Each picture is named by ``label``, with ``{genre}`` and ``{id}`` of the track.
    """
    front_end = reproduction.front_end(network_row)
    first = {track.genre: track for track in reversed(find_tracks(reproduction.data_dir))}
    clips = {
        label.format(genre=track.genre, id=track.track_id): mel_frames
        for track, mel_frames in readable_clips([first[g] for g in GENRES], front_end)
    }
    if not clips:
        raise TrainingDataError(f"{reproduction.data_dir}: no clip can be read")
    return reproduction.plot(
        plot_mel_gallery,
        clips,
        row,
        "gallery",
        "a clip of each genre",
        frame_seconds=1 / front_end.frames_per_second,
        unit="brightness of the picture, 0 to 255" if reproduction.has_pictures else "dB",
    )


def mel_against_mfcc(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw t-SNE of MFCC and of mel features, and measure which keeps genres apart (Z9).

    MFCC are the table's: mean and variance of 20. Mel features are moments of
    each band, of clips brought to mean 0 and standard deviation 1, as the networks hear
    them. How t-SNE looks proves nothing, so neighbours are counted: how often the
    majority of the five nearest tracks by other artists is of a track's own genre, in
    the features themselves and in the plane.
    """
    table, mel = _same_tracks(reproduction)
    mfcc = table.columns(is_mfcc).values
    perplexity = min(PERPLEXITY, (len(mel) - 1) / 3)
    outcome = Outcome(row.id)
    right: dict[str, NDArray[np.bool_]] = {}
    panels: dict[str, Points] = {}
    silhouettes: dict[str, float] = {}
    sources = ((MFCC, mfcc, TABLE_DATA), (MEL, mel, reproduction.data_name))
    for name, features, data in sources:
        tsne = TSNE(2, init="pca", perplexity=perplexity, random_state=SEED)
        # Or the feature of the greatest unit would decide alone.
        panels[name] = np.asarray(tsne.fit_transform(scale(features)), np.float64)
        spaces = {
            f"{name} ({features.shape[1]} features)": features,
            f"{name} in the plane": panels[name],
        }
        hits = [neighbours_right(values, table) for values in spaces.values()]
        scores = [_silhouette(values, table) for values in spaces.values()]
        right[name], silhouettes[name] = hits[0], scores[1]
        for who, one in zip(spaces, hits, strict=True):
            outcome.measurements.append(_accuracy(who, one, data))
        for who, score in zip(spaces, scores, strict=True):
            outcome.measurements.append(
                Measurement(who, "silhouette", None, score, n=len(mel), data=data)
            )
    title = f"{row.title}, perplexity {perplexity:.0f}"
    outcome.files += reproduction.plot(
        plot_embedding_2d, panels, row, "tsne", title, labels=table.labels
    )
    outcome.findings += [_verdict(right), _by_eye(silhouettes)]
    return outcome


def _same_tracks(reproduction: Reproduction) -> tuple[FeatureTable, Points]:
    """Return the table's rows whose clips can be read, and their mel features.

    These are mean and variance over time of each band.
    """
    table = reproduction.table(30)
    features: dict[str, Points] = {}
    tracks = find_tracks(reproduction.data_dir)
    for track, mel_frames in readable_clips(tracks, reproduction.front_end(NETWORK_ROW)):
        scaled = (mel_frames - mel_frames.mean()) / (mel_frames.std() + 1e-6)
        moments = (scaled.mean(axis=1), scaled.var(axis=1))
        features[track.track_id] = np.concatenate(moments).astype(np.float64)
    kept = table.rows_named(features)
    if len(kept.row_ids) < 2:
        raise TrainingDataError(
            f"{reproduction.data_dir} has no clips of the tracks of its feature table"
        )
    return kept, np.stack([features[name] for name in kept.track_ids])


def neighbours_right(values: Points, table: FeatureTable) -> NDArray[np.bool_]:
    """Classify each track by its nearest neighbours among the tracks of other artists.

    Returns:
        Whether the genre is right, fold after fold [shape=(n_tested,)].

    Raises:
        TrainingDataError: if the folds have none of these tracks.
    """
    place_of = {name: place for place, name in enumerate(table.track_ids)}
    hits = []
    for fold in folds_of(PROTOCOL):
        train, test = (
            [place_of[name] for name in part if name in place_of]
            for part in (fold.train, fold.test)
        )
        if train and test:
            nearest = KNeighborsClassifier(min(K_NEIGHBOURS, len(train)))
            system = make_pipeline(StandardScaler(), nearest)
            system.fit(values[train], table.labels[train])
            hits.append(system.predict(values[test]) == table.labels[test])
    if not hits:
        raise TrainingDataError(
            f"no fold of {PROTOCOL} has tracks of the feature table on both sides"
        )
    return np.concatenate(hits)


def _accuracy(name: str, right: NDArray[np.bool_], data: str) -> Measurement:
    share, n = float(right.mean()), len(right)
    name = f"{K_NEIGHBOURS} nearest neighbours, {name}"
    return Measurement(name, "accuracy", None, share, protocol=PROTOCOL, n=n, data=data)


def _silhouette(values: Points, table: FeatureTable) -> float:
    """Compute the mean silhouette of the genres (Rousseeuw 1987) in standardised values."""
    return float(silhouette_score(scale(values), table.labels))


def _verdict(right: dict[str, NDArray[np.bool_]]) -> str:
    test = mcnemar(right[MEL], right[MFCC])
    better = "better" if test.only_first > test.only_second else "not better"
    sure = "" if test.p_value < 0.05 else ", which chance explains"
    return (
        f"By neighbours among the features themselves, mel is {better} distributed: "
        f"{test.only_first} tracks are right with {MEL} alone, {test.only_second} with "
        f"{MFCC} alone (McNemar p {test.p_value:.2g}{sure})."
    )


def _by_eye(silhouettes: dict[str, float]) -> str:
    """Say which of the two planes looks tidier."""
    mel, mfcc = silhouettes[MEL], silhouettes[MFCC]
    better = "tidier" if mel > mfcc else "no tidier"
    return (
        f"To the eye, mel is {better}: in the plane its silhouette is {mel:.2f}, that of "
        f"MFCC {mfcc:.2f}; below 0, most tracks are nearer to another genre than to theirs."
    )
