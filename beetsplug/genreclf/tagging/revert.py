"""Restores the previous genres, in the library and in the files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from beets.library import FileOperationError

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import Outcome, Tally
from beetsplug.genreclf.storage.file_tags import (
    is_in_step,
    is_settled,
    note_time,
    read_file_genres,
)
from beetsplug.genreclf.storage.file_writer import Written
from beetsplug.genreclf.storage.write_intent import lock
from beetsplug.genreclf.ui.naming import track_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.storage.commit import Keeper
    from beetsplug.genreclf.ui.reporter import Reporter


class GivenBack(Enum):
    """The outcome of a file."""

    NOT_OURS = auto()
    CHANGED_SINCE = auto()
    DONE = auto()
    STILL_OURS = auto()
    FAILED = auto()


GIVEN_BACK = {
    Written.DONE: GivenBack.DONE,
    Written.KEPT_OUT: GivenBack.STILL_OURS,
    Written.FAILED: GivenBack.FAILED,
}


@dataclass(frozen=True)
class _Standing:
    """The genres in the library before a track is reverted, and the previous ones.

    Attributes:
        genres: in the library.
        before: what ours replaced there; None if ours do not stand there.
        file_before: what ours replaced in the file.
        was_stored: whether ours ever stood in the library: a run that was killed may have
            said what it would write, and not written it.
    """

    genres: list[str]
    before: list[str] | None
    file_before: list[str]
    was_stored: bool

    @classmethod
    def of(cls, item: Item) -> _Standing:
        """Look at a track."""
        return cls(
            item.genres,
            provenance.genres_before_us(item),
            provenance.file_genres_before_us(item),
            was_stored=item.get("genreclf_genres", with_album=False) is not None,
        )

    def line(self, given_back: GivenBack) -> str | None:
        """Return the line about the outcome; None if nothing happened."""
        if self.before is not None:
            note = self._note_on_file(given_back)
            return f"{_listed(self.before)} (was: {_listed(self.genres)}{note})"
        if given_back is GivenBack.DONE:
            return f"{_listed(self.file_before)} in the file again"
        return None

    def _note_on_file(self, given_back: GivenBack) -> str:
        if given_back is GivenBack.CHANGED_SINCE:
            return "; the file's was changed since, left alone"
        if given_back is GivenBack.DONE and self.file_before != self.before:
            return f"; in the file again: {_listed(self.file_before)}"
        return ""


@dataclass
class Reverter:
    """Gives tracks the genres back that ours replaced, and forgets that we were there.

    A genre that was changed after us is left alone.

    Attributes:
        lib: the library, owned by the calling thread.
        keeper: writes files.
        reporter: receives one line for each track that was reverted.
        pretend: only say what would be done.
        should_stop: asked before each track.
        retagged_ids: tracks whose genres changed, after :meth:`revert`.
        retagged_album_ids: albums whose genres changed.
    """

    lib: Library
    keeper: Keeper
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
        if not provenance.ever_ours(item):
            if provenance.forget(item) and not self.pretend:
                item.store()
            return Outcome.NOT_OURS
        stood = _Standing.of(item)
        given_back = self._give_back_file(item)
        if given_back is GivenBack.FAILED:
            return Outcome.NOT_WRITTEN
        keep_memory = given_back is GivenBack.STILL_OURS
        before = stood.before
        if not (self.pretend or self._restore(item, before, keep_memory=keep_memory)):
            stood = replace(stood, before=None)
        line = stood.line(given_back)
        if line is None:
            return Outcome.CHANGED_SINCE if stood.was_stored else Outcome.NOT_OURS
        self.reporter.line(f"{track_name(item)}: {line}")
        return Outcome.REVERTED

    def _restore(self, item: Item, before: list[str] | None, *, keep_memory: bool) -> bool:
        """Store the previous genres, unless another process has stored others since.

        Returns:
            Whether nobody had.
        """
        in_step = is_settled(item) if keep_memory else is_in_step(item)
        with item.db.transaction() as transaction:
            lock(transaction, item)
            row = item.db.get_item(cast("int", item.id))
            # Whoever has changed them meanwhile knows better.
            is_untouched = row is not None and row.genres == item.genres
            if row is not None and not is_untouched and provenance.track_is_ours(row):
                return False  # another run, whose memory of what was there is needed
            if before is not None and is_untouched:
                item.genres = before
                self._note_changed(item)
            if row is not None and not is_untouched:
                item.genres, item.mtime = row.genres, row.mtime
            elif in_step:
                note_time(item)
            if not keep_memory:
                provenance.forget(item)
            item.store()
        if is_untouched:
            self.keeper.writer.note_library(item)
        return is_untouched

    def _give_back_file(self, item: Item) -> GivenBack:
        """Put back what the file held, if it still holds what we wrote."""
        self.keeper.writer.prepare(item.filepath)
        in_step = is_in_step(item)
        try:
            in_file = read_file_genres(item)
        except FileOperationError as error:
            return self._cannot_read(item, error)
        if not provenance.file_is_ours(item, in_file):
            changed = _was_changed(item, in_file)
            return GivenBack.CHANGED_SINCE if changed else GivenBack.NOT_OURS
        if not self.keeper.write:
            return GivenBack.STILL_OURS
        before = provenance.file_genres_before_us(item)
        if self.pretend:
            return GivenBack.DONE
        written = self.keeper.writer.write(
            item, before, in_step=in_step, otherwise="not reverted", before=in_file
        )
        return GIVEN_BACK[written]

    def _cannot_read(self, item: Item, error: FileOperationError) -> GivenBack:
        if not self.keeper.write:
            return GivenBack.STILL_OURS
        self.keeper.writer.warn(item, "not reverted", error)
        return GivenBack.FAILED

    def _note_changed(self, item: Item) -> None:
        if item.id is not None:
            self.retagged_ids.append(item.id)

    def _revert_album(self, album: Album) -> None:
        """Revert an album once none of its tracks is ours."""
        if self.pretend or any(map(provenance.track_is_ours, album.items())):
            return
        before = provenance.album_genres_before_us(album)
        if before is not None:
            album.genres = before
            self.retagged_album_ids.add(cast("int", album.id))
        if provenance.forget(album) or before is not None:
            # Inheriting would put the album's genre on every track.
            album.store(inherit=False)


def _was_changed(item: Item, in_file: Sequence[str]) -> bool:
    """Return True if another program put another genre into a file that we had written."""
    was_written = bool(item.get("genreclf_file_genres", with_album=False))
    before = provenance.file_genres_before_us(item)
    return was_written and list(in_file) != before


def _listed(genres: Sequence[str]) -> str:
    return ", ".join(genres) or "no genre"
