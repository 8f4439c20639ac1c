"""How often a model is right on songs with labels, and on how many it is sure.

    python benchmarks/labelled_songs.py SONGS [--model NAME ...] [--segments N ...]
        [--into PAGE.md]

SONGS is a CSV file that names a ``file`` beside it, its ``genre`` (empty for music of no
broad genre) and its ``artist_group``, or a folder as ``genre-model train-head`` reads it; a
file there without an artist counts as an artist of its own. Intervals are over artists.

The first column leaves out songs of genres that a model does not know; in all others they
are wrong. The temperature is the one, beside the model's own, that fits all songs best.
The columns after it leave artists out in turn, and fit the temperature to the others.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from marked_table import put_into
from sklearn.model_selection import GroupKFold

from genre_model.classifier import GenreClassifier
from genre_model.label_spelling import spelling_key
from genre_model.metrics import coverage_at_accuracy
from genre_model.model.model_file import read_model
from genre_model.model.segment_probabilities import softmax
from genre_model.model.source import DEFAULT_MODEL
from genre_model.personal.labelled_files import read_labelled_folder
from genre_model.personal.open_set import MIN_CONFIDENCE
from genre_model.training.distillation.calibration import (
    N_FOLDS,
    TEMPERATURES,
    WANTED_ACCURACY,
    with_segments,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

N_DRAWS = 2000
HEADINGS = (
    "| model | right, of genres it knows | coverage at 85 % right | written at 0.6 "
    "| right of those | CPU s | temperature | written, cross-fitted | right of those |"
)


@dataclass(frozen=True)
class Answers:
    """What a model says of each song.

    Attributes:
        logits: the outputs that the model rejects come last
            [shape=(n_songs, n_outputs)].
        n_genres: that it may name.
        labels: place of the true genre, -1 if the model does not know it
            [shape=(n_songs,)].
        artists: number of each song's artist [shape=(n_songs,)].
        cpu_seconds: for each song, in the mean.
    """

    logits: NDArray[np.float32]
    n_genres: int
    labels: NDArray[np.int64]
    artists: NDArray[np.int64]
    cpu_seconds: float

    def confidences(self, temperature: float = 1.0) -> NDArray[np.float32]:
        """Return the largest probability of a genre for each song."""
        probabilities = softmax(self.logits, temperature)[:, : self.n_genres]
        largest: NDArray[np.float32] = probabilities.max(axis=1)
        return largest

    @property
    def genres(self) -> NDArray[np.int64]:
        """Place of the most probable genre of each song."""
        places: NDArray[np.int64] = self.logits[:, : self.n_genres].argmax(axis=1)
        return places

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the most probable genre is the true one."""
        is_right: NDArray[np.bool_] = self.genres == self.labels
        return is_right


