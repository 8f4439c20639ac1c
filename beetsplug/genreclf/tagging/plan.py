"""Which tracks a pass must decide about, and which it predicts together."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import Outcome, has_genre
from beetsplug.genreclf.tagging.albums import is_various_artists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from beets.library import Item

    from beetsplug.genreclf.predict.predictor import Predictor, Track
    from beetsplug.genreclf.storage.stored_prediction import StoredPrediction


class Selection(Enum):
    """The tracks that a pass decides about."""

    WITHOUT_GENRE = auto()
    ALL = auto()
    #: Those whose genres the plugin wrote, with another model.
    OUTDATED = auto()
    #: Those whose genres the plugin wrote.
    WRITTEN = auto()

    @property
    def updates(self) -> bool:
        """Whether only genres that the plugin wrote are decided about."""
        return self in (Selection.OUTDATED, Selection.WRITTEN)


@dataclass
class Unit:
    """Tracks that are predicted before any of them is decided: an album's, or one.

    Attributes:
        album_id: of the album whose tracks are pooled; None for a track on its own.
        wanted: ids of the tracks to decide about; the others are only predicted.
        tracks: to predict.
    """

    album_id: int | None
    wanted: set[int] = field(default_factory=set)
    tracks: list[Track] = field(default_factory=list)


@dataclass
class Planner:
    """Sorts tracks into those that are settled and units to predict.

    Attributes:
        predictor: knows the model and stored predictions.
        is_settled_by: called with a track on its own and its stored prediction; returns
            True if nothing is left to decide.
        source: ``track``, ``album`` or ``both``.
        selection: the tracks to decide about.
    """

    predictor: Predictor
    is_settled_by: Callable[[Item, StoredPrediction], bool]
    source: str
    selection: Selection
    _pooled: dict[int, bool] = field(default_factory=dict, init=False)

    def plan(
        self, items: Iterable[Item], on_settled: Callable[[Item, Outcome], None]
    ) -> list[Unit]:
        """Return the units to predict, in the order of the items.

        Args:
            items: of the library.
            on_settled: told of each track that nothing is to be decided about.
        """
        units: dict[tuple[str, int | None], Unit] = {}
        for item in items:
            outcome = self._settled(item)
            if outcome is None:
                self._add(units, item)
            else:
                on_settled(item, outcome)
        return list(units.values())

    def _settled(self, item: Item) -> Outcome | None:
        if self.selection is Selection.WITHOUT_GENRE:
            return Outcome.HAD_GENRE if has_genre(item.genres) else None
        if self.selection is Selection.ALL:
            return None
        if not provenance.track_is_by_plugin(item):
            return Outcome.NOT_BY_PLUGIN
        model_id = item.get("genreclf_model", with_album=False)
        is_current = model_id == self.predictor.model_id
        is_outdated = self.selection is Selection.OUTDATED
        return Outcome.UP_TO_DATE if is_current and is_outdated else None

    def _add(self, units: dict[tuple[str, int | None], Unit], item: Item) -> None:
        album = item.get_album() if self._is_pooled(item) else None
        if album is None:
            track = self.predictor.track(item)
            if track.recalled is None or not self.is_settled_by(item, track.recalled):
                units["track", item.id] = Unit(None, {track.item_id}, [track])
            return
        if ("album", album.id) not in units:
            tracks = [self.predictor.track(member) for member in album.items()]
            units["album", album.id] = Unit(album.id, tracks=tracks)
        if item.id is not None:
            units["album", album.id].wanted.add(item.id)

    def _is_pooled(self, item: Item) -> bool:
        if self.source == "track" or item.album_id is None:
            return False
        if item.album_id not in self._pooled:
            album = item.get_album()
            self._pooled[item.album_id] = album is not None and not is_various_artists(
                album
            )
        return self._pooled[item.album_id]
