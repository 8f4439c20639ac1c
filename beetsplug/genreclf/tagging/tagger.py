"""One pass over tracks: hear, decide, keep.

Only the thread that calls touches the library, the log and the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import (
    Decision,
    Outcome,
    Tally,
    as_it_came,
    choose_tags,
)
from beetsplug.genreclf.storage.external_tags import OthersInFile
from beetsplug.genreclf.storage.stored_prediction import StoredPrediction, remember
from beetsplug.genreclf.tagging.albums import AlbumTagger, Pool, pool_scores
from beetsplug.genreclf.tagging.chooser import Chooser, spelled
from beetsplug.genreclf.tagging.plan import Planner, Unit
from beetsplug.genreclf.ui.naming import track_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from beets.library import Item, Library

    from beetsplug.genreclf.config.options import Options, Policy
    from beetsplug.genreclf.predict.predictor import Predictor, Track, TrackResult
    from beetsplug.genreclf.storage.commit import Keeper
    from beetsplug.genreclf.ui.reporter import Reporter

#: Outcomes that put another genre where one, or none, was.
RETAGGED = (Outcome.TAGGED, Outcome.FALLBACK)


@dataclass
class Tagger:
    """Tags tracks, then their albums.

    Attributes:
        lib: the library, owned by the calling thread.
        options: what the user chose.
        predictor: hears the tracks.
        keeper: stores the decisions.
        reporter: receives one line for each track that was decided.
        update: decide again about genres of ours that another model chose, only those.
        same_model_too: with ``update``, also about those that this model chose.
        catch_up: write genres of ours that stand in the library only.
        retagged_ids: tracks whose genres changed, after :meth:`tag`.
    """

    lib: Library
    options: Options
    predictor: Predictor
    keeper: Keeper
    reporter: Reporter
    update: bool = False
    same_model_too: bool = False
    catch_up: bool = False
    retagged_ids: list[int] = field(default_factory=list, init=False)
    _policy: Policy = field(init=False)
    _albums: AlbumTagger = field(init=False)
    _chooser: Chooser = field(init=False)
    _others: OthersInFile = field(init=False)

    def __post_init__(self) -> None:
        """Derive what depends on the options."""
        policy = self.options.policy
        if self.update:
            policy = replace(policy, force=False)
        self._albums = AlbumTagger(self.lib, policy, self.reporter)
        self._policy = replace(policy, force=True) if self.update else policy
        self._chooser = Chooser(
            self._policy,
            self.options.aliases,
            self.options.source,
            self.predictor,
            self.reporter,
            self.update,
        )
        self._others = OthersInFile(
            self.keeper, self._policy, self.update, self.options.pretend
        )

    def tag(self, items: Iterable[Item]) -> Tally:
        """Tag the tracks that need it, then their albums; count the outcomes.

        Raises:
            ModelUnavailableError: before any track is touched. What goes wrong later is the
                ``failure`` of the predictor.
        """
        tally = Tally()
        units = self._plan(items, tally)
        for unit, heard in self._heard(units):
            pool = self._pool(unit, heard)
            for each in heard:
                if each.track.item_id in unit.wanted:
                    tally[self._decide(each, pool)] += 1
        if not self.options.pretend:
            self._albums.tag_albums()
        return tally

    @property
    def retagged_album_ids(self) -> set[int]:
        """Albums whose paths may have to follow their genres."""
        return self._albums.changed

    def _plan(self, items: Iterable[Item], tally: Tally) -> list[Unit]:
        def settle(item: Item, outcome: Outcome) -> None:
            tally[self._settle(item, outcome)] += 1

        def abstain_again(item: Item, listening: StoredPrediction) -> bool:
            # Any other outcome is decided when its turn comes, from the track as
            # it is then.
            decision = self._chooser.choose(item, listening, None)
            if self.update or decision.outcome is not Outcome.ABSTAINED:
                return False
            tally[self._report(item, decision, is_news=False)] += 1
            return True

        planner = Planner(
            self.predictor,
            abstain_again,
            source=self.options.source,
            force=self._policy.force,
            update=self.update,
            same_model_too=self.same_model_too,
        )
        return planner.plan(items, settle)

    def _settle(self, item: Item, outcome: Outcome) -> Outcome:
        reason = outcome.value
        self._albums.note(item, retagged=False)
        caught_up = self._catch_up(item)
        if caught_up is Outcome.CAUGHT_UP:
            genres = ", ".join(item.genres)
            self.reporter.line(f"{track_name(item)}: {genres} ({caught_up.value})")
        if caught_up is not None:
            return caught_up
        if outcome is Outcome.HAD_GENRE:
            reason = choose_tags({}, item.genres, self._policy).reason
        if self.reporter.shows_details:
            self.reporter.detail(f"{track_name(item)}: {reason}")
        return outcome

    def _catch_up(self, item: Item) -> Outcome | None:
        """Write the genre of the library to a file that lacks it, if that is wanted."""
        if provenance.track_is_ours(item):
            pretend = self.options.pretend
            return self.keeper.catch_up(item, pretend=pretend) if self.catch_up else None
        if self.options.pretend:
            return None
        return self.keeper.rewrite_lost_edit(item)

    def _heard(self, units: list[Unit]) -> Iterator[tuple[Unit, list[TrackResult]]]:
        """Yield each unit when all of its tracks are heard."""
        tracks = [track for unit in units for track in unit.tracks]
        self.reporter.expect(sum(track.recalled is None for track in tracks))
        stream = self.predictor.hear(tracks)
        for unit in units:
            heard = []
            for each in islice(stream, len(unit.tracks)):
                heard.append(each)
                if each.is_news:
                    self.reporter.advance()
                    self._remember_until_decided(unit, each)
            if len(heard) < len(unit.tracks):  # stopped
                return
            yield unit, heard

    def _remember_until_decided(self, unit: Unit, heard: TrackResult) -> None:
        """Let nobody listen twice to an album that is stopped half-way."""
        if unit.album_id is not None and not self.options.pretend:
            self._remember(heard)

    def _remember(self, heard: TrackResult) -> None:
        item = None if heard.listening is None else self._fetched(heard.track)
        # A genre of ours keeps the name of the model that chose it, for --update.
        if item is not None and heard.listening and not provenance.track_is_ours(item):
            remember(item, heard.listening)
            item.store()

    def _pool(self, unit: Unit, heard: list[TrackResult]) -> Pool | None:
        listenings = [
            one.listening for one in heard if one.listening and one.listening.scores
        ]
        scores = [one.scores for one in listenings if not one.unknown_because]
        # An album of which half is unknown is not what the rest sounds like.
        if unit.album_id is None or 2 * len(scores) <= len(listenings):
            return None
        pool = pool_scores(scores, multi_label=self.predictor.multi_label)
        self._albums.policy = spelled(self._albums.policy, self.predictor)
        self._albums.note_pool(unit.album_id, pool)
        return pool

    def _decide(self, heard: TrackResult, pool: Pool | None) -> Outcome:
        """Decide about one track and store the decision."""
        if heard.listening is None:
            self.reporter.warning(str(heard.error))
            return Outcome.UNREADABLE
        item = self._fetched(heard.track)
        if item is None:
            self.reporter.warning(f"{heard.track.path}: no longer in the library")
            return Outcome.UNREADABLE
        if self.update and not provenance.track_is_ours(item):
            return self._settle(item, Outcome.NOT_OURS)
        decision = self._chooser.choose(item, heard.listening, pool)
        decision = self._others.respect_hidden_genres(item, decision)
        theirs = self._others.in_the_way(item, decision)
        decision = self._others.respect(decision, theirs)
        if heard.error is not None and decision.outcome is Outcome.ABSTAINED:
            decision = replace(decision, reason=f"abstained: {heard.error}")
        outcome = self._keep(item, decision, heard.listening)
        if outcome is Outcome.NOT_WRITTEN:
            self._remember(heard)
            return outcome
        decision = self._others.note(item, as_it_came(decision, outcome), theirs)
        return self._report(item, decision, is_news=heard.is_news)

    def _fetched(self, track: Track) -> Item | None:
        """Fetch a track again, because hours may have passed since the pass began.

        The number of one that was removed is given to the next that is imported.
        """
        item = self.lib.get_item(track.item_id)
        if item is None:
            return None
        is_same = item.filepath == track.path or item.added == track.added
        return item if is_same else None

    def _keep(self, item: Item, decision: Decision, listening: StoredPrediction) -> Outcome:
        if self.options.pretend:
            return self.keeper.would_keep(item, decision)
        return self.keeper.keep(item, decision, listening)

    def _report(self, item: Item, decision: Decision, *, is_news: bool) -> Outcome:
        outcome = decision.outcome
        self._albums.note(item, retagged=outcome in RETAGGED)
        if outcome in RETAGGED and item.id is not None:
            self.retagged_ids.append(item.id)
        again = not is_news and outcome is Outcome.ABSTAINED
        again = again and not self._was_tagged(item)
        if not again:
            self.reporter.line(f"{track_name(item)}: {decision.reason}")
        elif self.reporter.shows_details:
            self.reporter.detail(f"{track_name(item)}: {decision.reason}")
        return Outcome.ABSTAINED_AGAIN if again else outcome

    def _was_tagged(self, item: Item) -> bool:
        """Return True if the current genres show that we did not abstain before."""
        is_fallback = item.genres == [self._policy.fallback]
        return provenance.track_is_ours(item) and not is_fallback
