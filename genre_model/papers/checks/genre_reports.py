"""Precision, recall and F1 of each genre beside the papers' (Z7, D6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from genre_model import metrics
from genre_model.papers.checks.printed_tables import (
    CAO_FIGURE_5,
    ZHANG_FIGURE_8,
    PrintedReport,
)
from genre_model.papers.outcome import Outcome, confusion_of, mean_over_runs
from genre_model.papers.rows import CHECKED_PROTOCOLS, PAPER_PROTOCOL, marked
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots import plot_genre_bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.evaluation.predictions import Predictions

#: Columns of ``metrics.genre_table``.
MEASURES = ("precision", "recall", "f1")
F1 = MEASURES.index("f1")
#: What rounding to two digits changes at most, and its standard deviation.
HALF_DIGIT = 0.005
ROUNDING_SD = 0.01 / 12**0.5
#: Paper 004 on its best genres, "jazz" and "rural", and on the range of all others.
CAO_TEXT = {"jazz": 0.96, "country": 0.95}
CAO_OTHERS = (0.6, 0.9)


def zhang_genres(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the two-block CNN's genres beside figure 8 of paper 000 (Z7)."""
    hits = np.rint(np.multiply(ZHANG_FIGURE_8.recall, ZHANG_FIGURE_8.support)).sum()
    n_clips = sum(ZHANG_FIGURE_8.support)
    finding = (
        f"Figure 8's recalls and supports make {hits:.0f} of {n_clips} clips right, "
        f"{100 * hits / n_clips:.1f} %."
    )
    return _outcome(row, reproduction, ZHANG_FIGURE_8, [finding])


def cao_genres(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the frame CNN's genres beside figure 5 of paper 004 (D6)."""
    findings = [_weighted_or_not(), *_text_against_table()]
    return _outcome(row, reproduction, CAO_FIGURE_5, findings)


def _outcome(
    row: Row, reproduction: Reproduction, printed: PrintedReport, findings: list[str]
) -> Outcome:
    outcome = Outcome(row.id, findings=[_averages(printed), *findings])
    bars = {"paper": np.array(printed.f1)}
    (needed,) = row.needed_rows
    for protocol in CHECKED_PROTOCOLS:
        predictions = reproduction.predictions(needed, protocol)
        tables = genre_tables(predictions)
        outcome.measurements += _measured(
            protocol, predictions, tables, printed, reproduction.data_name
        )
        f1 = bars[f"here, {marked(protocol)}"] = tables[:, :, F1].mean(axis=0)
        outcome.findings.append(_best_and_worst(protocol, f1, printed))
    outcome.files += reproduction.plot(
        plot_genre_bars, bars, row, "f1", row.title, measure="F1"
    )
    return outcome


def genre_tables(predictions: list[Predictions]) -> NDArray[np.float64]:
    """Return precision, recall and F1 of each genre in each run.

    [shape=(n_runs, n_genres, 3)]; NaN for genres without tracks.
    """
    tables = np.array([metrics.genre_table(confusion_of([one])) for one in predictions])
    tables[tables[:, :, 3] == 0] = np.nan
    return tables[:, :, :3]


def _measured(
    protocol: str,
    predictions: list[Predictions],
    tables: NDArray[np.float64],
    printed: PrintedReport,
    data: str,
) -> Iterator[Measurement]:
    """Give all three measures under the paper's split, F1 under the other."""
    supports = np.bincount(predictions[0].labels, minlength=len(GENRES))
    common = {"protocol": protocol, "data": data, "recipe": predictions[0].recipe}
    for column, measure in enumerate(MEASURES):
        if column != F1 and protocol != PAPER_PROTOCOL:
            continue
        published = getattr(printed, measure)
        for place in np.flatnonzero(supports):
            values, n = tables[:, place, column].tolist(), int(supports[place])
            yield mean_over_runs(
                GENRES[place], measure, published[place], values, n=n, **common
            )


def _averages(printed: PrintedReport) -> str:
    means = zip(MEASURES, _means(printed), printed.averages, strict=True)
    pairs = [
        f"{measure} {mean:.3f} (printed {printed:.2f})" for measure, mean, printed in means
    ]
    weighted = ", by support unknown: none is printed"
    if printed.support:
        values = zip(MEASURES, _means(printed, printed.support), strict=True)
        weighted = f"; by support, to {', '.join(f'{m} {v:.3f}' for m, v in values)}"
    return f"The printed genres average, unweighted, to {', '.join(pairs)}{weighted}."


def _means(printed: PrintedReport, weights: Sequence[int] | None = None) -> list[float]:
    return [
        float(np.average(getattr(printed, measure), weights=weights))
        for measure in MEASURES
    ]


def _weighted_or_not() -> str:
    """Say what "avg / total" of paper 004 is, and how far it is from the plain mean."""
    pairs = zip(MEASURES, _means(CAO_FIGURE_5), CAO_FIGURE_5.averages, strict=True)
    differences = [f"{measure} {average - mean:+.3f}" for measure, mean, average in pairs]
    spread = ROUNDING_SD * (1 / len(GENRES) + 1) ** 0.5
    return (
        'Its "avg / total" is what scikit-learn 0.19 and older called averages weighted by '
        f"support. They differ from the unweighted by {', '.join(differences)}; of "
        "rounding alone, such differences would have a standard deviation of "
        f"{spread:.3f}, and be {2 * HALF_DIGIT:.3f} at most. An average recall that is "
        f"weighted by support, of {CAO_FIGURE_5.averages[1]:.2f}, is the accuracy."
    )


def _best_and_worst(protocol: str, f1: NDArray[np.float64], printed: PrintedReport) -> str:
    """Say which genres are the best and the worst, and whether the paper's are."""
    there = np.flatnonzero(np.isfinite(f1))
    ours, theirs = f1[there], np.array(printed.f1)[there]
    texts = []
    for values in (ours, theirs):
        best, worst = (GENRES[there[place]] for place in (values.argmax(), values.argmin()))
        texts.append(
            f"best {best} ({values.max():.2f}), worst {worst} ({values.min():.2f})"
        )
    text = f"{protocol}: {texts[0]}; paper: {texts[1]}."
    if np.ptp(ours) > 0:
        rho, p_value = spearmanr(ours, theirs)
        text += f" Spearman's correlation of the genres' F1 is {rho:.2f} (p {p_value:.2g})."
    return text


def _text_against_table() -> Iterator[str]:
    """Compare the text of paper 004 with its figure 5."""
    for genre, printed in CAO_TEXT.items():
        place = GENRES.index(genre)
        row = ", ".join(f"{m} {getattr(CAO_FIGURE_5, m)[place]:.2f}" for m in MEASURES)
        holders = [
            f"{measure} of {GENRES[i]}"
            for measure in MEASURES
            for i, value in enumerate(getattr(CAO_FIGURE_5, measure))
            if value == printed
        ]
        yield (
            f"The text gives {genre} {100 * printed:.0f} %, its row has {row}; "
            f"{printed:.2f} stands for {', '.join(holders)}."
        )
    low, high = CAO_OTHERS
    outside = [
        f"{genre} ({value:.2f})"
        for genre, value in zip(GENRES, CAO_FIGURE_5.recall, strict=True)
        if genre not in CAO_TEXT and not low <= value <= high
    ]
    yield (
        f"The text has all other genres between {low:.0%} and {high:.0%}; by recall, "
        f"{' and '.join(outside)} are not."
    )
