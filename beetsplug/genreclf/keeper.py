"""Keeps a decision: in the file first, then in the library, or in neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beets.library import FileOperationError

from beetsplug.genreclf import provenance
from beetsplug.genreclf.file_genres import (
    is_in_step,
    read_file_genres,
    write_file_genres,
)
from beetsplug.genreclf.listening import Listening, remember
from beetsplug.genreclf.tags import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item

    from beetsplug.genreclf.reporter import Reporter


@dataclass(frozen=True)
class Keeper:
    """Stores decisions.

    Attributes:
        reporter: receives warnings.
        write: write genres into files.
        files_are_ours: look at files at all; the importer writes them itself.
    """

    reporter: Reporter
    write: bool
    files_are_ours: bool = True

    def keep(self, item: Item, decision: Decision, listening: Listening) -> bool:
        """Write and store what was heard and decided.

        Returns:
            False if the file could not be written; nothing is stored then, so that
            library and file never disagree.
        """
        in_step, was_ours = is_in_step(item), provenance.track_is_ours(item)
        is_news = remember(item, listening)
        if decision.genres is not None:
            look = self.files_are_ours and not was_ours
            in_file = self._read_genres(item) if look else None
            provenance.claim_track(item, decision.genres, in_file)
            is_news = True
        # A genre of ours that was chosen again may stand in the library only.
        ours_again = decision.outcome is Outcome.UNCHANGED and was_ours
        if self.write and (decision.genres is not None or ours_again):
            return self._write_and_store(item, in_step=in_step)
        if is_news:
            item.store()
        return True

    def _write_and_store(self, item: Item, *, in_step: bool) -> bool:
        """Do both or, on a full disk or an impatient Ctrl-C, neither."""
        before = self._read_genres(item)
        otherwise = "genre neither written nor stored"
        try:
            if not self.write_genres(
                item, item.genres, in_step=in_step, otherwise=otherwise
            ):
                return False
            provenance.note_written(item)
            item.store()
        except BaseException:
            if before is not None:
                write_file_genres(item, before)
            raise
        return True

    def write_genres(
        self, item: Item, genres: Sequence[str], *, in_step: bool, otherwise: str
    ) -> bool:
        """Write genres into a file, with the time of it that the library keeps.

        The time is kept up to date if it was so before, so that ``beet update`` sees no
        change where there is none.

        Args:
            item: whose file it is.
            genres: to write; none removes the tag.
            in_step: whether the file was as the library had seen it last.
            otherwise: the consequence of a failure, for the warning that names the file.

        Returns:
            Whether the file could be written.
        """
        try:
            write_file_genres(item, genres)
        except FileOperationError as error:
            reason = str(error.reason).removeprefix(f"{item.filepath}: ")
            self.reporter.warning(f"{item.filepath}: {otherwise}: {reason}")
            return False
        if in_step:
            item.mtime = item.current_mtime()
        return True

    def _read_genres(self, item: Item) -> list[str] | None:
        try:
            return read_file_genres(item)
        except FileOperationError as error:
            # Where it matters, writing fails with a message of its own.
            self.reporter.detail(f"no tags can be read: {error}")
            return None
