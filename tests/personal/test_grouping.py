"""Groups of tracks that stay on one side of every fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genre_model.personal.grouping import MAX_SHARE, group_tracks, grouped_folds
from genre_model.personal.labelled_files import LabelledFile


def track(artist: str = "", album: str = "") -> LabelledFile:
    return LabelledFile("", Path("x.mp3"), ("Rock",), "x", artist, album)


def many(n: int) -> list[LabelledFile]:
    """Tracks by artists of their own: without them no group could be small."""
    return [track(f"other {i}") for i in range(n)]


def test_artist_and_album_tie_tracks_together_even_over_corners() -> None:
    files = [
        *(track("Ann", "1"), track("ann", "2"), track("Bob", "2"), track("Bob", "3")),
        *(track("Cid", "4"), track("Cid")),
        *many(20),
    ]
    groups = group_tracks(files).tolist()
    assert len(set(groups[:4])) == 1
    assert len(set(groups[4:6])) == 1
    assert len(set(groups)) == 2 + 20


def test_unknown_artists_are_groups_of_their_own() -> None:
    assert len(set(group_tracks([track(), track(), track()]).tolist())) == 3


def test_compilations_do_not_tie_a_whole_library_together() -> None:
    # A sampler of every artist would leave one group, and no fold.
    files = [track(f"artist {i}", f"album {i}") for i in range(20) for _ in range(3)]
    files += [track(f"artist {i}", "sampler") for i in range(20)]
    groups = group_tracks(files)
    assert np.bincount(groups).max() <= MAX_SHARE * len(files)
    assert len(set(groups.tolist())) == 20
    # Own albums still tie.
    assert groups[0] == groups[1] == groups[60]


def test_no_track_at_all_has_no_group() -> None:
    assert group_tracks([]).shape == (0,)


@pytest.mark.parametrize("seed", range(3))
def test_folds_cover_every_track_once_and_share_no_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 30, 200)
    labels = rng.integers(0, 4, 200)
    folds = grouped_folds(labels, groups, 5, seed)
    assert len(folds) == 5
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(200))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == 200


def test_there_are_never_more_folds_than_groups() -> None:
    labels, groups = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    assert len(grouped_folds(labels, groups, 5, 0)) == 2


def test_folds_depend_on_the_seed_alone() -> None:
    labels, groups = np.arange(60) % 3, np.arange(60) // 2
    folds = [grouped_folds(labels, groups, 5, seed) for seed in (0, 0, 1)]
    tests = [[test.tolist() for _, test in each] for each in folds]
    assert tests[0] == tests[1]
    assert tests[0] != tests[2]
