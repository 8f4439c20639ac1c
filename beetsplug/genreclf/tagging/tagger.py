"""One pass over tracks: predict, decide, plan, commit.

Only the thread that calls touches the library, the log and the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy.change import Change, depends_on_file, plan_change
from beetsplug.genreclf.policy.policy import Decision, Outcome, Tally, choose_tags
from beetsplug.genreclf.policy.provenance import joined, track_is_by_plugin
from beetsplug.genreclf.policy.track_state import TrackState
from beetsplug.genreclf.storage.stored_prediction import remember
from beetsplug.genreclf.tagging.albums import AlbumTagger, Pool, pool_scores
from beetsplug.genreclf.tagging.chooser import Chooser, spelled
from beetsplug.genreclf.tagging.plan import Planner, Selection, Unit
from beetsplug.genreclf.ui.text import track_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from beets.library import Item, Library

    from beetsplug.genreclf.config.options import Options, Policy
    from beetsplug.genreclf.predict.predictor import Predictor, Track, TrackResult
    from beetsplug.genreclf.storage.commit import TrackStorage
    from beetsplug.genreclf.storage.stored_prediction import StoredPrediction
    from beetsplug.genreclf.ui.reporter import Reporter

#: Outcomes that give a track another genre.
RETAGGED = (Outcome.TAGGED, Outcome.FALLBACK)


@dataclass
class Tagger:
    """Tags tracks, then their albums.

    Attributes:
        lib: the library, owned by the calling thread.
        options: what the user chose.
        predictor: of the tracks.
        storage: reads and commits the state of tracks.
        reporter: receives one line for each track that was decided.
        selection: the tracks to decide about; None follows ``options``.
        retagged_ids: tracks whose genres changed, after :meth:`tag`.
    """

    lib: Library
    options: Options
    predictor: Predictor
    storage: TrackStorage
    reporter: Reporter
    selection: Selection | None = None
    retagged_ids: list[int] = field(default_factory=list, init=False)
    _selection: Selection = field(init=False)
    _policy: Policy = field(init=False)
    _albums: AlbumTagger = field(init=False)
    _chooser: Chooser = field(init=False)

    def __post_init__(self) -> None:
        """Derive what depends on the options."""
        policy = self.options.policy
        by_default = Selection.ALL if policy.force else Selection.WITHOUT_GENRE
        self._selection = self.selection or by_default
        updates = self._selection.updates
        of_albums = replace(policy, force=policy.force and not updates)
        self._albums = AlbumTagger(self.lib, of_albums, self.reporter)
        self._policy = replace(policy, force=policy.force or updates)
        self._chooser = Chooser(
            self._policy,
            self.options.aliases,
            self.options.source,
            self.predictor,
            self.reporter,
            updates,
        )

    def tag(self, items: Iterable[Item]) -> Tally:
        """Tag the tracks that need it, then their albums; count the outcomes.

        Raises:
            ModelUnavailableError: before any track is touched. What goes wrong later is the
                ``failure`` of the predictor.
        """
        tally = Tally()
        units = self._plan(items, tally)
        for unit, results in self._predict(units):
            pool = self._pool(unit, results)
            for result in results:
                if result.track.item_id in unit.wanted:
                    tally[self._tag_track(result, pool)] += 1
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

        def abstain_again(item: Item, prediction: StoredPrediction) -> bool:
            # Any other outcome is decided when its turn comes, from the track as
            # it is then.
            decision = self._chooser.choose(item, prediction, None)
            if self._selection.updates or decision.outcome is not Outcome.ABSTAINED:
                return False
            tally[self._report(item, decision, is_news=False)] += 1
            return True

        planner = Planner(
            self.predictor,
            abstain_again,
            source=self.options.source,
            selection=self._selection,
        )
        return planner.plan(items, settle)

    def _settle(self, item: Item, outcome: Outcome) -> Outcome:
        """Note a track that needs no decision; its file may lack its genre."""
        self._albums.note(item, retagged=False)
        of_file = self._settle_file(item)
        if of_file is Outcome.CAUGHT_UP:
            genres = ", ".join(item.genres)
            self.reporter.line(f"{track_name(item)}: {genres} ({of_file.value})")
        if of_file is not None:
            return of_file
        reason = outcome.value
        if outcome is Outcome.HAD_GENRE:
            reason = choose_tags({}, item.genres, self._policy).reason
        if self.reporter.shows_details:
            self.reporter.detail(f"{track_name(item)}: {reason}")
        return outcome

    def _settle_file(self, item: Item) -> Outcome | None:
        pretend = self.options.pretend
        if not track_is_by_plugin(item):
            return None if pretend else self.storage.rewrite_lost_edit(item)
        if not self.storage.access.catches_up:
            return None
        return self.storage.catch_up(item, pretend=pretend)

    def _predict(self, units: list[Unit]) -> Iterator[tuple[Unit, list[TrackResult]]]:
        """Yield each unit with the results of all of its tracks."""
        tracks = [track for unit in units for track in unit.tracks]
        self.reporter.expect(sum(track.recalled is None for track in tracks))
        stream = self.predictor.predict(tracks)
        for unit in units:
            results = []
            for result in islice(stream, len(unit.tracks)):
                results.append(result)
                if result.is_news:
                    self.reporter.advance()
                    if unit.album_id is not None and not self.options.pretend:
                        # The album may be stopped half-way, and others in it are unwanted.
                        self._remember(result)
            if len(results) < len(unit.tracks):  # stopped
                return
            yield unit, results

    def _remember(self, result: TrackResult) -> None:
        item = None if result.prediction is None else self._fetched(result.track)
        # A genre of the plugin keeps the name of the model that chose it, for --update.
        if item is not None and result.prediction and not track_is_by_plugin(item):
            remember(item, result.prediction)
            item.store()

    def _pool(self, unit: Unit, results: list[TrackResult]) -> Pool | None:
        predictions = [
            one.prediction for one in results if one.prediction and one.prediction.scores
        ]
        scores = [one.scores for one in predictions if not one.unknown_because]
        # An album of which half is unknown is not what the rest sounds like.
        if unit.album_id is None or 2 * len(scores) <= len(predictions):
            return None
        pool = pool_scores(scores, multi_label=self.predictor.multi_label)
        self._albums.policy = spelled(self._albums.policy, self.predictor)
        self._albums.note_pool(unit.album_id, pool)
        return pool

    def _tag_track(self, result: TrackResult, pool: Pool | None) -> Outcome:
        """Decide about one track, and commit what follows."""
        if result.prediction is None:
            self.reporter.warning(str(result.error))
            return Outcome.UNREADABLE
        item = self._fetched(result.track)
        if item is None:
            self.reporter.warning(f"{result.track.path}: no longer in the library")
            return Outcome.UNREADABLE
        if self._selection.updates and not track_is_by_plugin(item):
            return self._settle(item, Outcome.NOT_BY_PLUGIN)
        decision = self._chooser.choose(item, result.prediction, pool)
        if result.error is not None and decision.outcome is Outcome.ABSTAINED:
            decision = replace(decision, words=f"abstained: {result.error}", notes=())
        change = self._plan_change(item, decision)
        if self.options.pretend:
            outcome = change.decision.outcome
        else:
            outcome = self.storage.commit(item, change, result.prediction)
        if outcome is Outcome.NOT_WRITTEN:
            self._remember(result)
            return outcome
        is_written = self.options.pretend or _file_is_written(item)
        decision = change.with_outcome(outcome, is_written=is_written)
        return self._report(item, decision, is_news=result.is_news)

    def _plan_change(self, item: Item, decision: Decision) -> Change:
        access = self.storage.access
        policy, updates = self._policy, self._selection.updates
        replaces_foreign = policy.force and not (updates or policy.keep_existing)
        if depends_on_file(decision, access, replaces_foreign=replaces_foreign):
            state = self.storage.read_state(item)
        else:
            state = TrackState.of(item)
        return plan_change(state, decision, access, replaces_foreign=replaces_foreign)

    def _fetched(self, track: Track) -> Item | None:
        """Fetch a track again, because hours may have passed since the pass began.

        The number of one that was removed is given to the next that is imported.
        """
        item = self.lib.get_item(track.item_id)
        if item is None:
            return None
        is_same = item.filepath == track.path or item.added == track.added
        return item if is_same else None

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
        """Return True if the current genres show that the model did not abstain before."""
        is_fallback = item.genres == [self._policy.fallback]
        return track_is_by_plugin(item) and not is_fallback


def _file_is_written(item: Item) -> bool:
    state = TrackState.of(item)
    return state.is_by_plugin and state.file_written == joined(item.genres)
