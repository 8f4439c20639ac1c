"""Writes genres into files; what fails becomes a warning."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, cast

from beets.library import FileOperationError

from beetsplug.genreclf.file_genres import (
    DiskFullError,
    put_back_file_genres,
    write_file_genres,
)
from beetsplug.genreclf.lost_disk import require_music_folder
from beetsplug.genreclf.provenance import joined
from beetsplug.genreclf.terminal import user_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beets.library import Item

    from beetsplug.genreclf.reporter import Reporter


#: Files that do not fit, one after another, before a run ends.
N_FULL = 3


class Written(Enum):
    """What became of a write; ``KEPT_OUT`` by another plugin, as ``zero`` does."""

    DONE = auto()
    KEPT_OUT = auto()
    FAILED = auto()


class Standing(NamedTuple):
    """Genres of a track when its file was written, each as one text."""

    file: str
    library: str


@dataclass(frozen=True)
class FileWriter:
    """Writes genres into files.

    Attributes:
        reporter: receives warnings.
        music_folder: of the library, if its files should lie there already.
        safe_write: edit copies of files, which then take their place.
        written: id of a track -> what its file got from us last.
    """

    reporter: Reporter
    music_folder: Path | None = None
    safe_write: bool = True
    written: dict[int, Standing] = field(default_factory=dict, init=False)
    _full: list[Path] = field(default_factory=list, init=False)

    def write(
        self,
        item: Item,
        genres: Sequence[str],
        *,
        in_step: bool,
        otherwise: str,
        before: Sequence[str] | None = None,
    ) -> Written:
        """Write genres into a file, with the time of it that the library keeps.

        The time is kept up to date if it was so before, so that ``beet update`` sees no
        change where there is none.

        Args:
            item: whose file it is.
            genres: to write; none removes the tag.
            in_step: whether the file was as the library had seen it last.
            otherwise: the consequence of a failure, for the warning that names the file.
            before: what stood there when this was decided; None if nobody looked.

        Raises:
            UserError: if the whole music folder is gone, or its disk full again and again.
        """
        try:
            holds_them = write_file_genres(
                item, genres, before=before, safe=self.safe_write
            )
        except FileOperationError as error:
            self.warn(item, otherwise, error)
            self._count_full_disk(item, error)
            return Written.FAILED
        self._full.clear()
        if in_step:
            item.mtime = item.current_mtime()
        if not holds_them:
            return Written.KEPT_OUT
        self._note(item, genres)
        return Written.DONE

    def put_back(self, item: Item, genres: Sequence[str]) -> None:
        """Undo :meth:`write`, unless somebody wrote after it; a lost disk is no matter."""
        with suppress(FileOperationError):  # as will be said
            put_back_file_genres(item, genres, safe=self.safe_write)
            self._note(item, genres)

    def note_library(self, item: Item) -> None:
        """Note that the library got other genres than the file, where it was written."""
        item_id = cast("int", item.id)
        if item_id in self.written:
            standing = self.written[item_id]._replace(library=joined(item.genres))
            self.written[item_id] = standing

    def warn(self, item: Item, otherwise: str, error: FileOperationError) -> None:
        """Say what happened to a file.

        Raises:
            UserError: if the whole music folder is gone.
        """
        require_music_folder(self.music_folder, item.filepath)
        reason = str(error.reason).removeprefix(f"{item.filepath}: ")
        self.reporter.warning(f"{item.filepath}: {otherwise}: {reason}")

    def _count_full_disk(self, item: Item, error: FileOperationError) -> None:
        """Say it for some files, but not for the 50,000 that come after them."""
        self._full.append(item.filepath)
        if not isinstance(error.reason, DiskFullError):
            self._full.clear()
        elif len(self._full) == N_FULL:
            raise user_error(
                f"genreclf: the disk of {item.filepath.parent} is full; make room, and run "
                "the command again: it goes on where it ended"
            )

    def _note(self, item: Item, genres: Sequence[str]) -> None:
        standing = Standing(joined(genres), joined(item.genres))
        self.written[cast("int", item.id)] = standing
