"""Splits: sizes, disjointness, honesty."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from importlib import resources

import pytest

from genre_model.errors import TrainingDataError
from genre_model.training.data.gtzan import GENRE_OF_FOLDER
from genre_model.training.data.protocols import (
    PROTOCOLS,
    Fold,
    artist_rows,
    folds_of,
    folds_without,
    is_leaky,
    track_of,
    with_validation,
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
        assert {track_of(name) for name in parts} <= set(ALL_IDS)


def test_the_fault_filtered_lists_are_the_published_ones() -> None:
    (fold,) = folds_of("fault-filtered")
    assert [len(fold.train), len(fold.valid), len(fold.test)] == [443, 197, 290]
    text = "\n".join([*fold.train, *fold.valid, *fold.test])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "3a2b0345621abec6"


def test_development_validates_each_track_that_is_no_test_track_once() -> None:
    (published,) = folds_of("fault-filtered")
    folds = folds_of("development")
    validated = [name for fold in folds for name in fold.valid]
    assert sorted(validated) == sorted(published.train + published.valid)
    assert set(folds[0].valid) == set(published.valid)
    artist_of = {row["track"]: row["artist_group"] for row in artist_rows()}
    for fold in folds:
        assert sorted(fold.train + fold.valid) == sorted(validated)
        assert not fold.test
    for fold in folds[1:]:
        counts = Counter(name.split(".")[0] for name in fold.valid)
        assert min(counts.values()) >= 19
        groups = [
            {(name.split(".")[0], artist_of[name]) for name in part if name in artist_of}
            for part in (set(fold.train) & set(published.train), fold.valid)
        ]
        assert groups[0].isdisjoint(groups[1])


def test_all_is_every_fault_filtered_track() -> None:
    (fold,) = folds_of("all")
    assert len(fold.train) == 930
    assert fold.test == ()


def test_artist_folds_share_no_artist() -> None:
    text = (
        resources.files("genre_model.training.data") / "splits/artist_folds.csv"
    ).read_text()
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
    assert [name for name in PROTOCOLS if is_leaky(name)] == [
        *("stratified", "stratified-80-20", "stratified-80-10-10", "segment-random")
    ]


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


def test_rotation_tests_each_of_the_930_tracks_once() -> None:
    (headline,) = folds_of("fault-filtered")
    folds = folds_of("rotation")
    parts = (headline.train, headline.valid, headline.test)
    assert [set(fold.test) for fold in folds] == [set(part) for part in parts]
    for fold in folds:
        assert set(fold.train).isdisjoint(fold.test)
        assert len(fold.train) + len(fold.test) == 930


@pytest.mark.parametrize(
    ("protocol", "sizes"),
    [("stratified-80-20", (80, 0, 20)), ("stratified-80-10-10", (80, 10, 10))],
)
def test_stratified_splits_share_each_genre(
    protocol: str, sizes: tuple[int, int, int]
) -> None:
    (fold,) = folds_of(protocol)
    for genre in GENRE_OF_FOLDER:
        parts = (fold.train, fold.valid, fold.test)
        assert sizes == tuple(sum(n.startswith(genre) for n in part) for part in parts)
    assert sorted(fold.train + fold.valid + fold.test) == ALL_IDS


def test_random_segments_put_tracks_on_both_sides() -> None:
    (fold,) = folds_of("segment-random", 10)
    assert [len(p) for p in (fold.train, fold.valid, fold.test)] == [8000, 1000, 1000]
    assert len({*fold.train, *fold.valid, *fold.test}) == 10_000
    trained = {track_of(name) for name in fold.train}
    shared = {track_of(name) for name in fold.test} & trained
    assert len(shared) > 600, "that is the leak"


@pytest.mark.parametrize("protocol", ["rotation", "artist-folds", "stratified", "all"])
def test_validation_tracks_are_whole_artists_of_the_training_tracks(protocol: str) -> None:
    artist = {row["track"]: row["artist_group"] for row in artist_rows()}
    for fold in folds_of(protocol):
        split = with_validation(fold)
        assert sorted(split.train + split.valid) == sorted(fold.train)
        assert split.test == fold.test
        artists = [{artist.get(n, n) for n in part} for part in (split.train, split.valid)]
        assert artists[0].isdisjoint(artists[1])
        assert 0.1 < len(split.valid) / len(fold.train) < 0.25
        for genre in GENRE_OF_FOLDER:
            assert any(name.startswith(genre) for name in split.valid)


def test_validation_tracks_that_there_are_stay() -> None:
    (fold,) = folds_of("fault-filtered")
    assert with_validation(fold) is fold


def test_the_only_artist_of_a_genre_is_left_to_train_on() -> None:
    fold = Fold("fold-1", ("rock.00000", "metal.00007"), (), ("pop.00001",))
    assert with_validation(fold) == fold
