"""Biases and temperature of a trained model, fitted to labelled songs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import GroupKFold

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, ModelFileError, TrainingDataError
from genre_model.label_spelling import spelling_key
from genre_model.metrics import coverage_at_accuracy
from genre_model.model.model_file import with_card
from genre_model.model.onnx_graph import OnnxGraph, free_name, set_output_aside
from genre_model.model.segment_probabilities import softmax
from genre_model.personal.leaks import heard_files
from genre_model.personal.open_set import MIN_CONFIDENCE
from genre_model.training.data.gtzan import track_id_of_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.model.model_file import Model
    from genre_model.personal.labelled_files import LabelledFile

#: Standard deviation of a bias, before any song is known.
PRIOR_STD = 1.0
N_FOLDS = 5
#: Of what is written, at the default of the plugin's ``min_confidence``.
WANTED_ACCURACY = 0.85
TEMPERATURES = np.geomspace(0.2, 5, 65)


@dataclass(frozen=True)
class Songs:
    """The logits of labelled songs.

    Attributes:
        logits: mean over the segments of each song [shape=(n_songs, n_outputs)].
        labels: place of the genre, -1 for music outside the model's genres
            [shape=(n_songs,)].
        artists: of each song.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    artists: NDArray[np.str_]

    def __getitem__(self, rows: NDArray[np.int64]) -> Songs:
        """Return some of the songs."""
        return Songs(self.logits[rows], self.labels[rows], self.artists[rows])


@dataclass(frozen=True)
class Calibration:
    """Biases that are added to logits [shape=(n_outputs,)], and then a temperature."""

    biases: NDArray[np.float64]
    temperature: float


def with_segments(model: Model, n_segments: int) -> Model:
    """Return a model that listens to another number of segments of each track."""
    front_end = model.card.front_end
    segment = replace(front_end.segment, n_segments=n_segments)
    card = replace(model.card, front_end=replace(front_end, segment=segment))
    return replace(model, card=card)


def hear_songs(
    model: Model, files: Sequence[LabelledFile], warn: Callable[[str], None]
) -> Songs:
    """Score labelled songs with a model; unreadable files are reported and left out.

    Raises:
        TrainingDataError: if no song could be scored, or the model was trained on one.
        ModelFileError: if the model does not pool the logits of segments.
    """
    if not model.card.pool_logits or model.card.multi_label:
        raise ModelFileError(f"{model.card.name} has no softmax of mean logits")
    classifier = GenreClassifier(model)
    places = {spelling_key(genre): place for place, genre in enumerate(classifier.genres)}
    listed = model.card.training.get("track_ids")
    learned = listed if isinstance(listed, list) else []
    heard = set(heard_files(classifier, [(file.path, file.seconds) for file in files]))
    logits, labels, artists = [], [], []
    for file in files:
        if file.path in heard or track_id_of_name(file.path.name) in learned:
            raise TrainingDataError(f"{model.card.name} has learned from {file.path}")
        try:
            logits.append(classifier.score_file(file.path).logits.mean(axis=0))
        except GenreModelError as error:
            warn(f"skipped {error}")
            continue
        labels.append(places.get(spelling_key(file.labels[0]), -1))
        artists.append(file.artist or file.key)
    if not logits:
        raise TrainingDataError("none of the songs could be read")
    return Songs(np.stack(logits), np.array(labels), np.array(artists))


def fit_calibration(songs: Songs, n_genres: int, biased: Sequence[int]) -> Calibration:
    """Fit biases to songs of the model's genres, and then the temperature to all songs.

    Args:
        songs: to fit to.
        n_genres: the outputs after those are rejected.
        biased: indices of the genres that get a bias.

    Returns:
        The biases of the largest posterior probability, and the temperature of the lowest
        log loss of "the most probable genre is right", so that music outside the genres
        counts, too; if possible, one at which ``WANTED_ACCURACY`` of what is written is
        right.
    """
    known = songs.labels >= 0
    biases = np.zeros(songs.logits.shape[1])
    if biased and known.any():
        columns = list(biased)

        def loss(values: NDArray[np.float64]) -> float:
            trial = biases.copy()
            trial[columns] = values
            said = log_softmax(songs.logits[known] + trial, axis=1)
            fit = said[np.arange(len(said)), songs.labels[known]].sum()
            return float(-fit + 0.5 * np.square(values / PRIOR_STD).sum())

        biases[columns] = minimize(loss, np.zeros(len(columns))).x
    return Calibration(biases, _fit_temperature(songs, n_genres, biases))


