"""The features in plots: spread, correlation, components, likeness of genres (A8, A9)."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import rankdata, spearmanr
from sklearn.decomposition import PCA
from sklearn.preprocessing import minmax_scale, scale

from genre_model.errors import TrainingDataError
from genre_model.papers.checks.clips import draw_gallery
from genre_model.papers.checks.confusions import TABLE_PROTOCOL, table_predictions
from genre_model.papers.outcome import Measurement, Outcome, confusion_of
from genre_model.papers.plots import (
    plot_correlation_map,
    plot_cosine_similarity,
    plot_embedding_2d,
    plot_kde,
)
from genre_model.papers.tables.feature_table import is_mfcc
from genre_model.papers.tables.systems import correlations_of
from genre_model.training.data.gtzan import GENRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable

    #: Cosines between the genres by group of features [shape=(n_genres, n_genres)].
    Panels = dict[str, NDArray[np.float64]]

TABLE_DATA = "feature table, 30 s"
BANDWIDTH, TEMPO = "spectral_bandwidth_mean", "tempo"
UNITS = {BANDWIDTH: "Hz", TEMPO: "BPM"}
#: Paper 001, figure 3: tempo of "the majority" of the genre.
PUBLISHED_TEMPO_BPM = {"disco": 120, "pop": 100}
#: Paper 001, figure 5: genres that are near each other.
NAMED_NEAR = (("metal", "rock"), ("classical", "jazz"), ("hip hop", "pop"))
#: The row whose front end the clips are drawn with.
NETWORK_ROW = "Z2"
MFCC, REST = "MFCC", "all but MFCC"
#: How features are scaled before they are averaged.
RAW, MIN_MAX, STANDARDISED = "raw", "min-max scaled", "standardised"
#: Paper 001: "practically identical", and never confused.
IDENTICAL_PAIR = ("disco", "rock")
NAMED_PAIRS = (IDENTICAL_PAIR, ("classical", "metal"))
#: From which cosine on two genres are taken to be that; the paper has two digits.
IDENTICAL = 0.99
#: Every pair of genres, as two arrays of places.
PAIRS = np.triu_indices(len(GENRES), k=1)


def feature_plots(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw paper 001's plots of the data, and check what it reads from them (A9)."""
    table = reproduction.table(30)
    if len(np.unique(table.labels)) < 2:
        raise TrainingDataError("the feature table has less than two genres")
    outcome = Outcome(row.id)
    for part in (_densities, _correlations, _components):
        outcome.add(part(row, table, reproduction))
    label = "{id}"
    outcome.files += draw_gallery(row, NETWORK_ROW, reproduction, label)
    return outcome


def _densities(row: Row, table: FeatureTable, reproduction: Reproduction) -> Outcome:
    features = {name: table.values[:, table.names.index(name)] for name in UNITS}
    part = Outcome(row.id)
    part.files += reproduction.plot(
        plot_kde,
        {f"{name} ({UNITS[name]})": values for name, values in features.items()},
        row,
        "densities",
        "spread of two features",
        labels=table.labels,
    )
    medians = {
        name: {
            GENRES[label]: float(np.median(values[table.labels == label]))
            for label in np.unique(table.labels)
        }
        for name, values in features.items()
    }
    for genre, published in PUBLISHED_TEMPO_BPM.items():
        if (ours := medians[TEMPO].get(genre)) is not None:
            measure = "median tempo, BPM"
            part.measurements.append(
                Measurement(genre, measure, published, ours, data=TABLE_DATA)
            )
    for name, unit in UNITS.items():
        ranked = sorted(medians[name].items(), key=lambda pair: -pair[1])
        texts = [f"{genre} {value:.0f} {unit}" for genre, value in ranked]
        part.findings.append(f"Median {name}: {', '.join(texts)}.")
    part.findings += _broadness(medians[BANDWIDTH])
    return part


