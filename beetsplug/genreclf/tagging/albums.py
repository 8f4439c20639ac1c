"""Genres of albums: path formats use them, not those of the tracks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import beets
import numpy as np

import genre_model
from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import (
    Outcome,
    choose_album_genre,
    choose_tags,
    has_genre,
)
from beetsplug.genreclf.storage.stored_prediction import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.config.options import Policy
    from beetsplug.genreclf.ui.reporter import Reporter


@dataclass(frozen=True)
class Pool:
    """The prediction of an album as a whole.

    Attributes:
        scores: label -> probability, best first.
        agreement: share of the tracks whose best label is the album's.
        multi_label: whether several labels can be right at once.
    """

    scores: Mapping[str, float]
    agreement: float
    multi_label: bool = False


def pool_scores(
    tracks: Sequence[Mapping[str, float]], *, multi_label: bool = False
) -> Pool:
    """Pool the scores of tracks; the formula is that of ``genre_model.pool_tracks``."""
    labels = sorted({label for scores in tracks for label in scores})
    rows = [[scores.get(label, 0.0) for label in labels] for scores in tracks]
    pooled = genre_model.pool_tracks(
        np.array(rows, dtype=np.float32), multi_label=multi_label
    )
    ranked = sorted(zip(labels, pooled.tolist(), strict=True), key=lambda pair: -pair[1])
    votes = Counter(max(scores, key=scores.__getitem__) for scores in tracks)
    return Pool(
        {label: round(value, DECIMALS) for label, value in ranked},
        round(votes[ranked[0][0]] / len(tracks), 2),
        multi_label,
    )


def is_various_artists(album: Album) -> bool:
    """Return True if an album is a compilation, whose tracks share no artist."""
    return bool(album.comp) or album.albumartist == beets.config["va_name"].as_str()


@dataclass
class AlbumTagger:
    """Gives albums their genres, once their tracks have theirs.

    Genres of an album are replaced if the plugin wrote them, or by force. Where a pass
    tagged no track, only an empty one is filled, which completes a pass that was
    interrupted before its albums.
    """

    lib: Library
    policy: Policy
    reporter: Reporter
    #: Albums whose genres changed.
    changed: set[int] = field(default_factory=set, init=False)
    _retagged: set[int] = field(default_factory=set, init=False)
    _by_plugin: set[int] = field(default_factory=set, init=False)
    _pools: dict[int, Pool] = field(default_factory=dict, init=False)

    def note(self, item: Item, *, retagged: bool) -> None:
        """Remember the album of a track that this pass came across."""
        if item.album_id is None:
            return
        if retagged:
            self._retagged.add(item.album_id)
        elif provenance.track_is_by_plugin(item):
            self._by_plugin.add(item.album_id)

    def note_pool(self, album_id: int, pool: Pool) -> None:
        """Remember the prediction of an album."""
        self._pools[album_id] = pool

    def tag_albums(self) -> None:
        """Store the genres of the albums that were noted."""
        for album_id in sorted(self._retagged | self._by_plugin | self._pools.keys()):
            album = self.lib.get_album(album_id)
            if album is not None:
                self._tag(album, self._pools.get(album_id))

    def _tag(self, album: Album, pool: Pool | None) -> None:
        news = False
        if pool is not None and album.get("genreclf_agreement") != pool.agreement:
            album["genreclf_agreement"] = pool.agreement
            news = True
        present = list(album.genres)
        genres = self._choose(album, pool) if self._may_replace(album) else None
        if genres is None or list(album.genres) == list(genres):
            if news:
                self._store(album, present)
            return
        provenance.claim_album(album, genres)
        if self._store(album, present):
            self.changed.add(cast("int", album.id))
            self.reporter.detail(
                f"album {album.albumartist} - {album.album}: {', '.join(genres)}"
            )

    def _store(self, album: Album, present: list[str]) -> bool:
        """Store an album and report it, unless another process has changed its genres."""
        with self.lib.transaction() as transaction:
            transaction.mutate("UPDATE albums SET id = id WHERE id = ?", (album.id,))
            row = self.lib.get_album(cast("int", album.id))
            if row is None or list(row.genres) != present:
                return False
            # Inheriting would put the album's genre on every track.
            album.store(inherit=False)
            return True

    def _may_replace(self, album: Album) -> bool:
        if not has_genre(album.genres):
            return True
        forced = self.policy.force and not self.policy.keep_existing
        may = forced or provenance.album_is_by_plugin(album)
        return may and album.id in self._retagged

    def _choose(self, album: Album, pool: Pool | None) -> Sequence[str] | None:
        if pool is not None:
            policy = self.policy.for_artists([album.albumartist])
            decision = choose_tags(
                pool.scores,
                album.genres,
                replace(policy, force=True, fallback=None),
                previous=provenance.previous_album_genres(album),
                multi_label=pool.multi_label,
            )
            if decision.outcome is not Outcome.ABSTAINED:
                return decision.genres
            if album.id not in self._retagged | self._by_plugin:
                return None  # its only genres are the user's
        votes = ((item.genres, track_weight(item)) for item in album.items())
        genre = choose_album_genre(votes)
        return None if genre is None else [genre]


def track_weight(item: Item) -> float:
    """Return how much a track counts where the tracks of an album decide about its genre.

    Your genres count fully, and so does a track that nobody has listened to, or that is
    unknown. Of the others the model's best label says how sure it was; silence counts for
    nothing.
    """
    if has_genre(item.genres) and not provenance.track_is_by_plugin(item):
        return 1.0
    if (item.get("genreclf_strangeness", with_album=False) or 0.0) > 1:
        return 1.0
    confidence: float | None = item.get("genreclf_confidence", with_album=False)
    return 1.0 if confidence is None else confidence
