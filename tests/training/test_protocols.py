"""Splits: sizes, disjointness, honesty."""

from __future__ import annotations

import csv
import hashlib
from importlib import resources

import pytest

from genre_model.errors import TrainingDataError
from genre_model.training.protocols import (
    PROTOCOLS,
    Fold,
    folds_of,
    folds_without,
    is_leaky,
)

ALL_IDS = sorted(
    f"{genre}.{number:05d}"
    for genre in (
        *("blues", "classical", "country", "disco", "hiphop"),
        *("jazz", "metal", "pop", "reggae", "rock"),
    )
    for number in range(100)
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_track_is_in_two_parts_of_a_fold(protocol: str) -> None:
    for fold in folds_of(protocol):
        parts = [*fold.train, *fold.valid, *fold.test]
        assert len(parts) == len(set(parts))
        assert set(parts) <= set(ALL_IDS)


def test_the_fault_filtered_lists_are_the_published_ones() -> None:
    (fold,) = folds_of("fault-filtered")
    assert [len(fold.train), len(fold.valid), len(fold.test)] == [443, 197, 290]
    text = "\n".join([*fold.train, *fold.valid, *fold.test])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "3a2b0345621abec6"


def test_all_is_every_fault_filtered_track() -> None:
    (fold,) = folds_of("all")
    assert len(fold.train) == 930
    assert fold.test == ()


def test_artist_folds_share_no_artist() -> None:
    text = (resources.files("genre_model.training") / "splits/artist_folds.csv").read_text()
    artist_of = {
        row["track"]: row["artist_group"] for row in csv.DictReader(text.splitlines())
    }
    folds = folds_of("artist-folds")
    assert [len(fold.test) for fold in folds] == [len(set(fold.test)) for fold in folds]
    assert sum(len(fold.test) for fold in folds) == 948
    for fold in folds:
        trained = {artist_of[track] for track in fold.train}
        assert trained.isdisjoint(artist_of[track] for track in fold.test)


def test_stratified_folds_test_every_track_once_and_are_called_leaky() -> None:
    folds = folds_of("stratified")
    assert sorted(track for fold in folds for track in fold.test) == ALL_IDS
    for fold in folds:
        assert {
            sum(track.startswith(g) for track in fold.test) for g in ("blues", "rock")
        } == {20}
    assert folds == folds_of("stratified")
    assert [name for name in PROTOCOLS if is_leaky(name)] == ["stratified"]


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(TrainingDataError, match="unknown protocol 'random'"):
        folds_of("random")


def test_what_is_left_out_trains_and_validates_nothing_but_is_tested() -> None:
    folds = [
        Fold("fold-1", ids("abc"), ids("de"), ids("fg")),
        Fold("fold-2", ids("fg"), (), ids("ab")),
    ]
    assert folds_without(frozenset(ids("bdfz")), folds) == [
        Fold("fold-1", ids("ac"), ids("e"), ids("fg")),
        Fold("fold-2", ids("g"), (), ids("ab")),
    ]


def ids(letters: str) -> tuple[str, ...]:
    """Name tracks of GTZAN by letters."""
    return tuple(f"rock.{ord(letter) - ord('a'):05d}" for letter in letters)


@pytest.mark.parametrize("unknown", ["rock.00100", "rock.00001.flac", "polka.00000"])
def test_what_is_left_out_has_to_exist(unknown: str) -> None:
    with pytest.raises(TrainingDataError, match=f"cannot leave out '{unknown}'"):
        folds_without(frozenset([unknown]), folds_of("all"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_leaving_out_nothing_changes_nothing(protocol: str) -> None:
    folds = folds_of(protocol)
    assert folds_without(frozenset(), folds) == folds


def test_something_must_be_left_to_train_on_in_every_fold() -> None:
    folds = folds_of("artist-folds")
    with pytest.raises(TrainingDataError, match="no track is left to train on"):
        folds_without(frozenset(folds[1].train), folds)
