"""Restores the previous genres, in the library and in the files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from beets.library import FileOperationError

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import Outcome, Tally
from beetsplug.genreclf.policy.track_state import TrackState
from beetsplug.genreclf.storage.commit import lock
from beetsplug.genreclf.storage.file_tags import (
    beet_update_is_noop,
    mtime_is_current,
    note_mtime,
    read_file_genres,
)
from beetsplug.genreclf.storage.file_writer import Written
from beetsplug.genreclf.ui.text import track_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.storage.commit import TrackStorage
    from beetsplug.genreclf.ui.reporter import Reporter


class FileRestored(Enum):
    """The outcome of a file."""

    NOT_BY_PLUGIN = auto()
    CHANGED_SINCE = auto()
    DONE = auto()
    KEPT = auto()
    FAILED = auto()


RESTORED = {
    Written.DONE: FileRestored.DONE,
    Written.KEPT_OUT: FileRestored.KEPT,
    Written.FAILED: FileRestored.FAILED,
}


@dataclass
class Reverter:
    """Restores the genres of tracks from before the plugin, and removes its fields.

    A genre that was changed after the plugin wrote it is left alone.

    Attributes:
        lib: the library, owned by the calling thread.
        storage: reads and writes files.
        reporter: receives one line for each track that was reverted.
        pretend: only say what would be done.
        should_stop: asked before each track.
        retagged_ids: tracks whose genres changed, after :meth:`revert`.
        retagged_album_ids: albums whose genres changed.
    """

    lib: Library
    storage: TrackStorage
    reporter: Reporter
    pretend: bool
    should_stop: Callable[[], bool] = lambda: False
    retagged_ids: list[int] = field(default_factory=list, init=False)
    retagged_album_ids: set[int] = field(default_factory=set, init=False)

    def revert(self, items: Iterable[Item]) -> Tally:
        """Revert tracks, then their albums; count the outcomes."""
        tally = Tally()
        album_ids: set[int] = set()
        for known in items:
            # Fetched again, because minutes may have passed since the query.
            item = self.lib.get_item(cast("int", known.id))
            if self.should_stop():
                break
            if item is None:
                continue
            outcome = self._revert_track(item)
            tally[outcome] += 1
            if outcome is not Outcome.NOT_WRITTEN and item.album_id is not None:
                album_ids.add(item.album_id)
        for album_id in sorted(album_ids):
            album = self.lib.get_album(album_id)
            if album is not None:
                self._revert_album(album)
        return tally

    def _revert_track(self, item: Item) -> Outcome:
        state = TrackState.of(item)
        if not state.was_ever_by_plugin:
            if provenance.forget(item) and not self.pretend:
                item.store()
            return Outcome.NOT_BY_PLUGIN
        restored = self._restore_file(item, state)
        if restored is FileRestored.FAILED:
            return Outcome.NOT_WRITTEN
        previous = state.previous_genres
        keeps_fields = restored is FileRestored.KEPT
        if not (self.pretend or self._restore(item, previous, keeps_fields=keeps_fields)):
            previous = None
        line = _line(state, previous, restored)
        if line is None:
            # A run that was killed may have noted a genre, and not written it.
            was_stored = state.claimed is not None
            return Outcome.CHANGED_SINCE if was_stored else Outcome.NOT_BY_PLUGIN
        self.reporter.line(f"{track_name(item)}: {line}")
        return Outcome.REVERTED

    def _restore(
        self, item: Item, previous: list[str] | None, *, keeps_fields: bool
    ) -> bool:
        """Store the previous genres, unless another process has stored others since.

        Returns:
            False if one has.
        """
        in_step = beet_update_is_noop(item) if keeps_fields else mtime_is_current(item)
        with item.db.transaction() as transaction:
            lock(transaction, item)
            row = item.db.get_item(cast("int", item.id))
            is_untouched = row is not None and row.genres == item.genres
            if row is not None and not is_untouched and provenance.track_is_by_plugin(row):
                return False  # another run, whose note of the previous genres is needed
            if previous is not None and is_untouched:
                item.genres = previous
                self.retagged_ids.append(cast("int", item.id))
            if row is not None and not is_untouched:
                item.genres, item.mtime = row.genres, row.mtime
            elif in_step:
                note_mtime(item)
            if not keeps_fields:
                provenance.forget(item)
            item.store()
        if is_untouched:
            self.storage.writer.note_library(item)
        return is_untouched

    def _restore_file(self, item: Item, state: TrackState) -> FileRestored:
        """Put back what the file held, if it still holds what the plugin wrote."""
        writer, writes = self.storage.writer, self.storage.access.writes
        writer.prepare(item.filepath)
        in_step = mtime_is_current(item)
        try:
            in_file = read_file_genres(item)
        except FileOperationError as error:
            if writes:
                writer.warn(item, "not reverted", error)
            return FileRestored.FAILED if writes else FileRestored.KEPT
        previous = state.previous_file_genres
        if not replace(state, in_file=tuple(in_file)).file_is_by_plugin:
            is_changed = bool(state.file_written) and in_file != previous
            return FileRestored.CHANGED_SINCE if is_changed else FileRestored.NOT_BY_PLUGIN
        if not writes:
            return FileRestored.KEPT
        if self.pretend:
            return FileRestored.DONE
        written = writer.write(
            item, previous, before=in_file, in_step=in_step, otherwise="not reverted"
        )
        return RESTORED[written]

    def _revert_album(self, album: Album) -> None:
        """Revert an album once no track of it has a genre of the plugin."""
        if self.pretend or any(map(provenance.track_is_by_plugin, album.items())):
            return
        previous = provenance.previous_album_genres(album)
        if previous is not None:
            album.genres = previous
            self.retagged_album_ids.add(cast("int", album.id))
        if provenance.forget(album) or previous is not None:
            # Inheriting would put the album's genre on every track.
            album.store(inherit=False)


def _line(
    before: TrackState, previous: list[str] | None, restored: FileRestored
) -> str | None:
    """Return the line about a track; None if nothing happened."""
    in_file = _listed(before.previous_file_genres)
    if previous is not None:
        note = ""
        if restored is FileRestored.CHANGED_SINCE:
            note = "; the file's was changed since, left alone"
        elif restored is FileRestored.DONE and before.previous_file_genres != previous:
            note = f"; in the file again: {in_file}"
        return f"{_listed(previous)} (was: {_listed(before.genres)}{note})"
    return f"{in_file} in the file again" if restored is FileRestored.DONE else None


def _listed(genres: Sequence[str]) -> str:
    return ", ".join(genres) or "no genre"
