"""Trainings of one recipe on parts of the same tracks, which survive a kill."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.atomic_file import write_atomically
from genre_model.errors import TrainingDataError, TrainingStoppedError
from genre_model.training.export import check_weights
from genre_model.training.labelled_mel_frames import LabelledMelFrames
from genre_model.training.run_folder import RunFolder
from genre_model.training.stored_track import StoredExcerpts
from genre_model.training.track_scores import segment_logits
from genre_model.training.train import train_network
from genre_model.training.training_data import TrainingData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from genre_model.personal.grouping import Fold
    from genre_model.training.personal_recipe import StartingPoint
    from genre_model.training.stored_track import StoredTrack

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PersonalTracks:
    """Tracks that could be read, and what they are called.

    Attributes:
        keys: one per track.
        tracks: their mel frames.
        targets: index into ``labels`` [shape=(n_tracks,)].
        labels: genres, in the order of the logits.
    """

    keys: tuple[str, ...]
    tracks: tuple[StoredTrack, ...]
    targets: NDArray[np.int64]
    labels: tuple[str, ...]

    def part(self, indices: NDArray[np.int64]) -> LabelledMelFrames:
        """Return some of the tracks, to train on."""
        return LabelledMelFrames(
            tuple(self.keys[i] for i in indices),
            self.targets[indices],
            StoredExcerpts(tuple(self.tracks[i] for i in indices)),
            self.labels,
        )


class PersonalRuns:
    """The trainings of all folds and of the final network.

    Args:
        folder: gets a folder for these settings and tracks; another for others.
        start: recipe and first weights, the same for all.
        data: all tracks.
        folds: train and test indices of the tracks.
        seed: of each training.
        should_stop: asked before every batch and every track.

    Attributes:
        path: the folder of all runs.
    """

    def __init__(
        self,
        folder: Path,
        start: StartingPoint,
        data: PersonalTracks,
        folds: Sequence[Fold],
        *,
        seed: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self._start = start
        self._data = data
        self._folds = folds
        self._seed = seed
        self._should_stop = should_stop
        self.path = folder / f"{start.method}-{self._digest()}"

    def out_of_fold_logits(self) -> list[NDArray[np.float32]]:
        """Score each track by a network that did not see it.

        Returns:
            Segment logits of each track [shape=(n_segments, n_labels)].

        Raises:
            GenreModelError: if a training fails, or was asked to stop.
        """
        logits: dict[int, NDArray[np.float32]] = {}
        for number, (train, test) in enumerate(self._folds, 1):
            if len(test):
                of_fold = self._logits_of_fold(f"fold-{number}", train, test)
                logits |= zip(test.tolist(), of_fold, strict=True)
        return [logits[index] for index in range(len(self._data.keys))]

    def final_network(self) -> nn.Module:
        """Train on all tracks.

        Returns:
            The network in evaluation mode, on the CPU.

        Raises:
            GenreModelError: if the training fails, or was asked to stop.
        """
        everything = np.arange(len(self._data.keys))
        return self._train(RunFolder(self.path / "final"), everything)

    def _logits_of_fold(
        self, name: str, train: NDArray[np.int64], test: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        run = RunFolder(self.path / name)
        path = run.path / "logits.npz"
        shape = (len(test), len(self._data.labels))
        if (logits := _read_logits(path, shape)) is not None:
            log.info("%s is complete", run.path)
            return logits
        if not len(train):
            raise TrainingDataError(f"{name} has no track to train on")
        network = self._train(run, train)
        logits = [self._score(network, index) for index in test]
        _write_logits(path, logits)
        run.remove_checkpoint()
        return logits

    def _train(self, run: RunFolder, indices: NDArray[np.int64]) -> nn.Module:
        recipe, data = self._start.recipe, self._data
        train, nothing = data.part(indices), data.part(indices[:0])
        training = {"seed": self._seed, "genres": data.labels, "keys": train.track_ids}
        run.start({"recipe": asdict(recipe), "training": training})
        log.info("training %s on %d tracks", run.path, len(train.track_ids))
        build = partial(self._start.build, len(data.labels))
        lessons = TrainingData(train, nothing)
        network = train_network(recipe, self._seed, lessons, run, build, self._should_stop)
        check_weights(network, run.path)
        return network

    def _score(self, network: nn.Module, index: int) -> NDArray[np.float32]:
        if self._should_stop():
            raise TrainingStoppedError("the training was stopped; it can be resumed")
        return segment_logits(network, self._data.tracks[index].segments())

    def _digest(self) -> str:
        """Identify everything that the results depend on."""
        parent, data = self._start.parent, self._data
        values: dict[str, Any] = {
            "recipe": asdict(self._start.recipe),
            "parent": parent.sha256 if parent else None,
            "seed": self._seed,
            "labels": data.labels,
            "keys": data.keys,
            "tracks": [track.identity for track in data.tracks],
            "targets": data.targets.tolist(),
            "folds": [(train.tolist(), test.tolist()) for train, test in self._folds],
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _write_logits(path: Path, logits: list[NDArray[np.float32]]) -> None:
    content = io.BytesIO()
    n_segments = np.array([len(scores) for scores in logits])
    np.savez(content, logits=np.concatenate(logits), n_segments=n_segments)
    write_atomically(path, content.getvalue())


def _read_logits(path: Path, shape: tuple[int, int]) -> list[NDArray[np.float32]] | None:
    """Return what was written for so many tracks and labels; None if it is not there."""
    if not path.exists():
        return None
    try:
        content = np.load(io.BytesIO(path.read_bytes()))
        logits, n_segments = content["logits"], content["n_segments"]
    except Exception:  # numpy and zipfile trip over damage in many ways
        log.warning("%s is damaged: its fold is trained again", path, exc_info=True)
        return None
    if (len(n_segments), *logits.shape[1:]) != shape or n_segments.sum() != len(logits):
        return None
    return np.split(logits, np.cumsum(n_segments)[:-1])
