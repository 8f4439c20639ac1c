"""Why a score may be better than what a model will do on other tracks."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from genre_model.audio_fingerprint import KnownRecordings
from genre_model.batch import for_each_file
from genre_model.isolated_classifier import IsolatedClassifier
from genre_model.label_spelling import spelling_key
from genre_model.personal.grouping import samplers_are_cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from genre_model.card import Card
    from genre_model.classifier import GenreClassifier
    from genre_model.personal.labelled_files import LabelledFile

#: From this share of tracks by nobody knows whom, artists may well be on both sides.
MAX_UNKNOWN_SHARE = 0.05


def leaks_of(files: Sequence[LabelledFile], parent: GenreClassifier) -> Iterator[str]:
    """Yield the reasons why a score on these tracks is too good.

    Args:
        files: that are scored.
        parent: the model whose network listens.
    """
    yield from heard_before(parent, [(file.path, file.seconds) for file in files])
    if has_own_network(parent.card):
        yield f"the network of {parent.model_id} may have been trained on these tracks"
    cut = samplers_are_cut(files)
    n_unknown = sum(not file.artist and (cut or not file.album) for file in files)
    if n_unknown > MAX_UNKNOWN_SHARE * len(files):
        yield f"the artist of {n_unknown} tracks is not known"


def heard_before(
    model: GenreClassifier | IsolatedClassifier, tracks: Sequence[tuple[Path, float]]
) -> Iterator[str]:
    """Say how many tracks a model was trained on.

    Recordings are compared by their audio. Models whose card lists none know the names of
    GTZAN's clips.

    Args:
        model: that is scored, or whose network listens.
        tracks: files and their lengths in seconds, 0 if one is not known.
    """
    training = model.card.training
    known, names = KnownRecordings(training), training.get("track_ids")
    n_heard = 0
    if len(known):
        n_heard = _n_known(model, tracks, known)
    elif isinstance(names, list):
        named = set(map(str, names))
        n_heard = sum(path.stem in named for path, _ in tracks)
    if n_heard:
        yield f"{model.model_id} was trained on {n_heard} of these tracks"


def _n_known(
    model: GenreClassifier | IsolatedClassifier,
    tracks: Sequence[tuple[Path, float]],
    known: KnownRecordings,
) -> int:
    paths = [path for path, seconds in tracks if known.may_hold(seconds)]
    if not paths:
        return 0
    with ExitStack() as stack:
        if not isinstance(model, IsolatedClassifier):
            model = stack.enter_context(closing(model.isolated()))
        outcomes = for_each_file(model.fingerprint_file, paths)
        return sum(one.result is not None and known.holds(*one.result) for one in outcomes)


def has_own_network(card: Card) -> bool:
    """Return True if a user trained the network of a model, not its head alone.

    Nobody knows on which tracks: a card names none.
    """
    training = card.training
    return training.get("method") in ("finetune", "scratch") or bool(
        training.get("own_network")
    )


def leaks_between(
    files: Sequence[LabelledFile], trained: Sequence[LabelledFile]
) -> Iterator[str]:
    """Say what tracks that are scored have in common with those that a model learned.

    Args:
        files: that are scored.
        trained: that the model was trained on.
    """
    paths = {os.path.realpath(file.path) for file in trained}
    bonds = {bond for file in trained for bond in _bonds(file)}
    same = [file for file in files if os.path.realpath(file.path) in paths]
    others = [file for file in files if os.path.realpath(file.path) not in paths]
    n_bound = sum(not bonds.isdisjoint(_bonds(file)) for file in others)
    if same:
        yield f"the model was trained on {len(same)} of these tracks"
    if n_bound:
        yield f"{n_bound} tracks share an artist or an album with those that trained it"


def _bonds(file: LabelledFile) -> Iterator[tuple[str, str]]:
    if file.artist:
        yield "artist", spelling_key(file.artist)
    if file.album:
        yield "album", file.album
