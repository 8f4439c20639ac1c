"""Protocols: which tracks train, validate and test a system."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, SEGMENT_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


#: Every protocol, and by what its test is told more than it should be.
LEAK_OF_PROTOCOL: dict[str, str | None] = {
    "fault-filtered": None,
    "rotation": None,
    "development": None,
    "artist-folds": None,
    "stratified": "artists and recordings are on both sides of this split",
    "stratified-80-20": "artists and recordings are on both sides of this split",
    "stratified-80-10-10": "artists and recordings are on both sides of this split",
    "segment-random": "segments of one track are on both sides of this split",
    "all": None,
}
PROTOCOLS = tuple(LEAK_OF_PROTOCOL)
#: Shuffles the random protocols; fixed, so that every system meets the same folds.
SPLIT_SEED = 2002
N_STRATIFIED_FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """Track ids of one training and its test.

    Attributes:
        name: names the folder of its runs.
        train: tracks that the weights are fitted to.
        valid: tracks that watch the training and fit the temperature; may be empty.
        test: tracks that choose nothing.
    """

    name: str
    train: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]


def folds_of(protocol: str, segments_per_track: int = 1) -> list[Fold]:
    """Return the folds of a protocol, with the ids of all its tracks.

    * ``fault-filtered``: one fold of 443/197/290 artist-disjoint tracks without
      repetitions and broken clips (Kereliuk, Sturm & Larsen 2015). The headline.
    * ``rotation``: three folds; two of these three subsets train, the third tests, so
      that each of the 930 tracks is tested once.
    * ``development``: three folds of the 640 tracks of the first two of these subsets,
      which validate and test nothing: to choose settings by more tracks than the 197.
    * ``artist-folds``: three artist-disjoint folds of 948 tracks (Foleis & Tavares 2020).
    * ``stratified``: five folds of all tracks, stratified by genre. **Leaky**: tracks of
      one artist, even copies of one recording, are on both sides.
    * ``stratified-80-20``, ``stratified-80-10-10``: one fold of that kind. **Leaky**.
    * ``segment-random``: 80/10/10 of all *segments*, ``segments_per_track`` of each, as in
      paper 002. **Leaky** in the extreme.
    * ``all``: every track of the fault-filtered lists trains; nothing is left to test.

    Raises:
        TrainingDataError: if the protocol is unknown.
    """
    if protocol not in PROTOCOLS:
        raise TrainingDataError(
            f"unknown protocol {protocol!r}; there is {', '.join(PROTOCOLS)}"
        )
    if protocol == "segment-random":
        return [_random_segments(segments_per_track)]
    if protocol == "artist-folds":
        return _artist_folds()
    if protocol.startswith("stratified"):
        return _stratified(protocol)
    if protocol == "development":
        return _development()
    return _fault_filtered(protocol)


def folds_without(leave_out: frozenset[str], folds: list[Fold]) -> list[Fold]:
    """Take tracks out of training and validation; tests stay as they are.

    Raises:
        TrainingDataError: if an id is none of GTZAN's, or nothing is left to train on.
    """
    if unknown := sorted(leave_out - set(_all_track_ids())):
        raise TrainingDataError(
            f"cannot leave out {unknown[0]!r}: GTZAN's tracks are called blues.00000 to "
            "rock.00099"
        )
    kept = [
        replace(
            fold,
            train=tuple(name for name in fold.train if track_of(name) not in leave_out),
            valid=tuple(name for name in fold.valid if track_of(name) not in leave_out),
        )
        for fold in folds
    ]
    if not all(fold.train for fold in kept):
        raise TrainingDataError("no track is left to train on; leave out fewer")
    return kept


def is_leaky(protocol: str) -> bool:
    """Whether test tracks share artists or recordings with training tracks."""
    return LEAK_OF_PROTOCOL[protocol] is not None


def track_of(name: str) -> str:
    """Return the track of a segment ``blues.00000#3``; a track's own id stays."""
    return name.partition(SEGMENT_MARK)[0]


def _all_track_ids() -> list[str]:
    return [f"{folder}.{n:05d}" for folder in GENRE_OF_FOLDER for n in range(100)]


def _listed(file_name: str) -> tuple[str, ...]:
    folder = resources.files("genre_model.training.data") / "splits"
    return tuple((folder / file_name).read_text("utf-8").split())


def _fault_filtered(protocol: str) -> list[Fold]:
    train, valid, test = parts = [
        _listed(f"fault_filtered_{part}.txt") for part in ("train", "valid", "test")
    ]
    everything = sorted(train + valid + test)
    if protocol == "all":
        return [Fold("fold-1", tuple(everything), (), ())]
    if protocol == "rotation":
        return [_fold(index, everything, set(part)) for index, part in enumerate(parts)]
    return [Fold("fold-1", train, valid, test)]


def artist_of(name: str) -> str:
    """Return the artist of a track, or of a segment's; one that none is known of is one."""
    track = track_of(name)
    return _artists().get(track, track)