def _fit_temperature(songs: Songs, n_genres: int, biases: NDArray[np.float64]) -> float:
    def loss(temperature: float) -> float:
        places, said = _answers(songs, n_genres, Calibration(biases, temperature))
        clipped = np.clip(said, 1e-6, 1 - 1e-6)
        right = places == songs.labels
        return float(-np.log(np.where(right, clipped, 1 - clipped)).mean())

    def is_trusted(temperature: float) -> bool:
        places, said = _answers(songs, n_genres, Calibration(biases, temperature))
        right = (places == songs.labels)[said >= MIN_CONFIDENCE]
        return bool(len(right) and right.mean() >= WANTED_ACCURACY)

    trusted = [float(one) for one in TEMPERATURES if is_trusted(one)]
    return min(trusted or map(float, TEMPERATURES), key=loss)


def _answers(
    songs: Songs, n_genres: int, calibration: Calibration
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the most probable genre of each song, and its probability."""
    logits = (songs.logits + calibration.biases).astype(np.float32)
    probabilities = softmax(logits, calibration.temperature)[:, :n_genres]
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


class Scores(NamedTuple):
    """How good a model is on labelled songs.

    Attributes:
        accuracy: share of right songs among those of its genres.
        coverage: largest share of all songs of which ``WANTED_ACCURACY`` are right.
        written: share of all songs that are ``MIN_CONFIDENCE`` sure.
        precision: share of right songs among those; None if there are none.
        n_tracks: songs of its genres.
        n_songs: all songs.
    """

    accuracy: float
    coverage: float
    written: float
    precision: float | None
    n_tracks: int
    n_songs: int

    def __str__(self) -> str:
        """Return one line."""
        right = "" if self.precision is None else f", {self.precision:.1%} of them right"
        return (
            f"{self.accuracy:.1%} right of {self.n_tracks} songs of its genres, coverage "
            f"{self.coverage:.1%} at {WANTED_ACCURACY:.0%} right; writes "
            f"{self.written:.1%} of {self.n_songs} songs{right}"
        )


def cross_fitted(
    songs: Songs, n_genres: int, biased: Sequence[int], temperature: float
) -> tuple[Scores, Scores]:
    """Score a model before calibration, and calibrated on the songs of other artists.

    Raises:
        TrainingDataError: if there are too few artists, or no song is of the genres.
    """
    if (n_artists := len(set(songs.artists))) < N_FOLDS:
        raise TrainingDataError(
            f"the songs are by too few artists ({n_artists}); at least {N_FOLDS} are needed"
        )
    if not (songs.labels >= 0).any():
        raise TrainingDataError("none of the songs is of a genre that the model knows")
    identity = Calibration(np.zeros(songs.logits.shape[1]), temperature)
    places, said = _answers(songs, n_genres, identity)
    before = _scores(songs.labels, places, said)
    for others, fold in GroupKFold(N_FOLDS).split(songs.labels, groups=songs.artists):
        calibration = fit_calibration(songs[others], n_genres, biased)
        places[fold], said[fold] = _answers(songs[fold], n_genres, calibration)
    return before, _scores(songs.labels, places, said)


def _scores(
    labels: NDArray[np.int64], places: NDArray[np.int64], said: NDArray[np.float32]
) -> Scores:
    right, written, known = places == labels, said >= MIN_CONFIDENCE, labels >= 0
    return Scores(
        float(right[known].mean()),
        coverage_at_accuracy(said, right, WANTED_ACCURACY),
        float(written.mean()),
        float(right[written].mean()) if written.any() else None,
        int(known.sum()),
        len(labels),
    )


def calibrated(model: Model, calibration: Calibration, scores: Scores) -> bytes:
    """Return the content of a model file with other biases, temperature and scores."""
    proto = onnx.load_model_from_string(model.content)
    graph = proto.graph
    before = set_output_aside(graph, "logits")
    layers = OnnxGraph(free_name(graph, "calibration_"))
    biases = layers.constant(calibration.biases.astype(np.float32))
    layers.add("Add", before, biases, to="logits")
    layers.add_to(graph)
    onnx.checker.check_model(proto)
    metrics = model.card.metrics | {"labelled songs, cross-fitted": scores._asdict()}
    card = replace(model.card, temperature=calibration.temperature, metrics=metrics)
    return with_card(proto.SerializeToString(), card)
