"""Which genre is taken for which, beside the papers' matrices (Z6, A7)."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.papers.checks.printed_tables import ZHANG_FIGURE_8, ZHANG_TABLE_1
from genre_model.papers.outcome import (
    Outcome,
    confusion_of,
    mean_over_runs,
    measurements_of,
)
from genre_model.papers.rows import CHECKED_PROTOCOLS, System, chosen_rows, marked
from genre_model.papers.table_rows import predict
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots import plot_confusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

    Confusion = NDArray[np.int64]

#: The row whose network's confusion paper 001 prints, over these folds.
TABLE_ROW, TABLE_PROTOCOL = "A3", "stratified"
#: Paper 001 on figure 9.
POOLED_RECALL = {"rock": 0.55, "disco": 0.54}
POOLED_ERROR = 0.28
ROCK_DISCO_SHARE = 1 / 3
N_WORST = 3


def zhang_confusion(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the two-block CNN's confusion beside table 1 of paper 000 (Z6)."""
    right, n_clips = int(np.trace(ZHANG_TABLE_1)), int(ZHANG_TABLE_1.sum())
    n_other = int(np.sum(ZHANG_TABLE_1.sum(axis=1) != np.array(ZHANG_FIGURE_8.support)))
    outcome = Outcome(row.id)
    two_runs = (
        f"Table 1 has {right} of {n_clips} clips right, {100 * right / n_clips:.1f} %; "
        f"figure 8 says 62.5 % of {sum(ZHANG_FIGURE_8.support)}, and {n_other} of the "
        f"{len(GENRES)} genres have another number of clips there: these are two runs on "
        "two test sets."
    )
    outcome.findings += [two_runs, f"Table 1: {_worst_confusions(ZHANG_TABLE_1)}."]
    plot = partial(reproduction.plot, plot_confusion)
    outcome.files += plot(ZHANG_TABLE_1, row, "paper", "table 1 of paper 000")
    (needed,) = row.needed_rows
    system = System(needed.systems[0].name, published={"accuracy": right / n_clips})
    for protocol in CHECKED_PROTOCOLS:
        predictions = reproduction.predictions(needed, protocol)
        outcome.measurements += measurements_of(
            system, protocol, predictions, data=reproduction.data_name
        )
        confusion = confusion_of(predictions)
        outcome.findings.append(f"Here, {protocol}: {_worst_confusions(confusion)}.")
        title = f"{system.name}, {marked(protocol)}, runs: {len(predictions)}"
        outcome.files += plot(confusion, row, f"confusion {protocol}", title)
    return outcome


def pooled_confusion(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the 1-D CNN's confusion over five folds beside figure 9 of paper 001 (A7)."""
    predictions = table_predictions(reproduction)
    confusions = [confusion_of([one]) for one in predictions]
    n = int(confusions[0].sum())
    common: dict[str, Any] = {"protocol": TABLE_PROTOCOL, "data": "feature table, 30 s"}
    outcome = Outcome(row.id)
    for genre, published in POOLED_RECALL.items():
        place = GENRES.index(genre)
        if support := int(confusions[0][place].sum()):
            values = [one[place, place] / support for one in confusions]
            outcome.measurements.append(
                mean_over_runs(genre, "recall", published, values, n=support, **common)
            )
    errors = [float(1 - np.trace(one) / one.sum()) for one in confusions]
    exchanged = [_exchanged(one, "classical", "metal") for one in confusions]
    between = [share for one in confusions for share in _rock_disco_share(one)]
    rows = [
        ("all genres", "error", POOLED_ERROR, errors),
        ("classical for metal, or metal for classical", "tracks", 0, exchanged),
        (
            "rock for disco and disco for rock",
            "share of their errors",
            ROCK_DISCO_SHARE,
            between,
        ),
    ]
    outcome.measurements += [mean_over_runs(*one, n=n, **common) for one in rows if one[3]]
    total = confusion_of(predictions)
    title = f"1-D CNN, {marked(TABLE_PROTOCOL)}, runs: {len(predictions)}"
    name = f"confusion {TABLE_PROTOCOL}"
    outcome.files += reproduction.plot(plot_confusion, total, row, name, title)
    outcome.findings += [f"Here: {_worst_confusions(total)}.", _least_right(total)]
    return outcome


@lru_cache(maxsize=1)
def table_predictions(reproduction: Reproduction) -> list[Predictions]:
    """Predict with paper 001's 1-D CNN; several checks ask for the same.

    Raises:
        TrainingDataError: if there is no feature table.
    """
    (row,) = chosen_rows([TABLE_ROW])
    return predict(row, row.systems[0], TABLE_PROTOCOL, reproduction)


def _worst_confusions(confusion: Confusion) -> str:
    """Name the most frequent confusions, with their share of the true genre's tracks."""
    mistakes = confusion * (1 - np.eye(len(confusion), dtype=np.int64))
    ranked = np.argsort(-mistakes, axis=None, kind="stable")[:N_WORST]
    named = []
    for truth, taken in np.transpose(np.unravel_index(ranked, mistakes.shape)):
        if mistakes[truth, taken]:
            share = mistakes[truth, taken] / confusion[truth].sum()
            named.append(f"{GENRES[truth]} for {GENRES[taken]} ({100 * share:.0f} %)")
    return f"most often taken are {', '.join(named)}" if named else "all tracks are right"


def _least_right(confusion: Confusion) -> str:
    there = np.flatnonzero(confusion.sum(axis=1))
    recalls = np.diag(confusion)[there] / confusion.sum(axis=1)[there]
    worst = there[np.argsort(recalls, kind="stable")[:2]]
    named = {GENRES[i] for i in worst}
    agrees = "as in" if named == set(POOLED_RECALL) else "other than in"
    return (
        f"The two genres that are least often right are {' and '.join(sorted(named))}, "
        f"{agrees} the paper ({' and '.join(sorted(POOLED_RECALL))})."
    )


def _exchanged(confusion: Confusion, first: str, second: str) -> float:
    i, j = GENRES.index(first), GENRES.index(second)
    return float(confusion[i, j] + confusion[j, i])


def _rock_disco_share(confusion: Confusion) -> list[float]:
    """Give the share of the errors on rock and disco that is between the two, if any."""
    places = [GENRES.index(genre) for genre in POOLED_RECALL]
    wrong = sum(confusion[i].sum() - confusion[i, i] for i in places)
    return [float(_exchanged(confusion, *POOLED_RECALL) / wrong)] if wrong else []
