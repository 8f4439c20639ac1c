"""Leaks: reasons why a score is better than on other tracks."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from genre_model.batch import for_each_file
from genre_model.errors import NoProcessError
from genre_model.features.audio_fingerprint import KnownRecordings
from genre_model.label_spelling import spelling_key
from genre_model.personal.grouping import samplers_are_cut
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from genre_model.classifier import GenreClassifier
    from genre_model.model.card import Card
    from genre_model.personal.labelled_files import LabelledFile

#: With more tracks of unknown artists, some artists may be on both sides.
MAX_UNKNOWN_SHARE = 0.05


def leaks_of(
    files: Sequence[LabelledFile],
    parent: GenreClassifier,
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """Yield the reasons why a score of a head on a network is too good.

    Args:
        files: that are scored.
        parent: the model that gives the network.
        n_threads: files decoded at once; None is the default.
        should_stop: asked while decoding; true ends that early.
    """
    lengths = [(file.path, file.seconds) for file in files]
    seen = heard_before(parent, lengths, n_threads=n_threads, should_stop=should_stop)
    if seen is not None:
        yield seen
    if has_own_network(parent.card):
        yield f"the network of {parent.model_id} may have been trained on these tracks"
    cut = samplers_are_cut(files)
    n_unknown = sum(not file.artist and (cut or not file.album) for file in files)
    if n_unknown > MAX_UNKNOWN_SHARE * len(files):
        yield f"the artist of {n_unknown} tracks is not known"


def heard_before(
    model: GenreClassifier | IsolatedClassifier,
    tracks: Sequence[tuple[Path, float]],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> str | None:
    """Return a line that says how many tracks a model was trained on; None if on none.

    The arguments are those of :func:`heard_files`.
    """
    try:
        seen = heard_files(model, tracks, n_threads=n_threads, should_stop=should_stop)
    except NoProcessError as error:
        return f"the tracks were not compared with those of {model.model_id}: {error}"
    return f"{model.model_id} was trained on {len(seen)} of these tracks" if seen else None


def heard_files(
    model: GenreClassifier | IsolatedClassifier,
    tracks: Sequence[tuple[Path, float]],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Return the tracks that a model was trained on.

    Recordings are compared by their audio. If the card lists none, file names are compared
    with its ``track_ids``, which are those of GTZAN.

    Args:
        model: that was trained.
        tracks: files and their lengths in seconds, 0 if unknown.
        n_threads: files decoded at once; None is the default.
        should_stop: asked while decoding; true ends that early.

    Raises:
        NoProcessError: the system gives no thread or process to work with.
    """
    training = model.card.training
    known, names = KnownRecordings(training), training.get("track_ids")
    if not len(known):
        named = set(map(str, names)) if isinstance(names, list) else set[str]()
        return [path for path, _ in tracks if path.stem in named]
    paths = [path for path, seconds in tracks if known.may_hold(seconds)]
    if not paths:
        return []
    with ExitStack() as stack:
        if not isinstance(model, IsolatedClassifier):
            model = stack.enter_context(closing(IsolatedClassifier.copy_of(model)))
        outcomes = for_each_file(
            model.fingerprint_file,
            paths,
            n_threads=n_threads,
            should_stop=should_stop,
            interrupt=model.interrupt,
        )
        return [each.path for each in outcomes if each.result and known.holds(*each.result)]


def has_own_network(card: Card) -> bool:
    """Return True if a user trained the network of a model, on tracks it does not name."""
    training = card.training
    return training.get("method") in ("finetune", "scratch") or bool(
        training.get("own_network")
    )


def leaks_between(
    files: Sequence[LabelledFile], trained: Sequence[LabelledFile]
) -> Iterator[str]:
    """Yield what scored tracks have in common with those that trained a model."""
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
