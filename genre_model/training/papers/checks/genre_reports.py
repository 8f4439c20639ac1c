"""Z7 and D6: precision, recall and F1 of each genre beside the papers'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from genre_model import metrics
from genre_model.training.gtzan import GENRES
from genre_model.training.papers.checks.needed_networks import (
    CHECKED_PROTOCOLS,
    PAPER_PROTOCOL,
    needed_predictions,
)
from genre_model.training.papers.checks.printed_tables import (
    CAO_FIGURE_5,
    ZHANG_FIGURE_8,
    PrintedReport,
)
from genre_model.training.papers.checks.run_means import mean_over_runs
from genre_model.training.papers.drawings import plot_path, relative
from genre_model.training.papers.outcome import Outcome
from genre_model.training.plots import plot_genre_bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.training.papers.outcome import Measurement
    from genre_model.training.papers.reproduction import Reproduction
    from genre_model.training.papers.rows import Row
    from genre_model.training.predictions import Predictions

#: Columns of ``metrics.genre_table``.
MEASURES = ("precision", "recall", "f1")
F1 = MEASURES.index("f1")
#: By how much two digits are off, and the last bit of a float.
HALF_DIGIT = 0.005 + 1e-9
#: Paper 004 on its best genres, "jazz" and "rural", and on the range of all others.
CAO_TEXT = {"jazz": 0.96, "country": 0.95}
CAO_OTHERS = (0.6, 0.9)


def zhang_genres(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the two-block CNN's genres beside figure 8 of paper 000 (Z7).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    hits = np.rint(np.multiply(ZHANG_FIGURE_8.recall, ZHANG_FIGURE_8.support))
    n_clips = sum(ZHANG_FIGURE_8.support)
    finding = (
        f"Figure 8's recalls and supports make {hits.sum():.0f} of {n_clips} clips right, "
        f"{100 * hits.sum() / n_clips:.1f} %."
    )
    return _outcome(row, reproduction, ZHANG_FIGURE_8, [finding])


def cao_genres(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the frame CNN's genres beside figure 5 of paper 004 (D6).

    Raises:
        TrainingDataError: if runs or tracks are missing.
    """
    return _outcome(row, reproduction, CAO_FIGURE_5, list(_text_against_table()))


def _outcome(
    row: Row, reproduction: Reproduction, printed: PrintedReport, findings: list[str]
) -> Outcome:
    measurements: list[Measurement] = []
    bars: dict[str, NDArray[np.float64]] = {"paper": np.array(printed.f1)}
    findings = [_averages(printed), *findings]
    for protocol in CHECKED_PROTOCOLS:
        predictions = needed_predictions(row, protocol, reproduction)
        tables = genre_tables(predictions)
        measurements += _measured(protocol, predictions, tables, printed)
        bars[f"here, {protocol}"] = tables[:, :, F1].mean(axis=0)
        findings += _hardest(protocol, bars[f"here, {protocol}"], printed)
    path = plot_path(reproduction, row, "f1")
    title = f"{row.id} {row.title}"
    paths = plot_genre_bars(bars, title, path, measure="F1")
    return Outcome(
        row.id, tuple(measurements), tuple(findings), tuple(relative(paths, reproduction))
    )


def genre_tables(predictions: list[Predictions]) -> NDArray[np.float64]:
    """Return precision, recall and F1 of each genre in each run.

    Args:
        predictions: one per seed, of all genres.

    Returns:
        [shape=(n_runs, n_genres, 3)]; NaN for genres without tracks.
    """
    tables = np.array(
        [
            metrics.genre_table(metrics.confusion_matrix(one.probabilities, one.labels))
            for one in predictions
        ]
    )
    tables[tables[:, :, 3] == 0] = np.nan
    return tables[:, :, :3]


def _measured(
    protocol: str,
    predictions: list[Predictions],
    tables: NDArray[np.float64],
    printed: PrintedReport,
) -> Iterator[Measurement]:
    """Give all three measures under the paper's split, F1 under the other."""
    supports = np.bincount(predictions[0].labels, minlength=len(GENRES))
    for column, measure in enumerate(MEASURES):
        if column != F1 and protocol != PAPER_PROTOCOL:
            continue
        published = getattr(printed, measure)
        for place in np.flatnonzero(supports):
            yield mean_over_runs(
                GENRES[place],
                measure,
                published[place],
                tables[:, place, column].tolist(),
                protocol=protocol,
                n=int(supports[place]),
                recipe=predictions[0].recipe,
            )


def _averages(printed: PrintedReport) -> str:
    means = [float(np.mean(getattr(printed, measure))) for measure in MEASURES]
    pairs = [
        f"{measure} {mean:.3f} (printed {average:.2f})"
        for measure, mean, average in zip(MEASURES, means, printed.averages, strict=True)
    ]
    off = [
        measure
        for measure, mean, average in zip(MEASURES, means, printed.averages, strict=True)
        if abs(mean - average) > HALF_DIGIT
    ]
    verdict = f"; {' and '.join(off)}: weighted by unprinted supports, perhaps" * bool(off)
    return f"The printed genres average, unweighted, to {', '.join(pairs)}{verdict}."


def _hardest(
    protocol: str, f1: NDArray[np.float64], printed: PrintedReport
) -> Iterator[str]:
    """Say which genres are the best and the worst, and whether the paper's are."""
    there = np.flatnonzero(np.isfinite(f1))
    ours, theirs = f1[there], np.array(printed.f1)[there]
    best, worst = GENRES[there[ours.argmax()]], GENRES[there[ours.argmin()]]
    text = (
        f"{protocol}: best {best} ({ours.max():.2f}), worst {worst} ({ours.min():.2f}); "
        f"paper: best {GENRES[there[theirs.argmax()]]} ({theirs.max():.2f}), worst "
        f"{GENRES[there[theirs.argmin()]]} ({theirs.min():.2f})."
    )
    if np.ptp(ours) > 0:
        rho, p_value = spearmanr(ours, theirs)
        text += f" Spearman's correlation of the genres' F1 is {rho:.2f} (p {p_value:.2g})."
    yield text


def _text_against_table() -> Iterator[str]:
    """Compare the text of paper 004 with its figure 5."""
    for genre, said in CAO_TEXT.items():
        place = GENRES.index(genre)
        row = ", ".join(f"{m} {getattr(CAO_FIGURE_5, m)[place]:.2f}" for m in MEASURES)
        holders = [
            f"{measure} of {GENRES[i]}"
            for measure in MEASURES
            for i, value in enumerate(getattr(CAO_FIGURE_5, measure))
            if value == said
        ]
        yield (
            f"The text gives {genre} {100 * said:.0f} %, its row has {row}; "
            f"{said:.2f} stands for {', '.join(holders)}."
        )
    low, high = CAO_OTHERS
    outside = [
        f"{GENRES[i]} ({value:.2f})"
        for i, value in enumerate(CAO_FIGURE_5.recall)
        if GENRES[i] not in CAO_TEXT and not low <= value <= high
    ]
    yield (
        f"The text has all other genres between {low:.0%} and {high:.0%}; by recall, "
        f"{' and '.join(outside)} are not."
    )
