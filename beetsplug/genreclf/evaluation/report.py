"""The report of ``beet genreclf-eval``, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import genre_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from beetsplug.genreclf.evaluation.evaluation import Evaluation
    from genre_model import Evaluation as Scores

#: Columns of the terminal that a table fills if it can.
WIDTH = 88
#: With more genres, the largest confusions are listed instead of a table.
MAX_GENRES = 25
N_LISTED = 20
#: Letters of a genre before its row, and the most and the fewest above its column.
ROW_LETTERS = 16
MAX_LETTERS = 10
MIN_LETTERS = 3


def headline(model_id: str, scores: Scores, leaks: Iterable[str]) -> Iterator[str]:
    """Yield how good the model is, and why the scores are too good."""
    numbers = scores.numbers()
    low, high = numbers["interval_95"]
    n_tracks = numbers["n_tracks"]
    yield (
        f"{model_id}: {n_tracks} track{'' if n_tracks == 1 else 's'}, "
        f"accuracy {numbers['accuracy']:.3f} "
        f"(95 % interval {low:.3f} to {high:.3f}), "
        f"macro-F1 {numbers['macro_f1']:.3f}, {numbers['top_3']:.3f} in the top 3"
    )
    for leak in leaks:
        yield f"  LEAKY: {leak}; expect less on other tracks"


def details(evaluation: Evaluation, n_issues: int) -> Iterator[str]:
    """Yield which tracks were scored how, the scores, and at most ``n_issues`` issues."""
    if n_trained := evaluation.n_out_of_fold():
        yield (
            f"  {n_trained} of these tracks trained the model; they are scored by "
            "what was predicted before that"
        )
    for reason in evaluation.left_out():
        yield f"  left out: {reason}"
    yield ""
    yield from genre_model.evaluation_lines(evaluation.scores, evaluation.answers)
    yield ""
    yield from confusion_lines(evaluation.scores)
    issues = evaluation.issues()
    if shown := issues[:n_issues]:
        yield ""
        yield f"{len(shown)} of {len(issues)} disagreements, worst first:"
        yield from (issue.line() for issue in shown)


def confusion_lines(scores: Scores) -> Iterator[str]:
    """Yield a table of how often each genre is predicted as each other.

    Genres that no track has, and that are predicted for none, are left out.
    """
    counts = scores.confusion()
    met = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    labels = [scores.labels[i] for i in met]
    counts = counts[np.ix_(met, met)]
    several = scores.targets.sum(axis=1).max() > 1
    more = "; a track of several genres counts for each" if several else ""
    if len(labels) > MAX_GENRES:
        yield f"  most often taken for another{more}"
        yield from _largest(labels, counts)
    else:
        yield f"  row: genre of the library, column: heard{more}"
        yield from _table(labels, counts)


def abbreviations(names: Sequence[str], n_letters: int) -> list[str]:
    """Shorten names to ``n_letters``, no two alike if possible."""
    short: list[str] = []
    for name in names:
        start, rest = name[: n_letters - 1], name[n_letters - 1 :]
        tries = [(start + letter).strip() for letter in rest or " "]
        short.append(next((each for each in tries if each not in short), tries[0]))
    return short


def _table(labels: Sequence[str], counts: NDArray[np.int64]) -> Iterator[str]:
    n_digits = len(str(counts.max()))
    rows = abbreviations(labels, ROW_LETTERS)
    edge = max(map(len, rows))
    room = (WIDTH - 2 - edge) // len(labels) - 1
    names = [label.replace(" ", "") for label in labels]
    columns = abbreviations(names, max(MIN_LETTERS, n_digits, min(room, MAX_LETTERS)))
    width = max(n_digits, *map(len, columns)) + 1
    yield f"  {'':<{edge}}" + "".join(f"{name:>{width}}" for name in columns)
    for name, row in zip(rows, counts.tolist(), strict=True):
        yield f"  {name:<{edge}}" + "".join(f"{n or '.':>{width}}" for n in row)


def _largest(labels: Sequence[str], counts: NDArray[np.int64]) -> Iterator[str]:
    wrong = counts * ~np.eye(len(labels), dtype=bool)
    for place in np.argsort(-wrong, axis=None, kind="stable")[:N_LISTED]:
        row, column = divmod(int(place), len(labels))
        if wrong[row, column]:
            of_all = f"{wrong[row, column]} of {counts[row].sum()}"
            yield f"  {labels[row]} heard as {labels[column]}: {of_all}"
