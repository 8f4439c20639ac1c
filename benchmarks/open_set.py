"""How much music of genres that it does not know a personal model would write.

    python benchmarks/open_set.py LABELLED [--parent NAME] [--left-out N] [--every N]
        [--cache FILE] [--into PAGE.md]

LABELLED is a folder or a CSV file as ``genre-model train-head`` reads it, with artists.
Some genres are left out of it. A model is trained on three quarters of the artists of the
others, and hears the tracks of the remaining artists and those of the genres that were left
out: with its check for unknown music, and without it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from marked_table import put_into
from sklearn.model_selection import GroupKFold

from genre_model.classifier import GenreClassifier
from genre_model.cli.train_head import Progress
from genre_model.model.source import DEFAULT_MODEL
from genre_model.personal.embeddings import Embedder
from genre_model.personal.grouping import group_tracks
from genre_model.personal.head_file import parent_network
from genre_model.personal.labelled_files import read_labelled_csv, read_labelled_folder
from genre_model.personal.open_set import MIN_CONFIDENCE
from genre_model.personal.settings import PersonalSettings
from genre_model.personal.training import PersonalTraining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.personal_model import PersonalModel

N_FOLDS = 4
MIN_TRACKS = 5
HEADING = (
    "| check | unknown genres: written | known genres: written | right of those |\n"
    "|---|--:|--:|--:|"
)


class Heard(NamedTuple):
    """What a model says of tracks.

    Attributes:
        confidences: highest probability of each track.
        is_right: whether that genre is the track's.
        is_known: whether the model knows the track's genre.
    """

    confidences: NDArray[np.float32]
    is_right: NDArray[np.bool_]
    is_known: NDArray[np.bool_]


class Trial:
    """Trains models on some genres, and lets them hear all."""

    def __init__(self, files: Sequence[LabelledFile], parent: str, cache: Path) -> None:
        self.files = list(files)
        self.progress = Progress()
        self.parent = GenreClassifier.load(parent)
        self.network = parent_network(parent, self.parent.model_id)
        self.cache = cache
        self.groups = group_tracks(self.files)
        self.labels = np.array([file.labels[0] for file in files])
        paths = [file.path for file in self.files]
        self.heard = Embedder(self.parent, cache).embed(paths, self.progress)

    def hear(self, left_out: Sequence[str], *, checks: Sequence[bool]) -> list[Heard]:
        """Train on the other genres, one model for each fold of artists."""
        known = ~np.isin(self.labels, left_out)
        rows = np.flatnonzero(known)
        heard: list[list[Heard]] = [[] for _ in checks]
        for train, test in GroupKFold(N_FOLDS).split(rows, groups=self.groups[rows]):
            model = self._train([self.files[row] for row in rows[train]])
            told = np.concatenate([rows[test], np.flatnonzero(~known)])
            for place, is_checked in enumerate(checks):
                one = model if is_checked else replace(model, open_set=None)
                heard[place].append(self._answers(one, told, known[told]))
        return [Heard(*map(np.concatenate, zip(*parts, strict=True))) for parts in heard]

    def _train(self, files: Sequence[LabelledFile]) -> PersonalModel:
        training = PersonalTraining(
            settings=PersonalSettings(min_tracks=MIN_TRACKS),
            parent=self.parent,
            network=self.network,
            store_path=self.cache,
            parent_genres_of=lambda _label: frozenset(),
        )
        return training.run(files, self.progress)

    def _answers(
        self, model: PersonalModel, rows: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> Heard:
        said = model.probabilities(self.heard.embeddings[rows], self.heard.logits[rows])
        best = np.array(model.evaluation.labels)[said.argmax(axis=1)]
        return Heard(said.max(axis=1), best == self.labels[rows], known)


def table_row(name: str, heard: Heard) -> str:
    """Return a line of the table."""
    written, known = heard.confidences >= MIN_CONFIDENCE, heard.is_known
    right = heard.is_right[known & written]
    return (
        f"| {name} | {written[~known].mean():.1%} | {written[known].mean():.1%} | "
        f"{right.mean():.1%} |"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--parent", default=DEFAULT_MODEL)
    parser.add_argument("--left-out", type=int, default=2, help="genres at a time")
    parser.add_argument("--every", type=int, default=1, help="try one choice in N")
    default = Path(gettempdir(), "open_set.embeddings.db")
    parser.add_argument("--cache", type=Path, default=default)
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    is_folder = arguments.labelled.is_dir()
    read = read_labelled_folder if is_folder else read_labelled_csv
    trial = Trial(read(arguments.labelled, print), arguments.parent, arguments.cache)
    genres = sorted(set(trial.labels.tolist()))
    choices = list(combinations(genres, arguments.left_out))[:: arguments.every]
    heard = [trial.hear(choice, checks=(False, True)) for choice in choices]
    rows = [
        table_row(name, Heard(*map(np.concatenate, zip(*parts, strict=True))))
        for name, parts in zip(("no", "yes"), zip(*heard, strict=True), strict=True)
    ]
    title = (
        f"{len(choices)} choices of {arguments.left_out} of {len(genres)} genres, "
        f"{len(trial.files)} tracks; written from {MIN_CONFIDENCE:g} on"
    )
    text = "\n".join([title, "", HEADING, *rows])
    print(text)
    if arguments.into:
        put_into(arguments.into, "open set", text)


if __name__ == "__main__":
    main()
