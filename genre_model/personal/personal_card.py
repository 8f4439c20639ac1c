"""The card of a personal model, before it has a name."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

from genre_model.label_spelling import spelling_key
from genre_model.model.card import Card
from genre_model.personal.leaks import has_own_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genre_model.classifier import GenreClassifier
    from genre_model.personal.cross_validation import Choice
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.settings import PersonalSettings
    from genre_model.personal.training_tracks import TrainingTracks


def personal_card(
    parent: GenreClassifier,
    tracks: TrainingTracks,
    choice: Choice,
    settings: PersonalSettings,
) -> Card:
    """Say what a model was trained on, without a word that names a track."""
    artists = {spelling_key(file.artist) for file in tracks.files if file.artist}
    counts = tracks.targets.sum(axis=0).tolist()
    training = {
        "method": "head",
        "parent": parent.model_id,
        "n_tracks": len(tracks.files),
        "n_artists": len(artists),
        "labels": dict(zip(tracks.labels, counts, strict=True)),
        "snapshot": snapshot(tracks.files),
        "genre_balance": settings.genre_balance,
        "folds": len(tracks.folds),
        "seed": settings.seed,
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
        licence=_licence(parent),
        pool_logits=True,
        multi_label=settings.multi_label,
    )


def snapshot(files: Sequence[LabelledFile]) -> str:
    """Identify tracks and their labels: 64 hexadecimal digits."""
    lines = sorted(f"{file.key}\t{'; '.join(file.labels)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _licence(parent: GenreClassifier) -> str:
    own = "Trained by a person on their own recordings, for themselves."
    return f"{own} The network it is built on: {parent.card.licence or 'not said'}"
