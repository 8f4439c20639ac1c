"""Commits changes: to the file first, then to the library, or to neither."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, cast

from beets.dbcore.query import InQuery
from beets.library import FileOperationError

from beetsplug.genreclf.music_folder import require_music_folder
from beetsplug.genreclf.policy.change import FileAccess
from beetsplug.genreclf.policy.policy import Outcome
from beetsplug.genreclf.policy.provenance import joined
from beetsplug.genreclf.policy.track_state import TrackState
from beetsplug.genreclf.storage.file_tags import (
    beet_update_is_noop,
    mtime_is_current,
    note_mtime,
    read_file_genres,
    read_hidden_genres,
)
from beetsplug.genreclf.storage.file_writer import FileWriter, Written
from beetsplug.genreclf.storage.stored_prediction import StoredPrediction, remember

if TYPE_CHECKING:
    from beets.dbcore.db import Transaction
    from beets.library import Item, Library

    from beetsplug.genreclf.policy.change import Change
    from beetsplug.genreclf.ui.reporter import Reporter

#: The consequence of a failure, in its warning.
NEITHER = "genre neither written nor stored"
#: Rows of a library that are read at once.
N_ROWS = 500


@dataclass(frozen=True)
class TrackStorage:
    """Reads the state of tracks, and commits changes of it.

    Attributes:
        reporter: receives warnings.
        writer: of the files.
        access: to the files.
    """

    reporter: Reporter
    writer: FileWriter
    access: FileAccess

    def read_state(self, item: Item) -> TrackState:
        """Return what the library and the file of a track hold."""
        state = TrackState.of(item)
        hidden = read_hidden_genres(item)
        has_access = self.access is not FileAccess.NONE
        in_file = self._read_file(item) if hidden or has_access else None
        # Beside a genre that beets reads, a hidden one hides nothing.
        state = replace(state, hidden=() if in_file else tuple(hidden))
        return replace(state, in_file=in_file) if has_access else state

    def commit(self, item: Item, change: Change, prediction: StoredPrediction) -> Outcome:
        """Write and store a change, and the prediction that it follows from.

        Returns:
            The outcome. If the file could not be written, nothing is stored, so
            that library and file never disagree.
        """
        outcome = change.decision.outcome
        if change.after is None:
            if remember(item, prediction):
                item.store()
            return outcome
        if self.access is not FileAccess.NONE and not self._is_there(item):
            return Outcome.NOT_WRITTEN
        if not self.access.writes:
            is_stored = self._store(item, change.before, change.after, prediction)
            return outcome if is_stored else Outcome.NOT_WRITTEN
        written = self._write_and_store(item, change.before, change.after, prediction)
        if written is Written.FAILED:
            return Outcome.NOT_WRITTEN
        is_kept_out = written is Written.KEPT_OUT and outcome is Outcome.CAUGHT_UP
        return Outcome.UNCHANGED if is_kept_out else outcome

    def catch_up(
        self, item: Item, *, pretend: bool = False, otherwise: str = NEITHER
    ) -> Outcome | None:
        """Write a genre of the plugin that is in the library only.

        Args:
            item: the track.
            pretend: only say what would be done.
            otherwise: the consequence of a failure, for the warning.

        Returns:
            The outcome; None if the file holds it, or the genre of another program.
        """
        in_file = self._read_file(item)
        state = replace(TrackState.of(item), in_file=in_file)
        if in_file is None or joined(in_file) == joined(state.genres):
            return None
        if state.foreign_genres:
            return None
        if pretend:
            return Outcome.CAUGHT_UP
        written = self._write_and_store(item, state, state.note_file(), otherwise=otherwise)
        if written is Written.FAILED:
            state.apply_to(item)
        return _outcome_of(written)

    def rewrite_lost_edit(self, item: Item) -> Outcome | None:
        """Write the user's genre over one of the plugin, if another program failed to.

        Returns:
            The outcome; None if there was nothing to write.
        """
        state = TrackState.of(item)
        written = state.file_written
        if not (self.access.writes and written and item.genres) or state.waits_for_revert:
            return None
        try:
            since = item.current_mtime()
        except OSError:  # reported where the file is needed
            return None
        return _outcome_of(self._rewrite_lost_edit(item, written, since))

    def rewrite_lost_edits(self, lib: Library) -> int:
        """Write the genres that tracks got in the library after their files were written.

        A program such as ``beet modify``, which has opened a file just before its copy took
        its place, writes into what is no file any more. It then tells the library of the
        edit, and takes the file for written.

        Returns:
            How many files could not be written.
        """
        n_failed = 0
        item_ids = iter(list(self.writer.written))
        while chunk := list(islice(item_ids, N_ROWS)):
            for item in lib.items(InQuery("id", chunk)):
                last = self.writer.written[cast("int", item.id)]
                if joined(item.genres) != last.library:
                    written = self._rewrite_lost_edit(item, last.file, last.since)
                    n_failed += written is Written.FAILED
        return n_failed

    def _rewrite_lost_edit(self, item: Item, in_file: str, since: int) -> Written | None:
        """Write the genres of a track into its file, if beets believes that they are there.

        A user who keeps a genre out of the file on purpose, with ``beet modify -W``, keeps
        beets from believing that.

        Args:
            item: as it is in the library.
            in_file: genres that its file got from the plugin last, as one text.
            since: time of the file, in seconds, when it first got something from the
                plugin. A program that believes to have written it later believes in no
                earlier time.
        """
        state = TrackState.of(item)
        if state.is_by_plugin or item.mtime < since:
            return None
        current = self._read_file(item)
        if current is None or joined(current) != in_file or in_file == joined(item.genres):
            return None
        genres = ", ".join(item.genres) or "no genre"
        written = self.writer.write(
            item,
            item.genres,
            before=current,
            in_step=True,
            otherwise=f"{genres} in the library only",
        )
        item.store()
        return written

    def _read_file(self, item: Item) -> tuple[str, ...] | None:
        self.writer.prepare(item.filepath)
        try:
            return tuple(read_file_genres(item))
        except FileOperationError as error:
            # Where it matters, writing fails with a message of its own.
            self.reporter.detail(f"no tags can be read: {error}")
            return None

    def _store(
        self,
        item: Item,
        before: TrackState,
        after: TrackState,
        prediction: StoredPrediction,
    ) -> bool:
        """Store a change in the library only, unless another process has changed genres."""
        is_noop = beet_update_is_noop(item)
        remember(item, prediction)
        after.apply_to(item)
        if is_noop:
            # Or `beet update` would take the file's word for a change, and spread it.
            note_mtime(item)
        with item.db.transaction() as transaction:
            lock(transaction, item)
            if not self._is_untouched(item, before):
                return False
            item.store()
        return True

    def _write_and_store(
        self,
        item: Item,
        before: TrackState,
        after: TrackState,
        prediction: StoredPrediction | None = None,
        otherwise: str = NEITHER,
    ) -> Written:
        """Do both or, on a full disk or an impatient Ctrl-C, neither.

        Nor if another process has changed the genres in the library since they were read.
        """
        in_step = mtime_is_current(item)
        store_intent(item, after)
        if prediction is not None:
            remember(item, prediction)
        after.apply_to(item)
        try:
            written = self.writer.write(
                item,
                item.genres,
                before=before.in_file,
                in_step=in_step,
                otherwise=otherwise,
            )
            with item.db.transaction() as transaction:
                lock(transaction, item)
                if written is not Written.FAILED and not self._is_untouched(item, before):
                    self._put_back(item, before)
                    written = Written.FAILED
                if written is Written.FAILED:
                    _take_back_intent(item, before)
                else:
                    note_outcome(item, after, written)
        except BaseException as error:
            self._undo(item, before, error)
            raise
        return written

    def _undo(self, item: Item, before: TrackState, error: BaseException) -> None:
        """Put file and library back as they were; nothing here hides the error."""
        if isinstance(error, sqlite3.Error):
            # beets may still hold the lock of its database: asking again would wait for
            # ever. The next run does without the note.
            self._put_back(item, before)
        elif not _is_stored(item):
            self._put_back(item, before)
            _take_back_intent(item, before)

    def _put_back(self, item: Item, before: TrackState) -> None:
        if before.in_file is not None:
            self.writer.put_back(item, before.in_file)

    def _is_untouched(self, item: Item, before: TrackState) -> bool:
        row = item.db.get_item(cast("int", item.id))
        # The same genres are those of another run.
        if row is not None and row.genres in (list(before.genres), item.genres):
            return True
        self.reporter.warning(
            f"{item.filepath}: {NEITHER}: another program changed it in the library "
            "meanwhile"
        )
        return False

    def _is_there(self, item: Item) -> bool:
        if item.filepath.exists():
            return True
        require_music_folder(self.writer.music_folder, item.filepath)
        self.reporter.warning(f"{item.filepath}: genre not stored: the file is missing")
        return False


def lock(transaction: Transaction, item: Item) -> None:
    """Let no other process store an edit of a track until a transaction ends."""
    transaction.mutate("UPDATE items SET id = id WHERE id = ?", (item.id,))


def store_intent(item: Item, after: TrackState) -> None:
    """Store that the genres of a track will be in its file, and the previous ones.

    A process that is killed between file and library would otherwise leave a genre in the
    file that the library knows nothing of, and the next run would take it for the user's.
    The prediction is not stored yet: a track whose genre is not stored is decided again.
    """
    state = TrackState.of(item)
    intent = replace(
        state,
        previous=after.previous,
        file_previous=after.file_previous,
        file_written=joined(after.genres),
    )
    intent.apply_to(item)
    item.store()


def note_outcome(item: Item, after: TrackState, written: Written) -> None:
    """Store a change whose file was written, or kept out of it by another plugin."""
    (after.note_written() if written is Written.DONE else after).apply_to(item)
    item.store()


def _take_back_intent(item: Item, before: TrackState) -> None:
    # Another object, because this one holds what is not to be stored.
    row = item.db.get_item(cast("int", item.id))
    if row is not None:
        state = TrackState.of(row)
        replace(
            state,
            previous=before.previous,
            file_previous=before.file_previous,
            file_written=before.file_written,
        ).apply_to(row)
        row.store()


def _is_stored(item: Item) -> bool:
    """Return True if the library has the genres of a track, and the claim to them."""
    row = item.db.get_item(cast("int", item.id))
    if row is None or row.genres != item.genres:
        return False
    return TrackState.of(row).claimed == TrackState.of(item).claimed


def _outcome_of(written: Written | None) -> Outcome | None:
    outcomes = {Written.DONE: Outcome.CAUGHT_UP, Written.FAILED: Outcome.NOT_WRITTEN}
    return None if written is None else outcomes.get(written)
