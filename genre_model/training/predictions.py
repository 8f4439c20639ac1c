"""Predictions of systems for the tracks of a protocol."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, SeenTracksError, TrainingDataError
from genre_model.training.gtzan import find_tracks
from genre_model.training.labelled_mel_frames import track_mel_frames
from genre_model.training.protocols import folds_of
from genre_model.training.systems import ScoredModel, systems_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.track_probabilities import Combination
    from genre_model.training.gtzan import LabelledTrack, Source
    from genre_model.training.systems import Part

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
    """

    run_or_model: str
    data_dir: Path
    protocol: str = "fault-filtered"
    part: Part = "test"
    n_seeds: int | None = None
    source: Source = "auto"
    combination: Combination = "mean"
    allow_seen: bool = False


@dataclass(frozen=True)
class Predictions:
    """What one system (all folds of one seed) says of the tracks.

    Attributes:
        name: such as ``seed-0``, or the name of a model.
        source: ``"audio"`` or ``"pictures"``.
        track_ids: one per track.
        labels: their true genres, as indices [shape=(n_tracks,)].
        probabilities: [shape=(n_tracks, n_genres)].
        n_seen: tracks that the model was trained on; 0 unless allowed.
        temperature: mean over the folds' models.
        recipe: that the models were trained by.
    """

    name: str
    source: str
    track_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    n_seen: int
    temperature: float
    recipe: str

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
        TrainingDataError: if runs or tracks are missing.
    """
    found = find_tracks(evaluation.data_dir, evaluation.source)
    tracks = {track.track_id: track for track in found}
    folds = folds_of(evaluation.protocol)
    systems = systems_of(
        evaluation.run_or_model,
        evaluation.protocol,
        folds,
        evaluation.part,
        evaluation.n_seeds,
    )
    return [
        _predict_system(name, models, tracks, evaluation)
        for name, models in systems.items()
    ]


def _predict_system(
    name: str,
    models: list[ScoredModel],
    tracks: dict[str, LabelledTrack],
    evaluation: Evaluation,
) -> Predictions:
    rows: list[tuple[LabelledTrack, NDArray[np.float32]]] = []
    cards, n_seen = [], 0
    for model in models:
        classifier = GenreClassifier.load(model.model_path, evaluation.combination)
        cards.append(classifier.card)
        present = [tracks[track_id] for track_id in model.track_ids if track_id in tracks]
        n_seen += _count_seen(classifier, model, present, evaluation)
        rows += _predict_tracks(classifier, present, name)
    if not rows:
        raise TrainingDataError(f"none of the {evaluation.part} tracks could be read")
    genres = cards[0].genres
    return Predictions(
        name=name,
        source="pictures" if rows[0][0].is_picture else "audio",
        track_ids=tuple(track.track_id for track, _ in rows),
        labels=np.array([genres.index(track.genre) for track, _ in rows], np.int64),
        probabilities=np.stack([probabilities for _, probabilities in rows]),
        n_seen=n_seen,
        temperature=float(np.mean([card.temperature for card in cards])),
        recipe=cards[0].training.get("recipe", ""),
    )


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
        if not track.is_picture:
            return classifier.predict_file(track.path).probabilities
        mel_frames = track_mel_frames(track, classifier.card.front_end)
        return classifier.predict_mel_frames(track.path, mel_frames).probabilities
    except GenreModelError as error:
        log.warning("skipped %s: %s", track.track_id, error)
        return None


def _count_seen(
    classifier: GenreClassifier,
    model: ScoredModel,
    tracks: list[LabelledTrack],
    evaluation: Evaluation,
) -> int:
    trained_on = set(classifier.card.training.get("track_ids", ()))
    if not trained_on and not evaluation.allow_seen:
        raise SeenTracksError(
            f"{model.model_path} does not say which tracks it was trained on, so its score "
            "could mean nothing; --allow-seen computes it all the same"
        )
    seen = [track.track_id for track in tracks if track.track_id in trained_on]
    if seen and not evaluation.allow_seen:
        raise SeenTracksError(
            f"{model.model_path} was trained on {len(seen)} of these {len(tracks)} tracks "
            f"({seen[0]}, ...): its score would mean nothing; --allow-seen computes it all "
            "the same"
        )
    return len(seen)
