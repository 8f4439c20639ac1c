"""A head for GTZAN's genres on a backbone: trained on real clips, tested on others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.metrics import measures_of
from genre_model.model.card import Card
from genre_model.model.segment_probabilities import activate
from genre_model.personal.embeddings import Embedder
from genre_model.personal.grouping import grouped_folds
from genre_model.personal.heads import Choice, HeadData, cross_validate
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.protocols import artist_of, folds_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.classifier import GenreClassifier
    from genre_model.personal.heads import LinearHead
    from genre_model.personal.settings import Watcher

N_FOLDS = 5
#: Its strength was chosen on most of the clips that it scores.
BY_ARTIST = "leave-one-artist-out, strength not nested"
LICENCE = (
    "The weights of the head are under the MIT licence. They were computed from GTZAN "
    "(Tzanetakis & Cook 2002), whose excerpts of commercial recordings carry no licence of "
    "their own; no audio can be recovered from them. The network below is that of its "
    "authors (EfficientAT, MIT)."
)


@dataclass(frozen=True)
class Clips:
    """Embeddings of real clips; rows belong together.

    Attributes:
        ids: GTZAN's names of tracks.
        labels: genres as indices [shape=(n_clips,)].
        artists: numbers of artists [shape=(n_clips,)].
        data: mean embeddings and targets.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    artists: NDArray[np.int64]
    data: HeadData

    def rows(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the rows of those named tracks that there are."""
        return np.flatnonzero(np.isin(self.ids, names))

    def subset(self, rows: NDArray[np.int64]) -> HeadData:
        """Return what heads are fitted to, of some clips."""
        embeddings, targets = self.data.embeddings[rows], self.data.targets[rows]
        return replace(self.data, embeddings=embeddings, targets=targets)


def hear_clips(
    backbone: GenreClassifier,
    folder: Path,
    store: Path,
    watcher: Watcher,
    n_threads: int | None = None,
) -> Clips:
    """Compute the embeddings of the audio of a GTZAN folder, and keep them in ``store``.

    Raises:
        TrainingDataError: if there is no audio.
    """
    tracks = {track.path: track for track in find_tracks(folder, "audio")}
    embedded = Embedder(backbone, store, n_threads).embed(list(tracks), watcher)
    kept = [tracks[path] for path in embedded.paths]
    labels = np.array([GENRES.index(track.genre) for track in kept])
    embeddings = embedded.embeddings.copy()
    # A clip of 30 s says nothing of how much a whole song varies.
    embeddings[:, embeddings.shape[1] // 2 :] = 0
    ids = tuple(track.track_id for track in kept)
    targets = np.eye(len(GENRES), dtype=bool)[labels]
    data = HeadData(embeddings, targets, multi_label=False, genre_balance=1.0)
    artists = np.unique([artist_of(track_id) for track_id in ids], return_inverse=True)[1]
    return Clips(ids, labels, artists, data)


def train_gtzan_head(clips: Clips, backbone: GenreClassifier) -> tuple[LinearHead, Card]:
    """Train on the training and validation clips of ``fault-filtered``, test on the rest.

    Strength and temperature are chosen by cross-validation in whole artists of the clips
    that train. The test clips choose nothing; leaving each artist out in turn scores all
    clips, at that strength.

    Returns:
        The head, and the card of the model that it makes, but for its name.

    Raises:
        TrainingDataError: if a genre has no clip to train on, or there is none to test.
    """
    fold = folds_of("fault-filtered")[0]
    train, test = clips.rows(fold.train + fold.valid), clips.rows(fold.test)
    _check(clips, train, test)
    folds = grouped_folds(clips.labels[train], clips.artists[train], N_FOLDS, 0)
    validated = cross_validate(clips.subset(train), list(folds))
    choice, of_valid = validated.choice, validated.probabilities
    head = clips.subset(train).fit_final(choice.strength)
    of_test = _probabilities(head, clips.data.embeddings[test], choice)
    metrics_by_protocol = {
        "fault-filtered, real clips": _measured(of_test, clips.labels[test]),
        "artist-grouped cross-validation": _measured(of_valid, clips.labels[train]),
        BY_ARTIST: _measured(_by_artist(clips, choice), clips.labels),
    }
    counts = np.bincount(clips.labels[train], minlength=len(GENRES))
    card = Card(
        name="",
        genres=GENRES,
        front_end=backbone.card.front_end,
        temperature=choice.temperature,
        metrics=metrics_by_protocol,
        training={
            "data": "GTZAN, real clips of fault-filtered train and valid",
            "method": "head",
            "parent": backbone.card.name,
            "strength": choice.strength,
            "genre_balance": clips.data.genre_balance,
            "n_tracks": len(train),
            "labels": dict(zip(GENRES, map(int, counts), strict=True)),
            "track_ids": [clips.ids[row] for row in train],
        },
        licence=LICENCE,
        pool_logits=True,
    )
    return head, card


def measure_lines(card: Card) -> Iterator[str]:
    """Describe the scores of a head, by protocol."""
    strength, temperature = card.training["strength"], card.temperature
    yield (
        f"trained on {card.training['n_tracks']} clips, strength {strength:g}, "
        f"temperature {temperature:.3f}"
    )
    for protocol, values in card.metrics.items():
        low, high = values["interval_95"]
        yield (
            f"{protocol}: {values['n_right']} of {values['n_tracks']} right "
            f"({values['accuracy']:.3f}, {low:.3f} to {high:.3f}), "
            f"macro recall {values['macro_recall']:.3f}, "
            f"loss {values['negative_log_likelihood']:.3f}, Brier {values['brier']:.3f}, "
            f"calibration error {values['calibration_error']:.3f} (by chance "
            f"{values['calibration_error_floor']:.3f})"
        )


def _check(clips: Clips, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
    missing = set(range(len(GENRES))) - set(clips.labels[train].tolist())
    if missing or not len(test):
        what = ", ".join(GENRES[number] for number in sorted(missing)) or "any genre"
        part = "train" if missing else "test"
        raise TrainingDataError(f"no audio of {what} to {part} on, by fault-filtered")


def _by_artist(clips: Clips, choice: Choice) -> NDArray[np.float32]:
    """Score every clip by a head that is trained on all other artists."""
    probabilities = np.zeros(clips.data.targets.shape, np.float32)
    for artist in np.unique(clips.artists):
        own = clips.artists == artist
        head = clips.subset(np.flatnonzero(~own)).fit_final(choice.strength)
        probabilities[own] = _probabilities(head, clips.data.embeddings[own], choice)
    return probabilities


def _probabilities(
    head: LinearHead, embeddings: NDArray[np.float32], choice: Choice
) -> NDArray[np.float32]:
    return activate(head.logits(embeddings), choice.temperature, multi_label=False)


def _measured(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, Any]:
    n_right = int(np.sum(probabilities.argmax(axis=1) == labels))
    return measures_of(probabilities, labels) | {
        "n_tracks": len(labels),
        "n_right": n_right,
        "interval_95": list(metrics.wilson_interval(float(n_right), len(labels))),
        "leaky": False,
    }