def main() -> None:
    """Print one line for each model, and its genres."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path, help="a CSV file, or a folder")
    parser.add_argument("--model", action="append", help="name or file (the default one)")
    parser.add_argument(
        "--segments", type=int, action="append", help="of each song (the model's number)"
    )
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    lines = [HEADINGS, "|---|" + "--:|" * (HEADINGS.count("|") - 2)]
    for model, n_segments in product(
        options.model or [DEFAULT_MODEL], options.segments or [None]
    ):
        classifier = load(model, n_segments)
        if classifier.multi_label:
            parser.error(f"{model}: the genres of a multi-label model do not add up to 1")
        answers = ask(classifier, songs_of(options.songs))
        name = classifier.card.name
        print(f"{name}: {len(answers.labels)} songs, {answers.artists.max() + 1} artists")
        print("\n".join(genre_lines(classifier.genres, answers)), flush=True)
        lines.append(line_of(name + f", {n_segments} segments" * bool(n_segments), answers))
    print("\n".join(lines))
    if options.into:
        put_into(options.into, "labelled songs", "\n".join(lines))


def load(name: str, n_segments: int | None) -> GenreClassifier:
    """Read a model, which may listen to another number of segments than it says."""
    model = read_model(name)
    return GenreClassifier(with_segments(model, n_segments) if n_segments else model)


class Song(NamedTuple):
    """A file, and what is known of it."""

    path: Path
    genre: str
    artist: str


def songs_of(source: Path) -> list[Song]:
    """Read the table, or the folder."""
    if source.is_dir():
        files = read_labelled_folder(source, print)
        return [Song(file.path, file.labels[0], file.artist or file.key) for file in files]
    with source.open(newline="", encoding="utf-8") as file:
        return [
            Song(source.parent / row["file"], row["genre"], row["artist_group"])
            for row in csv.DictReader(file)
        ]


def ask(classifier: GenreClassifier, songs: list[Song]) -> Answers:
    """Let a model hear all songs."""
    started = time.process_time()
    logits = np.stack([logits_of(classifier, song.path) for song in songs])
    seconds = (time.process_time() - started) / len(songs)
    places = {spelling_key(genre): place for place, genre in enumerate(classifier.genres)}
    return Answers(
        logits,
        len(classifier.genres),
        np.array([places.get(spelling_key(song.genre), -1) for song in songs]),
        np.unique([song.artist for song in songs], return_inverse=True)[1],
        seconds,
    )


def logits_of(classifier: GenreClassifier, path: Path) -> NDArray[np.float32]:
    """Return logits of a song whose softmax is what the model says of it."""
    logits = classifier.score_file(path).logits
    if classifier.card.pool_logits:
        scaled: NDArray[np.float32] = logits.mean(axis=0) / classifier.card.temperature
        return scaled
    probabilities = classifier.track_probabilities(logits)
    return np.log(np.maximum(probabilities, 1e-12))


def line_of(name: str, answers: Answers) -> str:
    """Return the line of a table."""
    right, confidences = answers.right, answers.confidences()
    known = answers.labels >= 0
    is_written = confidences >= MIN_CONFIDENCE
    fitted, others = temperatures(answers)
    cross_fitted = np.empty_like(confidences)
    for fold, temperature in others:
        cross_fitted[fold] = answers.confidences(temperature)[fold]
    is_written_then = cross_fitted >= MIN_CONFIDENCE

    def accuracy(rows: NDArray[np.int64]) -> float:
        return float(right[rows][known[rows]].mean())

    def coverage(rows: NDArray[np.int64]) -> float:
        return coverage_at_accuracy(confidences[rows], right[rows], WANTED_ACCURACY)

    def written(rows: NDArray[np.int64]) -> float:
        return float(right[rows][is_written[rows]].mean())

    return (
        f"| {name} | {with_interval(accuracy, answers.artists)} "
        f"| {with_interval(coverage, answers.artists)} "
        f"| {is_written.mean():.1%} | {with_interval(written, answers.artists)} "
        f"| {answers.cpu_seconds:.2f} | {fitted:.2f} "
        f"| {is_written_then.mean():.1%} | {right[is_written_then].mean():.1%} |"
    )


def with_interval(
    measure: Callable[[NDArray[np.int64]], float], artists: NDArray[np.int64]
) -> str:
    """Return a share with its 95 % interval over artists, drawn with replacement."""
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(artists == artist) for artist in range(artists.max() + 1)]
    draws = [
        measure(
            np.concatenate(
                [rows[drawn] for drawn in rng.integers(len(rows), size=len(rows))]
            )
        )
        for _ in range(N_DRAWS)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{measure(np.arange(len(artists))):.1%} ({low:.1%} to {high:.1%})"


def temperatures(
    answers: Answers,
) -> tuple[float, list[tuple[NDArray[np.int64], float]]]:
    """Fit the temperature to all songs, and to the songs of other artists.

    Returns:
        The temperature, and for each fold its rows and the temperature of the others.
    """
    everything = np.arange(len(answers.labels))
    folds = GroupKFold(N_FOLDS).split(everything, groups=answers.artists)
    return fit(answers, everything), [(fold, fit(answers, rest)) for rest, fold in folds]


def fit(answers: Answers, rows: NDArray[np.int64]) -> float:
    """Return the temperature with the smallest log loss of "the first genre is right".

    So music of genres that the model does not know counts, too.
    """
    right = answers.right[rows]

    def loss(temperature: float) -> float:
        said = np.clip(answers.confidences(temperature)[rows], 1e-6, 1 - 1e-6)
        return float(-np.log(np.where(right, said, 1 - said)).mean())

    return float(min(TEMPERATURES, key=loss))


def genre_lines(genres: tuple[str, ...], answers: Answers) -> list[str]:
    """Return how many songs of each genre are right, and what the others are taken for."""
    lines = []
    said = answers.genres
    for label in np.unique(answers.labels):
        rows = answers.labels == label
        counts = np.bincount(said[rows], minlength=len(genres))
        most = [f"{genres[place]} {counts[place]}" for place in np.argsort(-counts)[:5]]
        name = genres[label] if label >= 0 else "(none that it knows)"
        lines.append(f"{name}: {int(rows.sum())} songs: {', '.join(most)}")
    return lines


if __name__ == "__main__":
    main()
