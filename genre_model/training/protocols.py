"""Protocols: which tracks train, validate and test a system."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.training.gtzan import GENRE_OF_FOLDER

PROTOCOLS = ("fault-filtered", "artist-folds", "stratified", "all")
#: Shuffles the stratified folds; fixed, so that every system meets the same folds.
STRATIFIED_SEED = 2002
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


def folds_of(protocol: str) -> list[Fold]:
    """Return the folds of a protocol.

    * ``fault-filtered``: one fold of 443/197/290 artist-disjoint tracks without
      repetitions and broken clips (Kereliuk, Sturm & Larsen 2015). The headline.
    * ``artist-folds``: three artist-disjoint folds of 948 tracks (Foleis & Tavares 2020).
    * ``stratified``: five folds of all tracks, stratified by genre. **Leaky**: tracks of
      one artist, even copies of one recording, are on both sides.
    * ``all``: every track of the fault-filtered lists trains; nothing is left to test.

    Args:
        protocol: one of ``PROTOCOLS``.

    Returns:
        Folds of GTZAN's track ids, whichever of them are at hand.

    Raises:
        TrainingDataError: if the protocol is unknown.
    """
    if protocol == "stratified":
        return _stratified_folds()
    if protocol == "artist-folds":
        return _artist_folds()
    train, valid, test = (
        _listed(f"fault_filtered_{part}.txt") for part in ("train", "valid", "test")
    )
    if protocol == "fault-filtered":
        return [Fold("fold-1", train, valid, test)]
    if protocol == "all":
        return [Fold("fold-1", tuple(sorted(train + valid + test)), (), ())]
    raise TrainingDataError(
        f"unknown protocol {protocol!r}; there is {', '.join(PROTOCOLS)}"
    )


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
            train=tuple(track for track in fold.train if track not in leave_out),
            valid=tuple(track for track in fold.valid if track not in leave_out),
        )
        for fold in folds
    ]
    if not all(fold.train for fold in kept):
        raise TrainingDataError("no track is left to train on; leave out fewer")
    return kept


def is_leaky(protocol: str) -> bool:
    """Whether test tracks share artists or recordings with training tracks."""
    return protocol == "stratified"


def _all_track_ids() -> list[str]:
    return [f"{folder}.{n:05d}" for folder in GENRE_OF_FOLDER for n in range(100)]


def _listed(file_name: str) -> tuple[str, ...]:
    folder = resources.files("genre_model.training") / "splits"
    return tuple((folder / file_name).read_text("utf-8").split())


def _artist_folds() -> list[Fold]:
    rows = list(csv.DictReader("\n".join(_listed("artist_folds.csv")).splitlines()))
    names = sorted({row["test_fold"] for row in rows})
    return [
        Fold(
            f"fold-{name}",
            tuple(row["track"] for row in rows if row["test_fold"] != name),
            (),
            tuple(row["track"] for row in rows if row["test_fold"] == name),
        )
        for name in names
    ]


def _stratified_folds() -> list[Fold]:
    """Fold all 1000 ids, not those at hand: a missing file must not move the others."""
    track_ids = _all_track_ids()
    rng = np.random.default_rng(STRATIFIED_SEED)
    shuffled = [track_ids[index] for index in rng.permutation(len(track_ids))]
    shuffled.sort(key=lambda track_id: track_id.split(".")[0])
    folds = []
    for index in range(N_STRATIFIED_FOLDS):
        test = set(shuffled[index::N_STRATIFIED_FOLDS])
        train = tuple(track_id for track_id in track_ids if track_id not in test)
        folds.append(Fold(f"fold-{index + 1}", train, (), tuple(sorted(test))))
    return folds
