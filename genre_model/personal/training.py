"""Trains a model for the labels of a user: a head on the network of another model."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.label_spelling import spelling_key
from genre_model.model.card import Card, is_personal
from genre_model.personal.embeddings import Embedder
from genre_model.personal.evaluation import (
    BY_NAME,
    MAJORITY,
    Evaluation,
    baseline_by_name,
    baseline_renamed,
    majority_baseline,
    targets_of,
)
from genre_model.personal.grouping import group_tracks, grouped_folds, samplers_are_cut
from genre_model.personal.heads import HeadData, cross_validate
from genre_model.personal.label_cleaning import CleanFiles, clean_files
from genre_model.personal.leaks import has_own_network, leaks_of
from genre_model.personal.open_set import OpenSetData, unknown_score
from genre_model.personal.personal_model import PersonalModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.classifier import GenreClassifier
    from genre_model.personal.embeddings import Embeddings
    from genre_model.personal.grouping import Fold
    from genre_model.personal.heads import Choice
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import PersonalSettings, Watcher

MIN_FOLDS = 2


@dataclass(frozen=True)
class _Tracks:
    """Tracks that train, rows in the order of ``files``.

    Embeddings, logits and probabilities are those of the parent; ``left_out`` are the
    logits of the tracks of each label that was left out.
    """

    files: tuple[LabelledFile, ...]
    labels: tuple[str, ...]
    targets: NDArray[np.bool_]
    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    left_out: tuple[NDArray[np.float32], ...]
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PersonalTraining:
    """Trains and evaluates a personal model.

    Attributes:
        settings: what the user chose.
        parent: the model whose network is used, and which is a baseline.
        network: content of its file, as of ``parent_network``.
        store_path: where embeddings are kept for the next training.
        parent_genres_of: which genres of the parent a label means; the alias map.
        canonical: another name that a label is known by.
        n_threads: files embedded at once, and then heads fitted at once.
        should_stop: asked every tenth of a second while embedding, and before each head.
    """

    settings: PersonalSettings
    parent: GenreClassifier
    network: bytes
    store_path: Path
    parent_genres_of: Callable[[str], frozenset[str]]
    canonical: Callable[[str], str] = lambda label: label
    n_threads: int | None = None
    should_stop: Callable[[], bool] = lambda: False

    def run(self, files: Sequence[LabelledFile], watcher: Watcher) -> PersonalModel:
        """Clean labels, embed, cross-validate, train.

        Raises:
            TrainingDataError: if too few tracks, labels or artists are left; it says
                why.
            TrainingStoppedError: if asked to stop; embeddings are kept.
        """
        clean = clean_files(files, self.settings, self.canonical)
        grouped_by_artist(clean.files, self.settings, clean.labels)  # fails early
        wanted = [file.path for file in (*clean.files, *clean.left_out)]
        return self._model(self._tracks(files, clean, self.embed(wanted, watcher)))

    def embed(self, paths: Sequence[Path], watcher: Watcher) -> Embeddings:
        """Embed files with the network of the parent."""
        embedder = Embedder(self.parent, self.store_path, self.n_threads, self.should_stop)
        return embedder.embed(paths, watcher)

    def _tracks(
        self, files: Sequence[LabelledFile], clean: CleanFiles, embedded: Embeddings
    ) -> _Tracks:
        """Clean again without unreadable files: a label may be too rare now."""
        row_of = {path: row for row, path in enumerate(embedded.paths)}
        notes = clean.notes
        if embedded.errors:
            lost = f"{len(embedded.errors)} tracks could not be listened to"
            # Files that were left out before were not tried.
            readable = [file for file in files if file.path in row_of]
            try:
                clean = clean_files(readable, self.settings, self.canonical)
            except TrainingDataError as error:
                raise TrainingDataError(f"{lost}; {error}") from error
            notes = tuple(dict.fromkeys([lost, *notes, *clean.notes]))
        if samplers_are_cut(clean.files):
            notes = (*notes, "albums by many artists were divided: they tie too much")
        rows = [row_of[file.path] for file in clean.files]
        return _Tracks(
            clean.files,
            clean.labels,
            targets_of([file.labels for file in clean.files], clean.labels),
            embedded.embeddings[rows],
            embedded.logits[rows],
            embedded.probabilities[rows],
            _logits_left_out(clean, embedded, row_of),
            grouped_by_artist(clean.files, self.settings, clean.labels),
            notes,
        )

    def _model(self, tracks: _Tracks) -> PersonalModel:
        """Cross-validate, then fit the final head."""
        multi_label = self.settings.multi_label
        data = HeadData(
            tracks.embeddings,
            tracks.targets,
            multi_label=multi_label,
            genre_balance=self.settings.genre_balance,
        )
        validated = cross_validate(
            data, tracks.folds, n_threads=self.n_threads, should_stop=self.should_stop
        )
        strength, temperature = validated.choice.strength, validated.choice.temperature
        opened = OpenSetData(
            tracks.logits, tracks.targets.argmax(axis=1), tracks.folds, tracks.left_out
        )
        open_set = opened.fit()
        probabilities = validated.probabilities
        if open_set is not None:
            known = opened.held_out_known(open_set, multi_label=multi_label)
            probabilities = probabilities * known[:, np.newaxis]

        def evaluation(probabilities: NDArray[np.float32]) -> Evaluation:
            return Evaluation(tracks.labels, tracks.targets, probabilities, multi_label)

        leaks = leaks_of(
            tracks.files,
            self.parent,
            n_threads=self.n_threads,
            should_stop=self.should_stop,
        )
        return PersonalModel(
            files=tracks.files,
            evaluation=evaluation(probabilities),
            baselines={
                name: evaluation(of_baseline)
                for name, of_baseline in self._baselines(tracks).items()
            },
            notes=tracks.notes,
            leaks=tuple(leaks),
            n_folds=len(tracks.folds),
            card=self._card(tracks, validated.choice),
            network=self.network,
            head=data.fit_final(strength),
            open_set=open_set,
            unknown=unknown_score(data, opened, strength, temperature, self.should_stop),
        )

    def _baselines(self, tracks: _Tracks) -> dict[str, NDArray[np.float32]]:
        baselines = {MAJORITY: majority_baseline(tracks.targets)}
        if is_personal(self.parent.card.training):
            return baselines  # it may have been trained on these very labels
        name = self.parent.card.name
        by_name = self.by_name(tracks.probabilities, tracks.labels)
        if by_name is not None:
            baselines[f"{name}, {BY_NAME}"] = by_name
        renamed = baseline_renamed(tracks.probabilities, tracks.targets, tracks.folds)
        return baselines | {f"{name}, renamed": renamed}

    def by_name(
        self, probabilities: NDArray[np.float32], labels: Sequence[str]
    ) -> NDArray[np.float32] | None:
        """Translate predictions of the parent to labels; None if no label means a genre."""
        genres = self.parent.genres
        return baseline_by_name(genres, probabilities, labels, self.parent_genres_of)

    def _card(self, tracks: _Tracks, choice: Choice) -> Card:
        """Return the card, before it has a name; it names no track."""
        parent = self.parent
        artists = {spelling_key(file.artist) for file in tracks.files if file.artist}
        counts = tracks.targets.sum(axis=0).tolist()
        training: dict[str, Any] = {
            "method": "head",
            "parent": parent.model_id,
            "n_tracks": len(tracks.files),
            "n_artists": len(artists),
            "labels": dict(zip(tracks.labels, counts, strict=True)),
            "snapshot": snapshot(tracks.files),
            "genre_balance": self.settings.genre_balance,
            "folds": len(tracks.folds),
            "seed": self.settings.seed,
            "version": version("beets-genreclf"),
            "own_network": has_own_network(parent.card),
            "strength": choice.strength,
        }
        # The network of the parent is that of the new model.
        if "recordings_heard" in parent.card.training:
            training["recordings_heard"] = parent.card.training["recordings_heard"]
        return Card(
            name="personal",
            genres=tracks.labels,
            front_end=parent.card.front_end,
            temperature=choice.temperature,
            training=training,
            licence="Trained by a person on their own recordings, for themselves. The "
            f"network it is built on: {parent.card.licence or 'not said'}",
            pool_logits=True,
            multi_label=self.settings.multi_label,
        )


def snapshot(files: Sequence[LabelledFile]) -> str:
    """Identify tracks and their labels: 64 hexadecimal digits."""
    lines = sorted(f"{file.key}\t{'; '.join(file.labels)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _logits_left_out(
    clean: CleanFiles, embedded: Embeddings, row_of: Mapping[Path, int]
) -> tuple[NDArray[np.float32], ...]:
    """Return the logits of the tracks of each label that was left out."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for file in clean.left_out:
        for label in file.labels if file.path in row_of else ():
            rows[label].append(row_of[file.path])
    return tuple(embedded.logits[own] for own in rows.values())


def grouped_by_artist(
    files: Sequence[LabelledFile], settings: PersonalSettings, labels: Sequence[str]
) -> tuple[Fold, ...]:
    """Divide tracks into folds that share no artist and no album.

    Raises:
        TrainingDataError: if all tracks belong together.
    """
    groups = group_tracks(files)
    main_labels = targets_of([file.labels[:1] for file in files], labels).argmax(axis=1)
    folds: tuple[Fold, ...] = ()
    if len(set(groups.tolist())) >= MIN_FOLDS:
        folds = tuple(grouped_folds(main_labels, groups, settings.n_folds, settings.seed))
    if len(folds) < MIN_FOLDS:
        raise TrainingDataError(
            "all tracks are by artists that share albums or names, so no honest score is "
            "possible: a model has to be tested on artists that it has not heard"
        )
    return folds
