"""Z7 and D6: precision, recall and F1 of each genre beside the papers'."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from genre_model import metrics
from genre_model.papers.checks.needed_networks import (
    CHECKED_PROTOCOLS,
    PAPER_PROTOCOL,
    needed_predictions,
)
from genre_model.papers.checks.printed_tables import (
    CAO_FIGURE_5,
    ZHANG_FIGURE_8,
    PrintedReport,
)
from genre_model.papers.checks.run_means import mean_over_runs
from genre_model.papers.drawings import plot_path, relative
from genre_model.papers.outcome import Outcome
from genre_model.papers.rows import marked
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
    findings = [_weighted_or_not(), *_text_against_table()]
    return _outcome(row, reproduction, CAO_FIGURE_5, findings)


def _outcome(
    row: Row, reproduction: Reproduction, printed: PrintedReport, findings: list[str]
) -> Outcome:
    measurements: list[Measurement] = []
    bars: dict[str, NDArray[np.float64]] = {"paper": np.array(printed.f1)}
    findings = [_averages(printed), *findings]
    for protocol in CHECKED_PROTOCOLS:
        predictions = needed_predictions(row, protocol, reproduction)
        tables = genre_tables(predictions)
        measurements += [
            replace(one, data=reproduction.data_name)
            for one in _measured(protocol, predictions, tables, printed)
        ]
        bars[f"here, {marked(protocol)}"] = tables[:, :, F1].mean(axis=0)
        findings += _hardest(protocol, bars[f"here, {marked(protocol)}"], printed)
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
    means = _means(printed)
    pairs = [
        f"{measure} {mean:.3f} (printed {average:.2f})"
        for measure, mean, average in zip(MEASURES, means, printed.averages, strict=True)
    ]
    weighted = ", by support unknown: none is printed"
    if printed.support:
        weighted = f"; by support, to {_listed(_means(printed, printed.support))}"
    return f"The printed genres average, unweighted, to {', '.join(pairs)}{weighted}."


def _means(printed: PrintedReport, weights: Sequence[int] | None = None) -> list[float]:
    return [
        float(np.average(getattr(printed, measure), weights=weights))
        for measure in MEASURES
    ]


def _listed(values: list[float]) -> str:
    return ", ".join(f"{m} {v:.3f}" for m, v in zip(MEASURES, values, strict=True))


def _weighted_or_not() -> str:
    """Say what "avg / total" of paper 004 is, and how far it is from the plain mean."""
    differences = [
        f"{measure} {average - mean:+.3f}"
        for measure, mean, average in zip(
            MEASURES, _means(CAO_FIGURE_5), CAO_FIGURE_5.averages, strict=True
        )
    ]
    spread = ROUNDING_SD * (1 / len(GENRES) + 1) ** 0.5
    return (
        'Its "avg / total" is what scikit-learn 0.19 and older called averages weighted by '
        f"support. They differ from the unweighted by {', '.join(differences)}; of "
        "rounding alone, such differences would have a standard deviation of "
        f"{spread:.3f}, and be {2 * HALF_DIGIT:.3f} at most. An average recall that is "
        f"weighted by support, of {CAO_FIGURE_5.averages[1]:.2f}, is the accuracy."
    )


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