def _broadness(medians: dict[str, float]) -> Iterator[str]:
    """Check what the paper reads from the densities of the bandwidth."""
    if {"classical", "pop"} <= set(medians):
        is_broader = medians["classical"] > medians["pop"]
        yield (
            "The paper reads from them that classical has the broad spectra and pop has "
            "single tones; by the medians, "
            f"{'so it is' if is_broader else 'it is the reverse'}."
        )


def _correlations(row: Row, table: FeatureTable, reproduction: Reproduction) -> Outcome:
    rest = table.columns(lambda name: not is_mfcc(name))
    correlation = correlations_of(rest.values)
    title = "correlation of all features but MFCC"
    files = reproduction.plot(
        plot_correlation_map, correlation, row, "correlations", title, names=rest.names
    )
    first, second = np.triu_indices(len(rest.names), k=1)
    values = np.nan_to_num(correlation[first, second])
    pairs = [
        f"{rest.names[first[i]]} and {rest.names[second[i]]} ({values[i]:.2f})"
        for i in np.argsort(-np.abs(values), kind="stable")[:3]
    ]
    return Outcome(
        row.id, findings=[f"The strongest correlations: {', '.join(pairs)}."], files=files
    )


def _components(row: Row, table: FeatureTable, reproduction: Reproduction) -> Outcome:
    model = PCA(n_components=2, svd_solver="full")
    coordinates = model.fit_transform(scale(table.values))
    shares = model.explained_variance_ratio_
    files = reproduction.plot(
        plot_embedding_2d,
        {"standardised features": coordinates},
        row,
        "pca",
        f"principal components of {len(table.names)} features",
        labels=table.labels,
        axis_labels=(f"PC 1 ({shares[0]:.1%})", f"PC 2 ({shares[1]:.1%})"),
    )
    measurement = Measurement(
        "two principal components",
        "share of the variance",
        None,
        float(shares.sum()),
        data=TABLE_DATA,
    )
    return Outcome(row.id, [measurement], [_nearness(coordinates, table)], files)


def _nearness(coordinates: NDArray[np.float64], table: FeatureTable) -> str:
    """Rank the pairs that the paper calls near by the distance of their means."""
    labels = np.unique(table.labels)
    centres = [coordinates[table.labels == i].mean(axis=0) for i in labels]
    pairs = list(combinations([GENRES[label] for label in labels], 2))
    distances = pdist(centres)
    ranks = dict(zip(map(frozenset, pairs), rankdata(distances, "min"), strict=True))
    texts = [
        f"{' and '.join(named)} rank {ranks[frozenset(named)]:.0f}"
        for named in NAMED_NEAR
        if frozenset(named) in ranks
    ]
    return (
        f"By the distance of the genres' means in that plane, of {len(distances)} pairs "
        f"{', '.join(texts)}; nearest are {' and '.join(pairs[distances.argmin()])}."
    )


