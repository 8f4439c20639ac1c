"""Keeps a decision: in the file first, then in the library, or in neither."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from beets.library import FileOperationError

from beetsplug.genreclf.music_folder import require_music_folder
from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import Decision, Outcome
from beetsplug.genreclf.storage.concurrent_edits import rewrite_lost_edit, waits_for_revert
from beetsplug.genreclf.storage.file_tags import (
    hidden_genres,
    is_in_step,
    is_settled,
    note_time,
    read_file_genres,
)
from beetsplug.genreclf.storage.file_writer import FileWriter, Written
from beetsplug.genreclf.storage.stored_prediction import StoredPrediction, remember
from beetsplug.genreclf.storage.write_intent import is_stored, lock, note_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beets.library import Item

    from beetsplug.genreclf.ui.reporter import Reporter


@dataclass(frozen=True)
class Keeper:
    """Stores decisions.

    Attributes:
        reporter: receives warnings.
        writer: of the files.
        write: write genres into files.
        files_are_ours: look at files at all; the importer writes them itself.
    """

    reporter: Reporter
    writer: FileWriter
    write: bool
    files_are_ours: bool = True

    def keep(self, item: Item, decision: Decision, listening: StoredPrediction) -> Outcome:
        """Write and store what was heard and decided.

        Returns:
            The outcome. If the file could not be written, nothing is stored, so
            that library and file never disagree.
        """
        if decision.genres is None and not self._may_catch_up(item, decision):
            if remember(item, listening):
                item.store()
            return decision.outcome
        if self.files_are_ours and not self._is_there(item):
            return Outcome.NOT_WRITTEN
        self.writer.prepare(item.filepath)
        return self._keep_genres(item, decision, listening)

    def would_keep(self, item: Item, decision: Decision) -> Outcome:
        """Say what would become of a decision, if files can be written."""
        if not self._may_catch_up(item, decision):
            return decision.outcome
        is_behind = _is_behind(item, self._read_genres(item))
        return Outcome.CAUGHT_UP if is_behind else decision.outcome

    def _may_catch_up(self, item: Item, decision: Decision) -> bool:
        """A genre of ours that was chosen again may stand in the library only."""
        again = decision.outcome is Outcome.UNCHANGED
        return self.write and again and provenance.track_is_ours(item)

    def _keep_genres(
        self, item: Item, decision: Decision, listening: StoredPrediction
    ) -> Outcome:
        in_step, settled = is_in_step(item), is_settled(item)
        in_file = self._read_genres(item) if self.files_are_ours else None
        present = item.genres
        remember(item, listening)
        if decision.genres is None:
            provenance.note_file_genres(item, in_file)
        else:
            provenance.claim_track(item, decision.genres, in_file)
        if self.write:
            written = self._write_and_store(item, present, in_file, in_step=in_step)
            if written is Written.FAILED:
                return Outcome.NOT_WRITTEN
            again = decision.genres is None and written is Written.DONE
            caught_up = again and _is_behind(item, in_file)
            return Outcome.CAUGHT_UP if caught_up else decision.outcome
        if settled:
            # Or `beet update` would take the file's word for a change, and spread it.
            note_time(item)
        is_stored = self._store_untouched(item, present)
        return decision.outcome if is_stored else Outcome.NOT_WRITTEN

    def catch_up(self, item: Item, *, pretend: bool) -> Outcome | None:
        """Write a genre of ours that stands in the library only.

        Returns:
            The outcome; None if the file holds it, or the genre of another program.
        """
        in_file = self._read_genres(item)
        if in_file is None or provenance.joined(in_file) == provenance.joined(item.genres):
            return None
        if not provenance.file_is_known(item, in_file):
            return None
        if pretend:
            return Outcome.CAUGHT_UP
        in_step = is_in_step(item)
        provenance.note_file_genres(item, in_file)
        return {
            Written.DONE: Outcome.CAUGHT_UP,
            Written.KEPT_OUT: None,
            Written.FAILED: Outcome.NOT_WRITTEN,
        }[self._write_and_store(item, item.genres, in_file, in_step=in_step)]

    def rewrite_lost_edit(self, item: Item) -> Outcome | None:
        """Write a user's genre over ours, if another program failed to.

        Returns:
            The outcome; None if there was nothing to write.
        """
        ours = item.get("genreclf_file_genres", with_album=False)
        if not (self.write and ours and item.genres) or waits_for_revert(item):
            return None
        try:
            since = item.current_mtime()
        except OSError:  # whoever needs the file says so
            return None
        match rewrite_lost_edit(item, ours, since, self.writer):
            case Written.DONE:
                return Outcome.CAUGHT_UP
            case Written.FAILED:
                return Outcome.NOT_WRITTEN
        return None

    def genres_of_others(self, item: Item) -> list[str]:
        """Return the genres that another program wrote into the file of a track."""
        in_file = (self._read_genres(item) or []) if self.files_are_ours else []
        return [] if provenance.file_is_known(item, in_file) else in_file

    def hidden_genres(self, item: Item) -> list[str]:
        """Return genres in a tag of the file that beets does not read, if no other does."""
        found = hidden_genres(item)
        return [] if found and self._read_genres(item) else found

    def _write_and_store(
        self,
        item: Item,
        present: list[str],
        before: Sequence[str] | None,
        *,
        in_step: bool,
    ) -> Written:
        """Do both or, on a full disk or an impatient Ctrl-C, neither.

        Nor if another process has changed the genres in the library, the present ones
        when this was decided.
        """
        if not self._is_untouched(item, present):
            return Written.FAILED
        take_back = note_ahead(item)
        try:
            written = self.writer.write(
                item,
                item.genres,
                in_step=in_step,
                otherwise="genre neither written nor stored",
                before=before,
            )
            with item.db.transaction() as transaction:
                lock(transaction, item)
                if written is not Written.FAILED and not self._is_untouched(item, present):
                    self._put_back(item, before)
                    written = Written.FAILED
                take_back()
                if written is not Written.FAILED:
                    self._store(item, written)
        except BaseException as error:
            self._undo(item, before, take_back, error)
            raise
        return written

    def _store_untouched(self, item: Item, present: list[str]) -> bool:
        """Store, unless another process has changed the genres in the library."""
        with item.db.transaction() as transaction:
            lock(transaction, item)
            is_untouched = self._is_untouched(item, present)
            if is_untouched:
                item.store()
        return is_untouched

    def _store(self, item: Item, written: Written) -> None:
        if written is Written.DONE:
            provenance.note_written(item)
        item.store()

    def _undo(
        self,
        item: Item,
        before: Sequence[str] | None,
        take_back: Callable[[], None],
        error: BaseException,
    ) -> None:
        """Put file and library back as they were; nothing here hides the error."""
        if isinstance(error, sqlite3.Error):
            # beets may still hold the lock of its database: asking again would wait for
            # ever. The next run does without the note.
            self._put_back(item, before)
        elif not is_stored(item):
            self._put_back(item, before)
            take_back()

    def _put_back(self, item: Item, before: Sequence[str] | None) -> None:
        if before is not None:
            self.writer.put_back(item, before)

    def _is_untouched(self, item: Item, present: list[str]) -> bool:
        row = item.db.get_item(cast("int", item.id))
        # The same genres are those of another run.
        if row is not None and row.genres in (present, item.genres):
            return True
        self.reporter.warning(
            f"{item.filepath}: genre neither written nor stored: another program changed "
            "it in the library meanwhile"
        )
        return False

    def _is_there(self, item: Item) -> bool:
        if item.filepath.exists():
            return True
        require_music_folder(self.writer.music_folder, item.filepath)
        self.reporter.warning(f"{item.filepath}: genre not stored: the file is missing")
        return False

    def _read_genres(self, item: Item) -> list[str] | None:
        self.writer.prepare(item.filepath)
        try:
            return read_file_genres(item)
        except FileOperationError as error:
            # Where it matters, writing fails with a message of its own.
            self.reporter.detail(f"no tags can be read: {error}")
            return None


def _is_behind(item: Item, in_file: Sequence[str] | None) -> bool:
    """Return True if a file holds something else than the library."""
    return in_file is not None and list(in_file) != provenance.clean(item.genres)
