"""Undoing: what stood there before us, in the library as in the files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from beets.library import FileOperationError

from beetsplug.genreclf import provenance
from beetsplug.genreclf.file_genres import is_in_step, read_file_genres
from beetsplug.genreclf.lost_disk import require_music_folder
from beetsplug.genreclf.naming import track_name
from beetsplug.genreclf.tags import Outcome, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.keeper import Keeper
    from beetsplug.genreclf.reporter import Reporter


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
        """Revert tracks, then their albums; count what became of them."""
        tally = Tally()
        album_ids: set[int] = set()
        for item in items:
            if self.should_stop():
                break
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
        before = provenance.genres_before_us(item)
        if before is None:
            return self._forget(item)
        line = f"{track_name(item)}: {_listed(before)} (was: {_listed(item.genres)})"
        if not self.pretend and not self._restore(item, before):
            return Outcome.NOT_WRITTEN
        self.reporter.line(line)
        return Outcome.REVERTED

    def _restore(self, item: Item, before: list[str]) -> bool:
        in_step = is_in_step(item)
        if self.keeper.write and not self._restore_file(item, in_step=in_step):
            return False
        mtime = item.mtime
        item.genres = before
        if in_step and self.keeper.write:
            item.mtime = mtime
        provenance.forget(item)
        item.store()
        if item.id is not None:
            self.retagged_ids.append(item.id)
        return True

    def _restore_file(self, item: Item, *, in_step: bool) -> bool:
        """Put back what the file held, if it still holds what we wrote."""
        try:
            in_file = read_file_genres(item)
        except FileOperationError as error:
            folder = Path(os.fsdecode(self.lib.directory))
            require_music_folder(folder, item.filepath)
            reason = str(error.reason).removeprefix(f"{item.filepath}: ")
            self.reporter.warning(f"{item.filepath}: not reverted: {reason}")
            return False
        if not provenance.file_is_ours(item, in_file):
            return True
        before = provenance.file_genres_before_us(item)
        return self.keeper.write_genres(
            item, before, in_step=in_step, otherwise="not reverted"
        )

    def _forget(self, item: Item) -> Outcome:
        """Forget a track that is not ours (any more); its genres stay."""
        ever_ours = bool(item.get("genreclf_genres", with_album=False))
        if provenance.forget(item) and not self.pretend:
            item.store()
        return Outcome.CHANGED_SINCE if ever_ours else Outcome.NOT_OURS

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


def _listed(genres: Sequence[str]) -> str:
    return ", ".join(genres) or "no genre"
