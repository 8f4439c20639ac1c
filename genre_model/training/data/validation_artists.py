"""Validation tracks for protocols that name none: whole artists of the training tracks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.data.gtzan import GENRE_OF_FOLDER
from genre_model.training.data.protocols import SPLIT_SEED, artist_of

if TYPE_CHECKING:
    from genre_model.training.data.protocols import Fold

#: Of each genre's training tracks.
VALIDATION_SHARE = 0.15


def with_validation(fold: Fold, share: float = VALIDATION_SHARE) -> Fold:
    """Set whole artists of a fold's training tracks aside to validate on.

    They are drawn at random, the same for every system. A track that no artist is known
    of counts as an artist.

    Args:
        fold: returned as it is if it has validation tracks.
        share: of each genre's training tracks that is wanted. Artists are drawn until it
            is reached, so there is mostly a little more.
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
