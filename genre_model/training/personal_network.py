"""A network for somebody's own genres, trained on their own audio."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.training.export import export_model
from genre_model.training.mel_store import MelStore, store_tracks
from genre_model.training.personal_folds import PersonalRuns, PersonalTracks
from genre_model.training.personal_recipe import starting_point
from genre_model.training.track_scores import fit_temperature, track_probabilities
from genre_model.training.train import limit_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from genre_model.card import Card
    from genre_model.config import FrontEnd
    from genre_model.personal.grouping import Fold
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import Watcher
    from genre_model.training.personal_recipe import Method
    from genre_model.training.recipe import Recipe
    from genre_model.training.stored_track import StoredTrack


@dataclass(frozen=True)
class PersonalNetwork:
    """A network for somebody's own genres, and how it does on tracks it did not see.

    Attributes:
        keys: of the files that could be read.
        out_of_fold: probabilities of each of these tracks at ``temperature``, from the
            network of the fold that did not see it [shape=(n_readable, n_labels)].
        temperature: fitted to the out-of-fold logits.
        network: trained on all of these tracks, on the CPU.
        front_end: what its segments are computed with.
        recipe_name: of the training.
        run_folder: checkpoints of all trainings.
    """

    keys: tuple[str, ...]
    out_of_fold: NDArray[np.float32]
    temperature: float
    network: nn.Module
    front_end: FrontEnd
    recipe_name: str
    run_folder: Path

    def write(self, path: Path, card: Card) -> None:
        """Write the network as a model file, checked against torch.

        Args:
            path: of the file, which appears whole or not at all.
            card: what it says of itself; front end, temperature and number of genres
                must be those of this network, and a track's probabilities are the mean
                over its segments (no ``pool_logits``).

        Raises:
            ModelFileError: if the file does not compute what torch does.
            OSError: if the disk is full or the folder not writable.
        """
        export_model(self.network, card, path)

    def clean_up(self) -> None:
        """Remove the checkpoints; the mel frames stay for the next training."""
        shutil.rmtree(self.run_folder, ignore_errors=True)


def train_folds(  # noqa: PLR0913 -- each is a wish of its own
    files: Sequence[LabelledFile],
    labels: Sequence[str],
    targets: NDArray[np.int64],
    folds: Sequence[Fold],
    *,
    method: Method,
    parent: str | Path | None,
    folder: Path,
    epochs: int | None = None,
    genre_balance: float | None = None,
    seed: int = 0,
    n_threads: int | None = None,
    should_stop: Callable[[], bool],
    watcher: Watcher,
) -> PersonalNetwork:
    """Train a network on all files, and one per fold to know how good it is.

    A training that was stopped or killed goes on where it was when this is called again
    with the same arguments and ``folder``.

    Args:
        files: labelled audio; unreadable ones are reported and left out everywhere.
        labels: genres, in the order of the logits.
        targets: index into ``labels`` of each file [shape=(n_files,)].
        folds: train and test indices of files; each file is tested in one fold. What
            belongs together, such as the files of an artist, must not be divided.
        method: ``"finetune"`` goes on from the weights of ``parent``, ``"scratch"`` from
            random ones.
        parent: path of an ``.onnx`` file or name of a bundled model; None is the
            default one.
        folder: gets the mel frames of the files, and checkpoints.
        epochs: None takes the recipe's.
        genre_balance: 0 lets each track count the same, 1 each label; None takes the
            recipe's.
        seed: of weights, crops and augmentation.
        n_threads: of decoding and of torch; None is their own choice.
        should_stop: asked several times a second.
        watcher: hears of files heard, and of what went wrong.

    Raises:
        TrainingStoppedError: if it was asked to stop; what was computed is kept.
        TrainingDataError: if too little can be read, or ``folder`` not be written.
        ModelFileError: if the parent cannot be read or fine-tuned.
        RecipeError: if a setting is impossible.
        ValueError: if the folds do not test each file once, on what was not trained on.
    """
    _check_folds(folds, len(files))
    start = starting_point(method, parent)
    if n_threads:
        limit_threads(n_threads)
    store = MelStore(folder, start.recipe.front_end)
    found = store_tracks(
        [file.path for file in files],
        store,
        n_threads=n_threads,
        should_stop=should_stop,
        watcher=watcher,
    )
    data, folds = _readable(files, found, labels, targets, folds)
    start = start.for_tracks(len(data.keys), epochs, genre_balance)
    runs = PersonalRuns(folder, start, data, folds, seed=seed, should_stop=should_stop)
    try:
        return _trained(runs, start.recipe, data, folds)
    except OSError as error:
        place = error.filename or folder
        raise TrainingDataError(f"{place}: {error.strerror or error}") from error


def _check_folds(folds: Sequence[Fold], n_files: int) -> None:
    tested = [test for _, test in folds]
    if not np.array_equal(np.sort(np.concatenate([*tested, []])), np.arange(n_files)):
        raise ValueError("each file must be tested in one fold")
    if any(np.intersect1d(train, test).size for train, test in folds):
        raise ValueError("a fold would be tested on files that it is trained on")


def _readable(
    files: Sequence[LabelledFile],
    found: Sequence[StoredTrack | None],
    labels: Sequence[str],
    targets: NDArray[np.int64],
    folds: Sequence[Fold],
) -> tuple[PersonalTracks, list[Fold]]:
    """Leave out what could not be read, and count the rest anew."""
    tracks = {index: track for index, track in enumerate(found) if track is not None}
    kept = np.array(list(tracks), np.int64)
    if lost := [name for i, name in enumerate(labels) if i not in targets[kept]]:
        raise TrainingDataError(f"no file of {', '.join(lost)} could be read")
    places = np.full(len(files), -1)
    places[kept] = np.arange(len(kept))
    data = PersonalTracks(
        tuple(files[index].key for index in tracks),
        tuple(tracks.values()),
        targets[kept],
        tuple(labels),
    )
    return data, [(_places(train, places), _places(test, places)) for train, test in folds]


def _places(indices: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = places[indices]
    return found[found >= 0]


def _out_of_fold(
    logits: list[NDArray[np.float32]], targets: NDArray[np.int64], folds: Sequence[Fold]
) -> NDArray[np.float32]:
    """Give each fold the temperature that fits the others."""
    probabilities = np.zeros((len(targets), logits[0].shape[1]), np.float32)
    for _, test in folds:
        others = np.setdiff1d(np.arange(len(targets)), test)
        temperature = fit_temperature([logits[i] for i in others], targets[others])
        if len(test):
            said = track_probabilities([logits[i] for i in test], temperature)
            probabilities[test] = said
    return probabilities


def _trained(
    runs: PersonalRuns, recipe: Recipe, data: PersonalTracks, folds: Sequence[Fold]
) -> PersonalNetwork:
    logits = runs.out_of_fold_logits()
    return PersonalNetwork(
        keys=data.keys,
        out_of_fold=_out_of_fold(logits, data.targets, folds),
        temperature=fit_temperature(logits, data.targets),
        network=runs.final_network(),
        front_end=recipe.front_end,
        recipe_name=recipe.name,
        run_folder=runs.path,
    )
