"""Writes genres into files; what fails becomes a warning."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, cast

from beets.library import FileOperationError

from beetsplug.genreclf.music_folder import require_music_folder
from beetsplug.genreclf.policy.provenance import joined
from beetsplug.genreclf.storage.crash_recovery import CrashRecovery
from beetsplug.genreclf.storage.file_tags import (
    DiskFullError,
    ForbiddenError,
    ReadOnlyError,
    note_mtime,
    put_back_file_genres,
    write_file_genres,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beets.library import Item

    from beetsplug.genreclf.ui.reporter import Reporter


#: Files that do not fit, or folders that may not be written, before a run ends.
N_REFUSED = 3


class Written(Enum):
    """The outcome of a write; ``KEPT_OUT`` by another plugin, as ``zero`` does."""

    DONE = auto()
    KEPT_OUT = auto()
    FAILED = auto()


class LastWrite(NamedTuple):
    """A track when its file was written.

    Attributes:
        file: genres in the file, as one text.
        library: genres in the library, as one text.
        since: time of the file, in seconds, after the first write.
    """

    file: str
    library: str
    since: int


@dataclass
class FileWriter:
    """Writes genres into files.

    Attributes:
        reporter: receives warnings.
        music_folder: of the library, if its files should lie there already.
        safe_write: edit files beside a copy.
        recovers: clean up after killed runs before files are read.
        written: id of a track -> the last write of its file.
        full_folder: whose disk is full again and again; None if none is.
        read_only_folder: the music folder, if nothing in it can be written.
    """

    reporter: Reporter
    music_folder: Path | None = None
    safe_write: bool = True
    recovers: bool = True
    written: dict[int, LastWrite] = field(default_factory=dict, init=False)
    full_folder: Path | None = field(default=None, init=False)
    read_only_folder: Path | None = field(default=None, init=False)
    #: Why the last files, or those of the last folders, could not be written.
    _refusal: type[Exception] | None = field(default=None, init=False)
    _refused: set[Path] = field(default_factory=set, init=False)
    _recovery: CrashRecovery = field(init=False)

    def __post_init__(self) -> None:
        """Clean up each folder once."""
        self._recovery = CrashRecovery(self.reporter)

    def prepare(self, path: Path) -> Path:
        """Clean up after killed runs beside a file that is to be read; return the file."""
        if self.recovers:
            self._recovery.visit(path)
        return path

    def write(
        self,
        item: Item,
        genres: Sequence[str],
        *,
        before: Sequence[str] | None,
        in_step: bool,
        otherwise: str,
    ) -> Written:
        """Write genres into a file, with the time of it that the library keeps.

        The time is kept up to date if it was so before, so that ``beet update`` sees no
        change where there is none.

        Args:
            item: whose file it is.
            genres: to write; none removes the tag.
            before: the genres in the file when this was decided; None if they could not
                be read.
            in_step: the library knew the file as it was.
            otherwise: the consequence of a failure, for the warning that names the file.

        Raises:
            UserError: if the whole music folder is gone.
        """
        try:
            self._check_backup(item)
            holds_them = write_file_genres(
                item, genres, before=before, safe=self.safe_write
            )
        except FileOperationError as error:
            self.warn(item, otherwise, error)
            self._note_refusal(item, error)
            return Written.FAILED
        self._refused.clear()
        if in_step:
            note_mtime(item)
        if not holds_them:
            return Written.KEPT_OUT
        with suppress(OSError):  # moved away just now
            self._note(item, genres)
        return Written.DONE

    def put_back(self, item: Item, genres: Sequence[str]) -> None:
        """Undo :meth:`write`, unless another process wrote after it; ignore a lost disk."""
        with suppress(FileOperationError, OSError):  # as will be said
            put_back_file_genres(item, genres, safe=self.safe_write)
            self._note(item, genres)

    def note_library(self, item: Item) -> None:
        """Note that the library got other genres than the file, where it was written."""
        item_id = cast("int", item.id)
        if item_id in self.written:
            last = self.written[item_id]
            self.written[item_id] = last._replace(library=joined(item.genres))

    def warn(self, item: Item, otherwise: str, error: FileOperationError) -> None:
        """Say what happened to a file.

        Raises:
            UserError: if the whole music folder is gone.
        """
        require_music_folder(self.music_folder, item.filepath)
        reason = str(error.reason).removeprefix(f"{item.filepath}: ")
        self.reporter.warning(f"{item.filepath}: {otherwise}: {reason}")

    @property
    def is_blocked(self) -> bool:
        """Whether the disk is full, or the music folder is read-only."""
        return not (self.full_folder is None and self.read_only_folder is None)

    def is_full(self, item: Item) -> bool:
        """Return True if writing failed several times on the disk of this file."""
        if self.full_folder is None:
            return False
        with suppress(OSError):
            return item.filepath.stat().st_dev == self.full_folder.stat().st_dev
        return False

    def _check_backup(self, item: Item) -> None:
        """Leave a file alone that may be half of what it was."""
        self.prepare(item.filepath)
        with suppress(OSError):
            if (backup := self._recovery.backup_of(item.filepath)) is not None:
                reason = OSError(f"a run that was killed left {backup.name}")
                raise FileOperationError(item.path, reason)

    def _note_refusal(self, item: Item, error: FileOperationError) -> None:
        """Say it for some files, but not for the 50,000 that come after them."""
        kind, folder = type(error.reason), item.filepath.parent
        if kind is not self._refusal:
            self._refused.clear()
        self._refusal = kind
        # A single album may belong to another user, so folders count, not files.
        self._refused.add(folder if kind is ForbiddenError else item.filepath)
        if len(self._refused) < N_REFUSED:
            return
        if kind is DiskFullError:
            self.full_folder = folder
        elif kind in (ReadOnlyError, ForbiddenError):
            self.read_only_folder = self.music_folder or folder

    def _note(self, item: Item, genres: Sequence[str]) -> None:
        item_id = cast("int", item.id)
        before = self.written.get(item_id)
        since = before.since if before else item.current_mtime()
        # There are few genres, and many tracks.
        in_file, in_library = sys.intern(joined(genres)), sys.intern(joined(item.genres))
        self.written[item_id] = LastWrite(in_file, in_library, since)
