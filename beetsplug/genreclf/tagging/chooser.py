"""The policy, applied to a track of the library: which genres it is to get."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.policy.policy import Decision, Outcome, choose_tags
from beetsplug.genreclf.policy.track_state import TrackState
from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.storage.file_tags import takes_one_genre
from beetsplug.genreclf.storage.stored_prediction import StoredPrediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beets.library import Item

    from beetsplug.genreclf.config.options import Policy
    from beetsplug.genreclf.predict.predictor import Predictor
    from beetsplug.genreclf.tagging.albums import Pool
    from beetsplug.genreclf.ui.reporter import Reporter


@dataclass
class Chooser:
    """Chooses genres of tracks; touches nothing.

    Attributes:
        policy: what the user chose.
        aliases: names that people give genres; as lastgenre's option of that name.
        source: ``track``, ``album`` or ``both``.
        predictor: knows the model.
        reporter: receives warnings.
        update: decide again about genres that the plugin wrote with another model.
    """

    policy: Policy
    aliases: bool | Mapping[str, list[str]]
    source: str
    predictor: Predictor
    reporter: Reporter
    update: bool = False
    _warned_of_id3v23: bool = field(default=False, init=False)

    def choose(
        self, item: Item, prediction: StoredPrediction, pool: Pool | None
    ) -> Decision:
        """Choose from the prediction of a track, and that of its album."""
        if pool is None:
            return self._choose_from(item, prediction, self.policy)
        of_album = StoredPrediction(prediction.model_id, pool.scores)
        by_album = self._choose_from(item, of_album, self.policy)
        if self.source == "both":
            no_fallback = replace(self.policy, fallback=None)
            by_track = self._choose_from(item, prediction, no_fallback)
            if by_track.outcome is not Outcome.ABSTAINED:
                return by_track
        return by_album.with_note("(album)")

    def _choose_from(
        self, item: Item, prediction: StoredPrediction, policy: Policy
    ) -> Decision:
        previous = TrackState.of(item).previous_genres
        if self.update and previous and not policy.keep_existing:
            # The user's part of "Shoegaze; Rock" stays, and Rock makes way.
            previous = [genre for genre in previous if genre in item.genres]
            n_standing = max(policy.count, len(item.genres))
            policy = replace(policy, keep_existing=True, count=n_standing)
        if policy.count > 1 and takes_one_genre(item):
            self._warn_of_id3v23()
            policy = replace(policy, count=1)
        return choose_tags(
            prediction.scores,
            item.genres,
            spelled(policy_for(item, policy), self.predictor),
            previous=previous,
            multi_label=self.predictor.multi_label,
            objection=prediction.unknown_because,
            names=self._names if policy.keep_existing else None,
        )

    @cached_property
    def _names(self) -> GenreNames:
        return GenreNames(
            self.predictor.labels, label_map=self.policy.label_map, aliases=self.aliases
        )

    def _warn_of_id3v23(self) -> None:
        if self.policy.count > 1 and not self._warned_of_id3v23:
            self._warned_of_id3v23 = True
            self.reporter.warning(
                f"MP3 files get one genre, though count is {self.policy.count}: id3v23 is "
                "on, and several genres would be read back as one"
            )


def spelled(policy: Policy, predictor: Predictor) -> Policy:
    """Keep the spelling of labels of the user's own models."""
    is_own = genre_model.is_personal(predictor.training)
    return replace(policy, title_case=False) if is_own else policy


def policy_for(item: Item, policy: Policy) -> Policy:
    """Return the policy for the artists of a track."""
    if not policy.ignore.keys() - {"*"}:
        return policy  # in beets each field of the artists takes as long as a decision
    artists = (item.artist, item.albumartist, *item.artists, *item.albumartists)
    return policy.for_artists(artists)
