"""Z6 and A7: which genre is taken for which, beside the papers' matrices."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genre_model import metrics
from genre_model.papers.checks.needed_networks import (
    CHECKED_PROTOCOLS,
    needed_predictions,
    needed_system,
)
from genre_model.papers.checks.printed_tables import (
    ZHANG_FIGURE_8,
    ZHANG_TABLE_1,
)
from genre_model.papers.checks.run_means import mean_over_runs
from genre_model.papers.checks.scores import scores_of
from genre_model.papers.drawings import confusion_of, plot_path, relative
from genre_model.papers.outcome import Outcome
from genre_model.papers.rows import chosen_rows, marked
from genre_model.papers.table_rows import predict
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots import plot_confusion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

#: The row whose network's confusion paper 001 prints, over these folds.
TABLE_ROW, TABLE_PROTOCOL = "A3", "stratified"
#: Paper 001 on figure 9.
POOLED_RECALL = {"rock": 0.55, "disco": 0.54}
POOLED_ERROR = 0.28
ROCK_DISCO_SHARE = 1 / 3
N_WORST = 3


def zhang_confusion(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the two-block CNN's confusion beside table 1 of paper 000 (Z6).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    right, n_clips = int(np.trace(ZHANG_TABLE_1)), int(ZHANG_TABLE_1.sum())
    name = needed_system(row).name
    measurements: list[Measurement] = []
    findings = [_table_1_against_figure_8(right, n_clips)]
    findings.append(f"Table 1: {_worst_confusions(ZHANG_TABLE_1)}.")
    title = f"{row.id} table 1 of paper 000"
    paths = plot_confusion(ZHANG_TABLE_1, title, plot_path(reproduction, row, "paper"))
    for protocol in CHECKED_PROTOCOLS:
        predictions = needed_predictions(row, protocol, reproduction)
        measurements += scores_of(
            name,
            protocol,
            predictions,
            reproduction.data_name,
            {"accuracy": right / n_clips},
        )
        confusion = confusion_of(predictions)
        findings.append(f"Here, {protocol}: {_worst_confusions(confusion)}.")
        title = f"{row.id} {name}, {marked(protocol)}, runs: {len(predictions)}"
        path = plot_path(reproduction, row, "confusion", protocol)
        paths += plot_confusion(confusion, title, path)
    files = relative(paths, reproduction)
    return Outcome(row.id, tuple(measurements), tuple(findings), tuple(files))


def pooled_confusion(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the 1-D CNN's confusion over five folds beside figure 9 of paper 001 (A7).

    Raises:
        TrainingDataError: if there is no feature table.
    """
    predictions = table_predictions(reproduction)
    confusions = [metrics.confusion_matrix(p.probabilities, p.labels) for p in predictions]
    total = np.sum(confusions, axis=0)
    n = int(confusions[0].sum())
    measurements = [
        *_recalls(confusions),
        _mean("all genres", "error", POOLED_ERROR, list(map(_error, confusions)), n),
        _mean(
            "classical for metal, or metal for classical",
            "tracks",
            0,
            [_exchanged(one, "classical", "metal") for one in confusions],
            n,
        ),
    ]
    shares = [share for one in confusions for share in _rock_disco_share(one)]
    if shares:
        name = "rock for disco and disco for rock"
        measurements.append(
            _mean(name, "share of their errors", ROCK_DISCO_SHARE, shares, n)
        )
    path = plot_path(reproduction, row, "confusion", TABLE_PROTOCOL)
    title = f"{row.id} 1-D CNN, {marked(TABLE_PROTOCOL)}, runs: {len(predictions)}"
    files = relative(plot_confusion(total, title, path), reproduction)
    findings = (f"Here: {_worst_confusions(total)}.", _least_right(total))
    return Outcome(row.id, tuple(measurements), findings, tuple(files))


@lru_cache(maxsize=1)
def table_predictions(reproduction: Reproduction) -> list[Predictions]:
    """Predict with paper 001's 1-D CNN; several checks ask for the same.

    Raises:
        TrainingDataError: if there is no feature table.
    """
    row = chosen_rows([TABLE_ROW])[0]
    return predict(row, row.systems[0], TABLE_PROTOCOL, reproduction)


def _table_1_against_figure_8(right: int, n_clips: int) -> str:
    supports = ZHANG_TABLE_1.sum(axis=1)
    n_other = int(np.sum(supports != np.array(ZHANG_FIGURE_8.support)))
    return (
        f"Table 1 has {right} of {n_clips} clips right, {100 * right / n_clips:.1f} %; "
        f"figure 8 says 62.5 % of {sum(ZHANG_FIGURE_8.support)}, and {n_other} of the "
        f"{len(GENRES)} genres have another number of clips there: these are two runs on "
        "two test sets."
    )


def _worst_confusions(confusion: NDArray[np.int64]) -> str:
    """Name the most frequent confusions, with their share of the true genre's tracks."""
    mistakes = confusion * (1 - np.eye(len(confusion), dtype=np.int64))
    ranked = np.argsort(-mistakes, axis=None, kind="stable")[:N_WORST]
    said = []
    for place in ranked:
        truth, taken = divmod(int(place), len(confusion))
        if mistakes[truth, taken]:
            share = mistakes[truth, taken] / confusion[truth].sum()
            said.append(f"{GENRES[truth]} for {GENRES[taken]} ({100 * share:.0f} %)")
    return f"most often taken are {', '.join(said)}" if said else "all tracks are right"


def _least_right(confusion: NDArray[np.int64]) -> str:
    there = np.flatnonzero(confusion.sum(axis=1))
    recalls = np.diag(confusion)[there] / confusion.sum(axis=1)[there]
    worst = [there[i] for i in np.argsort(recalls, kind="stable")[:2]]
    named = {GENRES[i] for i in worst}
    agrees = "as in" if named == set(POOLED_RECALL) else "other than in"
    return (
        f"The two genres that are least often right are {' and '.join(sorted(named))}, "
        f"{agrees} the paper ({' and '.join(sorted(POOLED_RECALL))})."
    )


def _recalls(confusions: list[NDArray[np.int64]]) -> list[Measurement]:
    measurements = []
    for genre, published in POOLED_RECALL.items():
        place = GENRES.index(genre)
        if n := int(confusions[0][place].sum()):
            values = [one[place, place] / n for one in confusions]
            measurements.append(_mean(genre, "recall", published, values, n))
    return measurements


def _mean(
    name: str, measure: str, published: float, values: list[float], n: int
) -> Measurement:
    return mean_over_runs(
        name,
        measure,
        published,
        values,
        protocol=TABLE_PROTOCOL,
        n=n,
        data="feature table, 30 s",
    )


def _error(confusion: NDArray[np.int64]) -> float:
    return float(1 - np.trace(confusion) / confusion.sum())


def _exchanged(confusion: NDArray[np.int64], first: str, second: str) -> float:
    i, j = GENRES.index(first), GENRES.index(second)
    return float(confusion[i, j] + confusion[j, i])


def _rock_disco_share(confusion: NDArray[np.int64]) -> Iterator[float]:
    """Give the share of the errors on rock and disco that is between the two."""
    places = [GENRES.index(genre) for genre in POOLED_RECALL]
    if wrong := sum(confusion[i].sum() - confusion[i, i] for i in places):
        yield float(_exchanged(confusion, *POOLED_RECALL) / wrong)
