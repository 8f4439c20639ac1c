"""From labelled files to a model for their labels, with a score that can be trusted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.model.card import is_personal
from genre_model.personal.baselines import Stock, majority
from genre_model.personal.cross_validation import HeadData, cross_validate
from genre_model.personal.embeddings import Embedder
from genre_model.personal.grouping import group_tracks, grouped_folds, samplers_are_cut
from genre_model.personal.label_cleaning import CleanFiles, clean_files
from genre_model.personal.leaks import leaks_of
from genre_model.personal.open_set import OpenSetData
from genre_model.personal.open_set_score import unknown_score
from genre_model.personal.personal_card import personal_card
from genre_model.personal.personal_model import BY_NAME, MAJORITY, PersonalModel
from genre_model.personal.score import Judgement, targets_of
from genre_model.personal.training_tracks import TrainingTracks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.classifier import GenreClassifier
    from genre_model.personal.embeddings import Embeddings
    from genre_model.personal.grouping import Fold
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import PersonalSettings, Watcher

MIN_FOLDS = 2


@dataclass(frozen=True)
class PersonalTraining:
    """Trains a model for labels of a user: a head on the network of another model.

    Attributes:
        settings: what the user chose.
        parent: the model whose network listens, and which is to be beaten.
        network: content of its file, as of ``parent_network``.
        store_path: where embeddings are kept for the next training.
        parent_genres_of: which genres of the parent a label means; the alias map.
        canonical: another name that a label is known by.
        n_threads: files listened to at once, and then heads fitted at once.
        should_stop: asked every tenth of a second while listening, and before each head.
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
        """Clean labels, listen, cross-validate, train.

        Raises:
            TrainingDataError: if too few tracks, labels or artists are left; it says
                why.
            TrainingStoppedError: if asked to stop; what was heard is kept.
        """
        # Before hours of listening.
        clean = clean_files(files, self.settings, self.canonical)
        grouped_by_artist(clean.files, self.settings, clean.labels)
        embedder = Embedder(self.parent, self.store_path, self.n_threads, self.should_stop)
        wanted = (*clean.files, *clean.left_out)
        heard = embedder.embed([file.path for file in wanted], watcher)
        tracks, notes = self._readable(files, clean, heard)
        return self._model(tracks, heard, notes)

    def _readable(
        self, files: Sequence[LabelledFile], clean: CleanFiles, heard: Embeddings
    ) -> tuple[TrainingTracks, tuple[str, ...]]:
        """Clean again without what could not be read: a label may be too rare now."""
        row_of = {path: row for row, path in enumerate(heard.paths)}
        notes = clean.notes
        if heard.errors:
            lost = f"{len(heard.errors)} tracks could not be listened to"
            # Not those that were left out before: nobody has listened to them.
            readable = [file for file in files if file.path in row_of]
            try:
                clean = clean_files(readable, self.settings, self.canonical)
            except TrainingDataError as error:
                raise TrainingDataError(f"{lost}; {error}") from error
            notes = tuple(dict.fromkeys([lost, *notes, *clean.notes]))
        if samplers_are_cut(clean.files):
            notes = (*notes, "albums by many artists were divided: they tie too much")
        rows = [row_of[file.path] for file in clean.files]
        tracks = TrainingTracks(
            clean.files,
            clean.labels,
            targets_of([file.labels for file in clean.files], clean.labels),
            heard.embeddings[rows],
            heard.logits[rows],
            _left_out(clean, heard, row_of),
            grouped_by_artist(clean.files, self.settings, clean.labels),
        )
        return tracks, notes

    def _model(
        self, tracks: TrainingTracks, heard: Embeddings, notes: tuple[str, ...]
    ) -> PersonalModel:
        """Cross-validate, then fit the head that is kept."""
        data = HeadData(
            tracks.embeddings,
            tracks.targets,
            multi_label=self.settings.multi_label,
            genre_balance=self.settings.genre_balance,
        )
        judged = cross_validate(
            data, tracks.folds, n_threads=self.n_threads, should_stop=self.should_stop
        )
        strength, temperature = judged.choice.strength, judged.choice.temperature
        opened = OpenSetData(
            tracks.logits, tracks.targets.argmax(axis=1), tracks.folds, tracks.left_out
        )
        open_set = opened.fit()
        probabilities = judged.probabilities
        if open_set is not None:
            known = opened.held_out_known(open_set, multi_label=data.multi_label)
            probabilities = probabilities * known[:, np.newaxis]
        return PersonalModel(
            files=tracks.files,
            judgement=self._judgement(tracks, probabilities),
            baselines={
                name: self._judgement(tracks, probabilities)
                for name, probabilities in self._baselines(tracks, heard).items()
            },
            notes=notes,
            leaks=tuple(
                leaks_of(
                    tracks.files,
                    self.parent,
                    n_threads=self.n_threads,
                    should_stop=self.should_stop,
                )
            ),
            n_folds=len(tracks.folds),
            card=personal_card(self.parent, tracks, judged.choice, self.settings),
            network=self.network,
            head=data.fit_final(strength),
            open_set=open_set,
            unknown=unknown_score(data, opened, strength, temperature, self.should_stop),
        )

    def _judgement(
        self, tracks: TrainingTracks, probabilities: NDArray[np.float32]
    ) -> Judgement:
        return Judgement(
            tracks.labels, tracks.targets, probabilities, self.settings.multi_label
        )

    def _baselines(
        self, tracks: TrainingTracks, heard: Embeddings
    ) -> dict[str, NDArray[np.float32]]:
        baselines = {MAJORITY: majority(tracks.targets)}
        if is_personal(self.parent.card.training):
            return baselines  # it may know these very labels by heart
        row_of = {path: row for row, path in enumerate(heard.paths)}
        rows = [row_of[file.path] for file in tracks.files]
        stock = Stock(self.parent.genres, heard.probabilities[rows])
        parent = self.parent.card.name
        by_name = stock.by_name(tracks.labels, self.parent_genres_of)
        if by_name is not None:
            baselines[f"{parent}, {BY_NAME}"] = by_name
        renamed = stock.renamed(tracks.targets, tracks.folds)
        return baselines | {f"{parent}, renamed": renamed}


def _left_out(
    clean: CleanFiles, heard: Embeddings, row_of: Mapping[Path, int]
) -> tuple[NDArray[np.float32], ...]:
    """Return the logits of the tracks of each label that was left out."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for file in clean.left_out:
        for label in file.labels if file.path in row_of else ():
            rows[label].append(row_of[file.path])
    return tuple(heard.logits[own] for own in rows.values())


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
