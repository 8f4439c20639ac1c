"""A8: how alike genres are by their mean features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr
from sklearn.preprocessing import minmax_scale

from genre_model.papers.checks.confusions import (
    TABLE_PROTOCOL,
    table_predictions,
)
from genre_model.papers.drawings import confusion_of, plot_path, relative
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots import plot_cosine_similarity
from genre_model.training.plots.similarities import cosine_similarity_of_genres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.papers.tables.feature_table import FeatureTable

    #: Cosines between the genres by group of features [shape=(n_genres, n_genres)].
    Panels = dict[str, NDArray[np.float64]]

MFCC, REST = "MFCC", "all but MFCC"
#: How features are scaled before they are averaged.
RAW, MIN_MAX, STANDARDISED = "raw", "min-max scaled", "standardised"
#: Paper 001: "practically identical", and never confused.
IDENTICAL_PAIR = ("disco", "rock")
NAMED_PAIRS = (IDENTICAL_PAIR, ("classical", "metal"))
#: From which cosine on two genres are taken to be that; the paper has two digits.
IDENTICAL = 0.99


def genre_similarity(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the cosines between the genres' mean features, and test what they say (A8).

    Raises:
        TrainingDataError: if there is no feature table.
    """
    table = reproduction.table(30)
    by_scaling = {
        scaling: {
            MFCC: cosines_of(table.columns(_is_mfcc), scaling),
            REST: cosines_of(table.columns(lambda name: not _is_mfcc(name)), scaling),
        }
        for scaling in (STANDARDISED, MIN_MAX, RAW)
    }
    panels = by_scaling[STANDARDISED]
    path = plot_path(reproduction, row, "cosines")
    title = f"{row.id} {row.title}, {STANDARDISED} features"
    paths = plot_cosine_similarity(panels, title, path)
    confusion = confusion_of(table_predictions(reproduction))
    findings = [f"{name}: {_extremes(cosines)}." for name, cosines in panels.items()]
    findings += _identical(by_scaling)
    findings.append(_against_confusion(panels, confusion))
    return Outcome(
        row.id,
        tuple(_measured(by_scaling)),
        tuple(findings),
        tuple(relative(paths, reproduction)),
    )


def cosines_of(table: FeatureTable, scaling: str) -> NDArray[np.float64]:
    """Compute the cosine between the mean features of every two genres.

    Args:
        table: rows of tracks.
        scaling: ``"raw"``, ``"min-max scaled"`` (to 0..1) or ``"standardised"``, over
            all rows.

    Returns:
        [shape=(n_genres, n_genres)]; NaN for genres without rows.
    """
    if scaling == STANDARDISED:
        return cosine_similarity_of_genres(table.values, table.labels, len(GENRES))
    values = minmax_scale(table.values) if scaling == MIN_MAX else table.values
    directions = np.full((len(GENRES), values.shape[1]), np.nan)
    for genre in np.unique(table.labels):
        mean = values[table.labels == genre].mean(axis=0)
        directions[genre] = mean / np.linalg.norm(mean)
    return np.asarray(directions @ directions.T)


def _is_mfcc(name: str) -> bool:
    return name.startswith("mfcc")


def _measured(by_scaling: dict[str, Panels]) -> Iterator[Measurement]:
    for scaling, panels in by_scaling.items():
        for name, cosines in panels.items():
            for first, second in NAMED_PAIRS:
                value = _of_pair(cosines, first, second)
                if np.isfinite(value):
                    yield Measurement(
                        f"{first} and {second}, {name}, {scaling}",
                        "cosine",
                        None,
                        value,
                        data="feature table, 30 s",
                    )


def _of_pair(cosines: NDArray[np.float64], first: str, second: str) -> float:
    return float(cosines[GENRES.index(first), GENRES.index(second)])


def _pairs(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosines of all pairs of genres that have rows."""
    values = cosines[np.triu_indices(len(cosines), k=1)]
    return np.asarray(values[np.isfinite(values)])


def _extremes(cosines: NDArray[np.float64]) -> str:
    """Name the two genres that are most alike, those that are least, and the named."""
    first, second = np.triu_indices(len(cosines), k=1)
    values = cosines[first, second]
    said = []
    for word, place in (
        ("most alike", np.nanargmax(values)),
        ("least", np.nanargmin(values)),
    ):
        pair = f"{GENRES[first[place]]} and {GENRES[second[place]]}"
        said.append(f"{word} are {pair} ({values[place]:.2f})")
    there = _pairs(cosines)
    for named in NAMED_PAIRS:
        value = _of_pair(cosines, *named)
        rank = 1 + int(np.sum(there > value))
        said.append(f"{' and '.join(named)} ({value:.2f}) come {rank}. of {len(there)}")
    return "; ".join(said)


def _identical(by_scaling: dict[str, Panels]) -> Iterator[str]:
    """Say for which scaling the paper's "practically identical" genres are that."""
    for scaling, panels in by_scaling.items():
        values = [_of_pair(cosines, *IDENTICAL_PAIR) for cosines in panels.values()]
        n_alike = [int(np.sum(_pairs(one) >= IDENTICAL)) for one in panels.values()]
        n_pairs = len(_pairs(panels[MFCC]))
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
    pairs = np.triu_indices(len(GENRES), k=1)
    exchanged = (confusion + confusion.T)[pairs]
    said = []
    for name, cosines in panels.items():
        values = cosines[pairs]
        there = np.isfinite(values)
        if np.ptp(exchanged[there]) > 0:
            rho, p_value = spearmanr(values[there], exchanged[there])
            said.append(f"{name} {rho:.2f} (p {p_value:.1g})")
    if not said:
        return "No two genres are confused more often than others."
    return (
        "Spearman's correlation of the cosines with how often the 1-D CNN takes two genres "
        f"for each other ({TABLE_PROTOCOL}): {', '.join(said)}; the paper says that both "
        "go together, MFCC more closely."
    )
