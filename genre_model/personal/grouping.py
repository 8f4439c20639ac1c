"""Groups of tracks that must not be split between training and test."""

from __future__ import annotations

import warnings
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from genre_model.label_spelling import spelling_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.personal.labelled_files import LabelledFile

    #: Indices of the tracks that train, and of those that test.
    Fold = tuple[NDArray[np.int64], NDArray[np.int64]]

#: More than this share of all tracks in one group leaves too few folds.
MAX_SHARE = 0.25


def group_tracks(files: Sequence[LabelledFile]) -> NDArray[np.int64]:
    """Number the groups of tracks that share an artist or an album [shape=(n_tracks,)].

    Groups are transitive. Recordings of one artist, or of one album, are alike in ways
    that are no genre (Flexer 2007, "A closer look on artist filters for musical genre
    classification"). A track of unknown artist and album is a group by itself.

    Albums by many artists can tie most of a library together. If one group would hold
    more than ``MAX_SHARE`` of the tracks, such albums do not count.
    """
    groups = _connected([[_artist(file), _album(file)] for file in files])
    if _is_too_large(groups):
        artists_of: defaultdict[str, set[str]] = defaultdict(set)
        for file in files:
            artists_of[_album(file)].add(_artist(file))
        bonds = [
            [_artist(f), _album(f) if len(artists_of[_album(f)]) == 1 else ""]
            for f in files
        ]
        groups = _connected(bonds)
    return groups


def samplers_are_cut(files: Sequence[LabelledFile]) -> bool:
    """Return True if albums by many artists do not count as one group."""
    return _is_too_large(_connected([[_artist(file), _album(file)] for file in files]))


def _is_too_large(groups: NDArray[np.int64]) -> bool:
    return len(groups) > 0 and bool(np.bincount(groups).max() > MAX_SHARE * len(groups))


def _connected(bonds: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Number the connected components of tracks that have a name in common."""
    place_of: dict[str, int] = {}
    rows, columns = [], []
    for row, names in enumerate(bonds):
        for name in filter(None, names):
            rows.append(row)
            columns.append(len(bonds) + place_of.setdefault(name, len(place_of)))
    size = len(bonds) + len(place_of)
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    _, groups = connected_components(graph, directed=False)
    numbered: NDArray[np.int64] = np.unique(groups[: len(bonds)], return_inverse=True)[1]
    return numbered.reshape(-1)


def _artist(file: LabelledFile) -> str:
    return f"artist {spelling_key(file.artist)}" if file.artist else ""


def _album(file: LabelledFile) -> str:
    return f"album {file.album}" if file.album else ""


def grouped_folds(
    main_labels: NDArray[np.int64], groups: NDArray[np.int64], n_folds: int, seed: int
) -> list[Fold]:
    """Divide tracks into folds of whole groups, stratified by the first label.

    Args:
        main_labels: the first label of each track [shape=(n_tracks,)].
        groups: of :func:`group_tracks` [shape=(n_tracks,)].
        n_folds: at most; there are never more folds than groups.
        seed: of the order of groups.
    """
    n_splits = min(n_folds, len(np.unique(groups)))
    if np.bincount(main_labels).max() < n_splits:
        # No label has a track for each fold: there is nothing to stratify.
        main_labels = np.zeros_like(main_labels)
    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label may have fewer tracks than there are folds.
        warnings.simplefilter("ignore", UserWarning)
        folds = list(splitter.split(main_labels, main_labels, groups))
    # Few, large groups can leave a fold empty.
    return [(train, test) for train, test in folds if len(test) and len(train)]
