"""One pass over tracks: listen, decide, keep.

Only the thread that calls touches the library, the log and the files; the threads that
listen see paths and nothing else. Outside the thread that opened the library, beets
gives relative paths and logs at another level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from beets.library import FileOperationError

import genre_model
from beetsplug.genreclf import provenance
from beetsplug.genreclf.provenance import Listening
from beetsplug.genreclf.tags import (
    Decision,
    Outcome,
    Tally,
    choose_album_genre,
    choose_tags,
    has_genre,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from beets.library import Album, Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.options import Options
    from genre_model import FileOutcome, GenreClassifier


#: Genres that are remembered with their probabilities.
N_SCORES = 3


class Track(NamedTuple):
    """A track to listen to: its id in the library, and where its file is."""

    item_id: int
    path: Path


@dataclass
class Tagger:
    """Tags tracks and their albums.

    Attributes:
        lib: the library, owned by the calling thread.
        options: what the person chose.
        load_classifier: called when the first track needs it.
        plugin_log: where warnings and reasons go.
        report: receives one line for each track that was heard.
        write: write genres into files; nothing is stored for a file that cannot be
            written, so that library and files never disagree.
        should_stop: asked while waiting; true ends the pass after the current track.
    """

    lib: Library
    options: Options
    load_classifier: Callable[[], GenreClassifier]
    plugin_log: BeetsLogger
    report: Callable[[str], None]
    write: bool
    should_stop: Callable[[], bool] = lambda: False
    _retagged_albums: set[int] = field(default_factory=set, init=False)
    _our_albums: set[int] = field(default_factory=set, init=False)

    def tag(self, items: Iterable[Item]) -> Tally:
        """Tag the tracks that need it, then their albums; count what became of them.

        Raises:
            ModelUnavailableError: before any track is touched.
        """
        tally = Tally()
        tracks = list(self._tracks_to_hear(items, tally))
        for track, outcome in zip(tracks, self._hear(tracks), strict=False):
            tally[self._keep(track, outcome)] += 1
        if not self.options.pretend:
            self._tag_albums()
        return tally

    def _tracks_to_hear(self, items: Iterable[Item], tally: Tally) -> Iterator[Track]:
        for item in items:
            settled = self._settled(item)
            if settled is None:
                # What comes out of a library has an id.
                yield Track(cast("int", item.id), item.filepath)
            else:
                tally[settled] += 1
                self._note_album(item, settled)

    def _settled(self, item: Item) -> Outcome | None:
        """Tell what is known about a track without listening; None if nothing is."""
        if self.options.force:
            return None
        if has_genre(item.genres):
            return Outcome.HAD_GENRE
        last = provenance.last_listening(item)
        if last is None or last.model_id != self.load_classifier().model_id:
            return None
        # A lower threshold than last time deserves another look.
        unsure = last.confidence < self.options.min_confidence
        return Outcome.STILL_UNSURE if unsure else None

    def _hear(self, tracks: list[Track]) -> Iterator[FileOutcome]:
        if not tracks:
            return iter(())
        return genre_model.predict_files(
            self.load_classifier(),
            [track.path for track in tracks],
            n_threads=self.options.threads,
            should_stop=self.should_stop,
        )

    def _keep(self, track: Track, heard: FileOutcome) -> Outcome:
        """Decide about one track and store the decision."""
        if heard.prediction is None:
            self.plugin_log.warning("{}", heard.error)
            return Outcome.UNREADABLE
        # Fetched again, because hours may have passed since the pass began.
        item = self.lib.get_item(track.item_id)
        if item is None:
            self.plugin_log.warning("{}: no longer in the library", track.path)
            return Outcome.UNREADABLE
        decision = choose_tags(heard.prediction.ranked(), item.genres, self.options)
        listening = Listening(
            self.load_classifier().model_id,
            float(heard.prediction.confidence),
            "; ".join(f"{genre} {p:.2f}" for genre, p in heard.prediction.ranked(N_SCORES)),
        )
        line = f"{_name(item)}: {decision.reason}"
        if not self.options.pretend and not self._store(item, decision, listening):
            return Outcome.NOT_WRITTEN
        self.report(line)
        self._note_album(item, decision.outcome)
        return decision.outcome

    def _store(self, item: Item, decision: Decision, listening: Listening) -> bool:
        """Write, then store: in this order beets keeps the file's time right."""
        provenance.note_listening(item, listening)
        if decision.genres is not None:
            provenance.claim_track(item, decision.genres)
        # A genre of ours that was heard again may stand in the library only.
        heard_again = decision.outcome is Outcome.UNCHANGED and provenance.track_is_ours(
            item
        )
        has_to_be_written = self.write and (decision.genres is not None or heard_again)
        if has_to_be_written and not self._write(item):
            return False
        item.store()
        return True

    def _write(self, item: Item) -> bool:
        # Not try_write(), whose message does not say what becomes of the library, and
        # in beets 2.10 does not even name the file.
        try:
            item.write()
        except FileOperationError as error:
            reason = str(error.reason).removeprefix(f"{item.filepath}: ")
            self.plugin_log.warning(
                "{}: genre neither written nor stored: {}", item.filepath, reason
            )
            return False
        return True

    def _note_album(self, item: Item, outcome: Outcome) -> None:
        if item.album_id is None:
            return
        if outcome is Outcome.TAGGED:
            self._retagged_albums.add(item.album_id)
        elif provenance.track_is_ours(item):
            self._our_albums.add(item.album_id)

    def _tag_albums(self) -> None:
        """Give a genre to the albums of our tracks.

        Path formats use the album's genre. It is replaced if it is empty or ours, or by
        force; where this pass tagged no track, only an empty one is filled, which heals
        a pass that was interrupted before its albums.
        """
        for album_id in sorted(self._retagged_albums | self._our_albums):
            album = self.lib.get_album(album_id)
            if album is not None and self._may_tag(album):
                self._tag_album(album)

    def _may_tag(self, album: Album) -> bool:
        if not has_genre(album.genres):
            return True
        ours = self.options.force or provenance.album_is_ours(album)
        return ours and album.id in self._retagged_albums

    def _tag_album(self, album: Album) -> None:
        genre = choose_album_genre(
            (item.genres, _confidence(item)) for item in album.items()
        )
        if genre is None or list(album.genres) == [genre]:
            return
        provenance.claim_album(album, [genre])
        # Inheriting would put the album's genre on every track.
        album.store(inherit=False)
        self.plugin_log.debug("album {0.albumartist} - {0.album}: {1}", album, genre)


def _name(item: Item) -> str:
    """Name a track for people: artist and title, or the file that has neither."""
    names = " - ".join(filter(None, (item.artist, item.title)))
    return names or item.filepath.name


def _confidence(item: Item) -> float:
    last = provenance.last_listening(item)
    return last.confidence if last and provenance.track_is_ours(item) else 0.0
