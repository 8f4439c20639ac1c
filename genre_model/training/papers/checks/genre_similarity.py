"""A8: how alike genres are by their mean features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from genre_model.training.gtzan import GENRES
from genre_model.training.papers.checks.confusions import (
    TABLE_PROTOCOL,
    table_predictions,
)
from genre_model.training.papers.drawings import confusion_of, plot_path, relative
from genre_model.training.papers.outcome import Measurement, Outcome
from genre_model.training.plots import plot_cosine_similarity
from genre_model.training.plots.similarities import cosine_similarity_of_genres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.training.papers.reproduction import Reproduction
    from genre_model.training.papers.rows import Row

MFCC, REST = "MFCC", "all but MFCC"
#: Paper 001: "practically identical", and never confused.
NAMED_PAIRS = (("disco", "rock"), ("classical", "metal"))


def genre_similarity(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw the cosines between the genres' mean features, and test what they say (A8).

    Raises:
        TrainingDataError: if there is no feature table.
    """
    table = reproduction.table(30)
    mfcc = table.columns(lambda name: name.startswith("mfcc"))
    rest = table.columns(lambda name: not name.startswith("mfcc"))
    panels = {
        name: cosine_similarity_of_genres(part.values, part.labels, len(GENRES))
        for name, part in ((MFCC, mfcc), (REST, rest))
    }
    measurements = tuple(
        Measurement(f"{first} and {second}, {name}", "cosine", None, value)
        for name, cosines in panels.items()
        for first, second in NAMED_PAIRS
        if np.isfinite(value := _of_pair(cosines, first, second))
    )
    path = plot_path(reproduction, row, "cosines")
    title = f"{row.id} {row.title}, standardised features"
    paths = plot_cosine_similarity(panels, title, path)
    confusion = confusion_of(table_predictions(reproduction))
    findings = [f"{name}: {_extremes(cosines)}." for name, cosines in panels.items()]
    findings.append(_against_confusion(panels, confusion))
    return Outcome(
        row.id, measurements, tuple(findings), tuple(relative(paths, reproduction))
    )


def _of_pair(cosines: NDArray[np.float64], first: str, second: str) -> float:
    return float(cosines[GENRES.index(first), GENRES.index(second)])


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
    ranked = np.sort(values[np.isfinite(values)])[::-1]
    for named in NAMED_PAIRS:
        value = _of_pair(cosines, *named)
        rank = 1 + int(np.sum(ranked > value))
        said.append(f"{' and '.join(named)} ({value:.2f}) come {rank}. of {len(ranked)}")
    return "; ".join(said)


def _against_confusion(
    panels: dict[str, NDArray[np.float64]], confusion: NDArray[np.int64]
) -> str:
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
