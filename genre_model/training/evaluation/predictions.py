"""Predictions of systems for the tracks of a protocol: which model scores which tracks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, SeenTracksError, TrainingDataError
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import (
    GENRES,
    SEGMENT_MARK,
    find_tracks,
    segments_of,
    segments_per_track,
)
from genre_model.training.data.labelled_mel_frames import track_mel_frames
from genre_model.training.data.protocols import folds_of, track_of
from genre_model.training.fit.experiment import run_path
from genre_model.training.recipe import recipe_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from genre_model.model.card import Card
    from genre_model.model.track_probabilities import Combination
    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.data.protocols import Fold

Part = Literal["test", "valid"]

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
        """What is scored: ``"tracks"`` or ``"segments"``."""
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


class _ScoredModel(NamedTuple):
    """A model file, and the names of the folds whose tracks it scores."""

    path: str
    folds: tuple[str, ...]


def predict_systems(evaluation: Evaluation) -> list[Predictions]:
    """Predict the tracks of a protocol with every seed of a run, or with one model.

    Raises:
        SeenTracksError: if a model was trained on the tracks.
        TrainingDataError: if runs or tracks are missing, or the runs are of several
            recipes.
    """
    found = find_tracks(evaluation.data_dir, evaluation.source)
    folds = folds_of(evaluation.protocol)[: evaluation.n_folds]
    systems = _find_systems(evaluation, folds)
    _check_one_recipe([model.path for models in systems.values() for model in models])
    return [
        _predict_system(name, models, found, evaluation) for name, models in systems.items()
    ]


def _find_systems(
    evaluation: Evaluation, folds: list[Fold]
) -> dict[str, list[_ScoredModel]]:
    """Find the models of a run by name of system: per seed one for each fold.

    A single model is scored on the tracks of all folds.
    """
    protocol, part = evaluation.protocol, evaluation.part
    if not any(getattr(fold, part) for fold in folds):
        raise TrainingDataError(f"protocol {protocol} has no {part} tracks")
    run = Path(evaluation.run_or_model)
    if not run.is_dir():
        together = tuple(fold.name for fold in folds)
        return {run.stem: [_ScoredModel(evaluation.run_or_model, together)]}
    return {
        f"seed-{seed}": [
            _ScoredModel(
                str(run_path(run, protocol, fold, seed) / "model.onnx"), (fold.name,)
            )
            for fold in folds
        ]
        for seed in _seeds(run, protocol, folds, evaluation.n_seeds)
    }


def _seeds(run: Path, protocol: str, folds: list[Fold], n_seeds: int | None) -> list[int]:
    """Return the seeds that every fold has, at most ``n_seeds``."""
    found = [
        {
            int(path.parent.name.removeprefix("seed-"))
            for path in (run / protocol / fold.name).glob("seed-*/model.onnx")
        }
        for fold in folds
    ]
    seeds = sorted(set.intersection(*found))
    wanted = n_seeds or max(1, len(seeds))
    if len(seeds) < wanted:
        raise TrainingDataError(
            f"{run} holds {len(seeds)} complete seeds of protocol {protocol}, {wanted} are "
            f"needed: run genre-model train with --protocol {protocol} --seeds {wanted} "
            f"--out {run} first"
        )
    return seeds[:wanted]


def _check_one_recipe(paths: list[str]) -> None:
    """Read all cards before minutes are spent on scores that cannot be averaged."""
    path_of: dict[tuple[str, str], str] = {}
    for path in paths if len(paths) > 1 else ():
        path_of.setdefault(recipe_of(read_model(path).card), path)
    if len(path_of) > 1:
        (recipe, path), (other, other_path) = list(path_of.items())[:2]
        raise TrainingDataError(
            f"{path} and {other_path} are of different recipes ({' '.join(recipe)} and "
            f"{' '.join(other)}), so their mean would mean nothing: train each recipe into "
            "an --out of its own"
        )


def _predict_system(
    name: str,
    models: list[_ScoredModel],
    found: list[LabelledTrack],
    evaluation: Evaluation,
) -> Predictions:
    rows: list[tuple[LabelledTrack, NDArray[np.float32]]] = []
    cards, n_seen = [], 0
    for model in models:
        classifier = _classifier(model.path, evaluation)
        cards.append(classifier.card)
        tracks = _tracks_of(model, found, classifier.card, evaluation)
        n_seen += _count_seen(model.path, classifier.card, tracks, evaluation)
        for track in tqdm(tracks, name, disable=None, leave=False):
            row = _predict_track(classifier, track)
            if row is not None:
                rows.append((track, row))
    if not rows:
        raise TrainingDataError(
            f"none of the {evaluation.part} tracks of {evaluation.protocol} could be read "
            f"and is {' or '.join(cards[0].genres)}, which is all that {models[0].path} "
            "knows"
        )
    genres = cards[0].genres
    recipe, recipe_hash = recipe_of(cards[0])
    return Predictions(
        name=name,
        source=rows[0][0].source,
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


def _tracks_of(
    model: _ScoredModel, found: list[LabelledTrack], card: Card, evaluation: Evaluation
) -> list[LabelledTrack]:
    """Return the tracks, or segments, of a model's folds and genres that are there."""
    wanted = [
        name
        for fold in folds_of(evaluation.protocol, segments_per_track(card.front_end))
        if fold.name in model.folds
        for name in getattr(fold, evaluation.part)
    ]
    if any(SEGMENT_MARK in name for name in wanted):
        found = segments_of(found, card.front_end)
    there = {track.track_id: track for track in found}
    present = [there[name] for name in wanted if name in there]
    known = [track for track in present if track.genre in card.genres]
    if n_others := len(present) - len(known):
        log.info("%s: %d tracks of other genres", model.path, n_others)
    return known[:: evaluation.every]


def _count_seen(
    model_path: str, card: Card, tracks: list[LabelledTrack], evaluation: Evaluation
) -> int:
    """Count the tracks that a model was trained on, in whole or in segments."""
    trained_on = set(card.training.get("track_ids", ()))
    if not trained_on and not evaluation.allow_seen:
        raise SeenTracksError(
            f"{model_path} does not say which tracks it was trained on, so its score "
            "could mean nothing; --allow-seen computes it all the same"
        )
    in_part = trained_on | {track_of(name) for name in trained_on}
    names = [track.track_id for track in tracks]
    seen = [name for name in names if name in in_part or track_of(name) in trained_on]
    if seen and not evaluation.allow_seen:
        raise SeenTracksError(
            f"{model_path} was trained on {len(seen)} of these {len(tracks)} tracks "
            f"({seen[0]}, ...): its score would mean nothing; --allow-seen computes it all "
            "the same"
        )
    return len(seen)


def _predict_track(
    classifier: GenreClassifier, track: LabelledTrack
) -> NDArray[np.float32] | None:
    """Return the probabilities of a track; None if it is unreadable, which is reported."""
    try:
        if not track.is_picture and track.frames is None:
            return classifier.predict_file(track.path).probabilities
        mel_frames = track_mel_frames(track, classifier.card.front_end)
        return classifier.predict_mel_frames(track.path, mel_frames).probabilities
    except GenreModelError as error:
        log.warning("skipped %s: %s", track.track_id, error)
        return None
