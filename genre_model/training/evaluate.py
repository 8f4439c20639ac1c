"""Predictions of trained models for the test tracks of a protocol."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, SeenTracksError, TrainingDataError
from genre_model.training.experiment import run_path
from genre_model.training.gtzan import LabelledTrack, find_tracks
from genre_model.training.labelled_mel_frames import track_mel_frames
from genre_model.training.protocols import Fold, folds_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from genre_model.track_probabilities import Combination
    from genre_model.training.gtzan import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predictions:
    """What one system (all folds of one seed) says of the test tracks.

    Attributes:
        name: such as ``seed-0``, or the name of a model.
        track_ids: test tracks.
        labels: their true genres, as indices [shape=(n_tracks,)].
        probabilities: [shape=(n_tracks, n_genres)].
        n_seen: test tracks that the model was trained on; 0 unless allowed.
        temperature: mean over the folds' models.
        recipe: that the models were trained by.
    """

    name: str
    track_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    n_seen: int
    temperature: float
    recipe: str

    def subset(self, track_ids: Collection[str]) -> Predictions:
        """Return the predictions of these tracks, in the order of this object."""
        kept = [i for i, name in enumerate(self.track_ids) if name in set(track_ids)]
        return replace(
            self,
            track_ids=tuple(self.track_ids[i] for i in kept),
            labels=self.labels[kept],
            probabilities=self.probabilities[kept],
        )


@dataclass(frozen=True)
class TestOfModel:
    """One model and the tracks that it is to be scored on."""

    __test__ = False  # not a test case for pytest

    model_path: str
    track_ids: tuple[str, ...]


def predict_protocol(
    run_or_model: str,
    data_dir: Path,
    protocol: str,
    n_seeds: int | None = None,
    source: Source = "auto",
    combination: Combination = "mean",
    *,
    allow_seen: bool = False,
) -> list[Predictions]:
    """Predict the test tracks of a protocol with every seed of a run, or with one model.

    Args:
        run_or_model: folder that ``train`` wrote, ``.onnx`` file or bundled name.
        data_dir: a GTZAN folder.
        protocol: one of ``protocols.PROTOCOLS``.
        n_seeds: seeds that must be there; None takes all there are.
        source: audio or pictures.
        combination: how segments become a track.
        allow_seen: score a model even on tracks that it was trained on.

    Returns:
        One entry per seed.

    Raises:
        SeenTracksError: if the model was trained on test tracks.
        TrainingDataError: if runs or tracks are missing.
    """
    tracks = {track.track_id: track for track in find_tracks(data_dir, source)}
    folds = folds_of(protocol, sorted(tracks))
    if not any(fold.test for fold in folds):
        raise TrainingDataError(f"protocol {protocol} has no test tracks")
    systems = _systems(run_or_model, protocol, folds, n_seeds)
    return [
        _predict_system(name, tests, tracks, combination, allow_seen=allow_seen)
        for name, tests in systems.items()
    ]


def _systems(
    run_or_model: str, protocol: str, folds: list[Fold], n_seeds: int | None
) -> dict[str, list[TestOfModel]]:
    run = Path(run_or_model)
    if not run.is_dir():
        test = tuple(track_id for fold in folds for track_id in fold.test)
        return {Path(run_or_model).stem: [TestOfModel(run_or_model, test)]}
    seeds = _complete_seeds(run, protocol, folds)
    if not seeds or len(seeds) < (n_seeds or 1):
        raise TrainingDataError(
            f"{run} holds {len(seeds)} complete seeds of protocol {protocol}, "
            f"{n_seeds or 1} are needed: run genre-model train with --protocol {protocol} "
            f"--seeds {n_seeds or 1} --out {run} first"
        )
    return {
        f"seed-{seed}": [
            TestOfModel(str(run_path(run, protocol, fold, seed) / "model.onnx"), fold.test)
            for fold in folds
        ]
        for seed in seeds[:n_seeds]
    }


def _complete_seeds(run: Path, protocol: str, folds: list[Fold]) -> list[int]:
    found = [
        {
            int(path.parent.name.removeprefix("seed-"))
            for path in (run / protocol / fold.name).glob("seed-*/model.onnx")
        }
        for fold in folds
    ]
    return sorted(set.intersection(*found))


def _predict_system(
    name: str,
    tests: list[TestOfModel],
    tracks: dict[str, LabelledTrack],
    combination: Combination,
    *,
    allow_seen: bool,
) -> Predictions:
    rows: list[tuple[str, int, NDArray[np.float32]]] = []
    n_seen = 0
    cards = []
    for test in tests:
        classifier = GenreClassifier.load(test.model_path, combination)
        cards.append(classifier.card)
        present = [tracks[name] for name in test.track_ids if name in tracks]
        n_seen += _check_seen(classifier, test.model_path, present, allow_seen=allow_seen)
        for track in tqdm(present, name, disable=None, leave=False):
            row = _predict_track(classifier, track)
            if row is not None:
                rows.append((track.track_id, classifier.genres.index(track.genre), row))
    if not rows:
        raise TrainingDataError("none of the test tracks could be read")
    return Predictions(
        name,
        tuple(track_id for track_id, _, _ in rows),
        np.array([label for _, label, _ in rows], np.int64),
        np.stack([row for _, _, row in rows]),
        n_seen,
        float(np.mean([card.temperature for card in cards])),
        cards[0].training.get("recipe", ""),
    )


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


def _check_seen(
    classifier: GenreClassifier,
    model_path: str,
    tracks: list[LabelledTrack],
    *,
    allow_seen: bool,
) -> int:
    trained_on = set(classifier.card.training.get("track_ids", ()))
    seen = [track.track_id for track in tracks if track.track_id in trained_on]
    if seen and not allow_seen:
        raise SeenTracksError(
            f"{model_path} was trained on {len(seen)} of these {len(tracks)} test tracks "
            f"({seen[0]}, ...): its score would mean nothing; --allow-seen computes it "
            "all the same"
        )
    return len(seen)