def genre_similarity(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the cosines between the genres' mean features, and test what they say (A8)."""
    table = reproduction.table(30)
    groups = {
        MFCC: table.columns(is_mfcc),
        REST: table.columns(lambda name: not is_mfcc(name)),
    }
    by_scaling = {
        scaling: {name: cosines_of(group, scaling) for name, group in groups.items()}
        for scaling in (STANDARDISED, MIN_MAX, RAW)
    }
    panels = by_scaling[STANDARDISED]
    title = f"{row.title}, {STANDARDISED} features"
    confusion = confusion_of(table_predictions(reproduction))
    return Outcome(
        row.id,
        list(_cosine_measurements(by_scaling)),
        [
            *(f"{name}: {_extremes(cosines)}." for name, cosines in panels.items()),
            *_identical(by_scaling),
            _against_confusion(panels, confusion),
        ],
        reproduction.plot(plot_cosine_similarity, panels, row, "cosines", title),
    )


def cosines_of(table: FeatureTable, scaling: str) -> NDArray[np.float64]:
    """Compute the cosine between the mean features of every two genres.

    Of raw features, the one of the greatest unit decides alone, and of ones that are
    scaled to 0..1, all genres come out alike, since all means lie in one direction from
    0. Of standardised ones, 1 says that two genres differ from the average track in the
    same way, -1 that they do so in opposite ways.

    Returns:
        [shape=(n_genres, n_genres)]; NaN for genres without rows.
    """
    scalers = {RAW: np.asarray, MIN_MAX: minmax_scale, STANDARDISED: scale}
    values = scalers[scaling](table.values)
    means = np.full((len(GENRES), values.shape[1]), np.nan)
    for genre in np.unique(table.labels):
        means[genre] = values[table.labels == genre].mean(axis=0)
    return np.asarray(1 - cdist(means, means, "cosine"))


def _cosine_measurements(by_scaling: dict[str, Panels]) -> Iterator[Measurement]:
    for scaling, panels in by_scaling.items():
        for name, cosines in panels.items():
            for pair in NAMED_PAIRS:
                value = _of_pair(cosines, pair)
                if np.isfinite(value):
                    title = f"{' and '.join(pair)}, {name}, {scaling}"
                    yield Measurement(title, "cosine", None, value, data=TABLE_DATA)


def _of_pair(cosines: NDArray[np.float64], pair: tuple[str, str]) -> float:
    return float(cosines[GENRES.index(pair[0]), GENRES.index(pair[1])])


def _extremes(cosines: NDArray[np.float64]) -> str:
    """Name the two genres that are most alike, those that are least, and the named."""
    values = cosines[PAIRS]
    ends = {"most alike": np.nanargmax(values), "least": np.nanargmin(values)}
    texts = []
    for word, place in ends.items():
        first, second = (GENRES[side[place]] for side in PAIRS)
        texts.append(f"{word} are {first} and {second} ({values[place]:.2f})")
    n_pairs = np.isfinite(values).sum()
    for named in NAMED_PAIRS:
        value = _of_pair(cosines, named)
        rank = 1 + int(np.sum(values > value))
        texts.append(f"{' and '.join(named)} ({value:.2f}) come {rank}. of {n_pairs}")
    return "; ".join(texts)


def _identical(by_scaling: dict[str, Panels]) -> Iterator[str]:
    """Say for which scaling the paper's "practically identical" genres are that."""
    for scaling, panels in by_scaling.items():
        values = [_of_pair(cosines, IDENTICAL_PAIR) for cosines in panels.values()]
        n_alike = [int(np.sum(one[PAIRS] >= IDENTICAL)) for one in panels.values()]
        n_pairs = np.isfinite(panels[MFCC][PAIRS]).sum()
        verdict = "hold" if min(values) >= IDENTICAL else "do not hold"
        yield (
            f"Features {scaling}: cosines of {' and '.join(IDENTICAL_PAIR)} are "
            f"{values[0]:.3f} ({MFCC}) and {values[1]:.3f} ({REST}), so that the paper's "
            f'words "practically identical" {verdict}; of {n_pairs} pairs of genres, '
            f"{n_alike[0]} and {n_alike[1]} are at {IDENTICAL:g} or more."
        )
    yield (
        'The paper calls the features of this figure "scaled"; the only scaling that it '
        "describes is to standardise them. That is our reading, and what is drawn."
    )


def _against_confusion(panels: Panels, confusion: NDArray[np.int64]) -> str:
    """Correlate cosines with how often the 1-D CNN takes two genres for each other."""
    exchanged = (confusion + confusion.T)[PAIRS]
    texts = []
    for name, cosines in panels.items():
        values = cosines[PAIRS]
        there = np.isfinite(values)
        if np.ptp(exchanged[there]) > 0:
            rho, p_value = spearmanr(values[there], exchanged[there])
            texts.append(f"{name} {rho:.2f} (p {p_value:.1g})")
    if not texts:
        return "No two genres are confused more often than others."
    return (
        "Spearman's correlation of the cosines with how often the 1-D CNN takes two genres "
        f"for each other ({TABLE_PROTOCOL}): {', '.join(texts)}; the paper says that both "
        "go together, MFCC more closely."
    )