@cache
def _artists() -> dict[str, str]:
    return {row["track"]: row["artist_group"] for row in artist_rows()}


@cache
def artist_rows() -> list[dict[str, str]]:
    """Return the rows of the artist folds: ``track``, ``test_fold``, ``artist_group``."""
    return list(csv.DictReader(_listed("artist_folds.csv")))


def _development() -> list[Fold]:
    """Validate with the validation tracks, then with each half of the training tracks."""
    train, valid = (_listed(f"fault_filtered_{part}.txt") for part in ("train", "valid"))
    half = _half_of_artists(train)
    parts = (set(valid), half, set(train) - half)
    everything = sorted(train + valid)
    return [_fold(index, everything, set(), part) for index, part in enumerate(parts)]


def _half_of_artists(names: Sequence[str]) -> set[str]:
    """Halve each genre by whole artists."""
    of_artist: dict[tuple[str, str], list[str]] = {}
    for name in names:
        key = (name.split(".")[0], artist_of(name))
        of_artist.setdefault(key, []).append(name)
    halves: tuple[set[str], set[str]] = (set(), set())
    # The most prolific first: those who follow even it out.
    for (genre, _), tracks in sorted(of_artist.items(), key=lambda item: -len(item[1])):
        counts = [sum(name.startswith(f"{genre}.") for name in half) for half in halves]
        halves[int(counts[0] > counts[1])].update(tracks)
    return halves[0]


def _artist_folds() -> list[Fold]:
    rows = artist_rows()
    names = [row["track"] for row in rows]
    tests = [
        {row["track"] for row in rows if row["test_fold"] == number}
        for number in sorted({row["test_fold"] for row in rows})
    ]
    return [_fold(index, names, test) for index, test in enumerate(tests)]


def _stratified(protocol: str) -> list[Fold]:
    """Fold all 1000 ids, not those at hand: a missing file must not move the others."""
    names = _all_track_ids()
    shuffled = sorted(_shuffled(names), key=lambda name: name.split(".")[0])
    tenths = [shuffled[index::10] for index in range(10)]
    if protocol == "stratified-80-20":
        return [_fold(0, names, {*tenths[0], *tenths[1]})]
    if protocol == "stratified-80-10-10":
        return [_fold(0, names, set(tenths[0]), set(tenths[1]))]
    n = N_STRATIFIED_FOLDS
    return [_fold(index, names, set(shuffled[index::n])) for index in range(n)]


def _random_segments(segments_per_track: int) -> Fold:
    names = [
        f"{track}{SEGMENT_MARK}{number}"
        for track in _all_track_ids()
        for number in range(segments_per_track)
    ]
    shuffled = _shuffled(names)
    tenth = len(names) // 10
    return _fold(0, names, set(shuffled[:tenth]), set(shuffled[tenth : 2 * tenth]))


def _shuffled(names: Sequence[str]) -> list[str]:
    rng = np.random.default_rng(SPLIT_SEED)
    return [names[index] for index in rng.permutation(len(names))]


def _fold(
    index: int, names: Iterable[str], test: set[str], valid: set[str] | None = None
) -> Fold:
    """Split names, in their order; what neither tests nor validates trains."""
    valid = valid or set()
    return Fold(
        f"fold-{index + 1}",
        tuple(name for name in names if name not in test and name not in valid),
        tuple(name for name in names if name in valid),
        tuple(name for name in names if name in test),
    )


#: Of each genre's training tracks.
VALIDATION_SHARE = 0.15


def with_validation(fold: Fold, share: float = VALIDATION_SHARE) -> Fold:
    """Set whole artists of a fold's training tracks aside, unless it has validation tracks.

    They are drawn at random, the same for every system, until they have the share of each
    genre's training tracks. A track of unknown artist counts as an artist.
    """
    if fold.valid:
        return fold
    rng = np.random.default_rng(SPLIT_SEED)
    chosen: set[str] = set()
    for genre in GENRE_OF_FOLDER:
        by_artist: dict[str, list[str]] = {}
        for name in fold.train:
            if name.startswith(f"{genre}."):
                by_artist.setdefault(artist_of(name), []).append(name)
        chosen |= _draw(by_artist, share, rng)
    return replace(
        fold,
        train=tuple(name for name in fold.train if name not in chosen),
        valid=tuple(name for name in fold.train if name in chosen),
    )


def _draw(
    by_artist: dict[str, list[str]], share: float, rng: np.random.Generator
) -> set[str]:
    """Draw artists until they have their share, passing over those of far too many.

    Where only such are left, it is less. The first artist of the order is never drawn: at
    least one has to train.
    """
    wanted = share * sum(map(len, by_artist.values()))
    drawn: list[str] = []
    for artist in rng.permutation(sorted(by_artist))[1:]:
        if len(drawn) < wanted and len(drawn) + len(by_artist[artist]) < 1.5 * wanted + 1:
            drawn += by_artist[artist]
    return set(drawn)
