"""Predictions of systems for the tracks of a protocol."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import GENRES, SEGMENT_MARK, find_tracks
from genre_model.training.data.labelled_mel_frames import track_mel_frames
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.scored_models import (
    ScoredModel,
    check_one_recipe,
    count_seen,
    scored_tracks,
    systems_of,
)
from genre_model.training.recipe import recipe_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.model.track_probabilities import Combination
    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.evaluation.scored_models import Part

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What is to be evaluated, and how.

    Attributes:
        run_or_model: folder that ``train`` wrote, ``.onnx`` file or bundled name.
        data_dir: a GTZAN folder.
        protocol: one of ``protocols.PROTOCOLS``.
        part: test tracks, or validation tracks, which may choose settings.
        n_seeds: seeds that must be there; None takes all there are.
        source: audio or pictures.
        combination: how segments become a track.
        allow_seen: score a model even on tracks that it was trained on.
        is_uncalibrated: score at temperature 1.
        n_folds: score only the first folds of the protocol, for a quick look; None
            scores all.
        every: score one track in this many, for a quick look.
    """

    run_or_model: str
    data_dir: Path
    protocol: str = "fault-filtered"
    part: Part = "test"
    n_seeds: int | None = None
    source: Source = "auto"
    combination: Combination = "mean"
    allow_seen: bool = False
    is_uncalibrated: bool = False
    n_folds: int | None = None
    every: int = 1


@dataclass(frozen=True)
class Predictions:
    """Scores of the tracks by one system: all folds of one seed.

    Attributes:
        name: such as ``seed-0``, or the name of a model.
        source: ``"audio"`` or ``"pictures"``.
        track_ids: one per track; of segments, where a protocol scores those.
        labels: their true genres, as indices into ``genres`` [shape=(n_tracks,)].
        probabilities: [shape=(n_tracks, n_genres)].
        n_seen: tracks that the model was trained on; 0 unless allowed.
        temperature: mean over the folds' models.
        recipe: that the models were trained by.
        genres: that are told apart.
        recipe_hash: of every setting of the recipe; empty if unknown.
    """

    name: str
    source: str
    track_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    n_seen: int
    temperature: float
    recipe: str
    genres: tuple[str, ...] = GENRES
    recipe_hash: str = ""

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each track's most probable genre is the true one [shape=(n_tracks,)]."""
        hits: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.labels
        return hits

    @property
    def unit(self) -> str:
        """What is judged: ``"tracks"`` or ``"segments"``."""
        return "segments" if SEGMENT_MARK in self.track_ids[0] else "tracks"

    def subset(self, track_ids: Collection[str]) -> Predictions:
        """Return the predictions of these tracks, in their order; unknown ones are left."""
        place_of = {name: place for place, name in enumerate(self.track_ids)}
        kept = [place_of[name] for name in track_ids if name in place_of]
        return replace(
            self,
            track_ids=tuple(self.track_ids[i] for i in kept),
            labels=self.labels[kept],
            probabilities=self.probabilities[kept],
        )


def predict_systems(evaluation: Evaluation) -> list[Predictions]:
    """Predict the tracks of a protocol with every seed of a run, or with one model.

    Raises:
        SeenTracksError: if a model was trained on the tracks.
        TrainingDataError: if runs or tracks are missing, or the runs are of several
            recipes.
    """
    found = find_tracks(evaluation.data_dir, evaluation.source)
    systems = systems_of(
        evaluation.run_or_model,
        evaluation.protocol,
        folds_of(evaluation.protocol)[: evaluation.n_folds],
        evaluation.part,
        evaluation.n_seeds,
    )
    check_one_recipe(systems)
    return [
        _predict_system(name, models, found, evaluation) for name, models in systems.items()
    ]


def _predict_system(
    name: str, models: list[ScoredModel], found: list[LabelledTrack], evaluation: Evaluation
) -> Predictions:
    rows: list[tuple[LabelledTrack, NDArray[np.float32]]] = []
    cards, n_seen = [], 0
    for model in models:
        classifier = _classifier(model.model_path, evaluation)
        cards.append(classifier.card)
        present = scored_tracks(
            model, found, classifier.card, evaluation.protocol, evaluation.part
        )[:: evaluation.every]
        n_seen += count_seen(
            model.model_path, classifier.card, present, allow_seen=evaluation.allow_seen
        )
        rows += _predict_tracks(classifier, present, name)
    if not rows:
        raise TrainingDataError(
            f"none of the {evaluation.part} tracks of {evaluation.protocol} could be read "
            f"and is {' or '.join(cards[0].genres)}, which is all that "
            f"{models[0].model_path} knows"
        )
    genres = cards[0].genres
    recipe, recipe_hash = recipe_of(cards[0])
    return Predictions(
        name=name,
        source="pictures" if rows[0][0].is_picture else "audio",
        track_ids=tuple(track.track_id for track, _ in rows),
        labels=np.array([genres.index(track.genre) for track, _ in rows], np.int64),
        probabilities=np.stack([probabilities for _, probabilities in rows]),
        n_seen=n_seen,
        temperature=float(np.mean([card.temperature for card in cards])),
        recipe=recipe,
        genres=genres,
        recipe_hash=recipe_hash,
    )


def _classifier(model_path: str, evaluation: Evaluation) -> GenreClassifier:
    model = read_model(model_path)
    if evaluation.is_uncalibrated:
        model = replace(model, card=replace(model.card, temperature=1.0))
    return GenreClassifier(model, evaluation.combination)


def _predict_tracks(
    classifier: GenreClassifier, tracks: list[LabelledTrack], name: str
) -> list[tuple[LabelledTrack, NDArray[np.float32]]]:
    progress = tqdm(tracks, name, disable=None, leave=False)
    tried = [(track, _predict_track(classifier, track)) for track in progress]
    return [(track, row) for track, row in tried if row is not None]


def _predict_track(
    classifier: GenreClassifier, track: LabelledTrack
) -> NDArray[np.float32] | None:
    try:
        if not track.is_picture and track.frames is None:
            return classifier.predict_file(track.path).probabilities
        mel_frames = track_mel_frames(track, classifier.card.front_end)
        return classifier.predict_mel_frames(track.path, mel_frames).probabilities
    except GenreModelError as error:
        log.warning("skipped %s: %s", track.track_id, error)
        return None
