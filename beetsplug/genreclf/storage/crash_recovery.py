"""What killed runs left in a folder: copies, one of which may be all that is whole."""

from __future__ import annotations

import filecmp
import os
import re
import secrets
import stat
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beetsplug.genreclf.storage.file_copy import overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beetsplug.genreclf.ui.reporter import Reporter

#: Hidden from players and from imports of beets.
PREFIX = ".genreclf-"
#: A copy to edit has the one kind; what a file was before it is edited itself, the other.
EDITED, BACKUP = "edit", "undo"
#: No file takes as long to be copied.
STALE_SECONDS = 3600.0
#: An edit takes at most this long, plus the time for its bytes at this speed.
EDIT_SECONDS, EDIT_BYTES_PER_SECOND = 10.0, 2**24

_NAME = re.compile(
    rf"{re.escape(PREFIX)}({EDITED}|{BACKUP})-([0-9a-f]+)-([0-9a-f]+)-(\d+)-"
)


class Leftover(NamedTuple):
    """A copy that a process has made.

    Attributes:
        path: of the copy.
        kind: ``EDITED`` or ``BACKUP``.
        inode: number of the file that it is a copy of.
        machine: that the process ran on.
        pid: of the process.
    """

    path: Path
    kind: str
    inode: int
    machine: str
    pid: int


def name_beside(original: Path, kind: str) -> Path:
    """Return a new name in the folder of a file, by which the file can be found again."""
    inode = f"{original.stat().st_ino:x}"
    parts = (kind, inode, _machine(), str(os.getpid()), secrets.token_hex(4))
    # The suffix tells mediafile what is in it.
    return original.with_name(f"{PREFIX}{'-'.join(parts)}{original.suffix}")


class Recovered(NamedTuple):
    """The outcome of a clean-up after killed processes in a folder.

    Attributes:
        restored: files that got their content from before.
        staying: the backups that stay, by the number of the file that each is a copy of:
            another process edits that file, or has edited it since, or it is gone.
    """

    restored: list[Path]
    staying: dict[int, Leftover]


def recover_folder(folder: Path) -> Recovered:
    """Clean up after killed processes in a folder.

    Copies that were to be edited are removed. A file that was being edited itself gets its
    content from before, if it can only have been that process that wrote it last.
    """
    restored, staying = [], {}
    for left in list(_left_in(folder)):
        with suppress(OSError):
            if left.kind == EDITED:
                if not _is_at_work(left) or _age_of(left.path) > STALE_SECONDS:
                    left.path.unlink()
            elif not _is_undone(left):
                staying[left.inode] = left
            elif (original := _original_of(left)) is not None:
                restored.append(original)
    return Recovered(restored, staying)


@dataclass(frozen=True)
class CrashRecovery:
    """Cleans up after killed runs, once for each folder.

    Attributes:
        reporter: receives warnings.
    """

    reporter: Reporter
    _seen: set[Path] = field(default_factory=set, init=False)
    #: By device as well: files of two disks may have one number.
    _staying: dict[tuple[int, int], Leftover] = field(default_factory=dict, init=False)

    def visit(self, path: Path) -> None:
        """Clean up the folder of a file; ignore a folder that is gone."""
        with suppress(OSError, RuntimeError):  # the latter is that of links in a circle
            folder = path.resolve().parent
            if folder not in self._seen:
                self._seen.add(folder)
                tidied = recover_folder(folder)
                for whole in tidied.restored:
                    self.reporter.line(f"{whole}: as it was before a run that was killed")
                device = folder.stat().st_dev
                for inode, left in tidied.staying.items():
                    self._staying[device, inode] = left
                    self.reporter.warning(_doubt(left))

    def backup_of(self, path: Path) -> Path | None:
        """Return what is left of an unfinished edit of a file."""
        status = path.stat()
        left = self._staying.get((status.st_dev, status.st_ino))
        return left.path if left is not None and left.path.exists() else None


def _doubt(left: Leftover) -> str:
    original = _original_of(left)
    what = f"{original}, changed since" if original else "a file that is gone"
    if _is_at_work(left):
        what = f"{original or what}, which another run is at work on"
    return (
        f"{left.path}: {what}, as it was before a run that was killed; keep which of them "
        "is whole, and remove this one"
    )


def _left_in(folder: Path) -> Iterator[Leftover]:
    for path in folder.glob(f"{PREFIX}*"):
        if match := _NAME.match(path.name):
            kind, inode, machine, pid = match.groups()
            yield Leftover(path, kind, int(inode, 16), machine, int(pid))


def _is_undone(left: Leftover) -> bool:
    """Put the content of a file back, if that is certain to be right."""
    original = _original_of(left)
    if original is None or _is_at_work(left) or left.machine != _machine():
        return False
    if filecmp.cmp(original, left.path, shallow=False):
        left.path.unlink()
        return True
    if _is_changed_since(original, left.path):
        return False
    os.utime(left.path)  # or, killed in the middle, this would be a change since
    overwrite(original, left.path)
    left.path.unlink()
    return True


def _is_at_work(left: Leftover) -> bool:
    if left.machine != _machine():
        return True  # it cannot be asked
    if left.pid == os.getpid():
        return False
    if sys.platform == "win32":  # where asking would end the process
        return _age_of(left.path) < STALE_SECONDS
    try:
        os.kill(left.pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _original_of(left: Leftover) -> Path | None:
    for path in left.path.parent.iterdir():
        with suppress(OSError):
            status = path.lstat()
            is_file = stat.S_ISREG(status.st_mode) and not path.name.startswith(PREFIX)
            if is_file and status.st_ino == left.inode:
                return path
    return None


def _is_changed_since(original: Path, backup: Path) -> bool:
    """Return True if a file was written later than the edit can have lasted."""
    status = original.stat()
    changed = status.st_mtime
    if sys.platform != "win32":  # where it is the time of creation
        changed = max(changed, status.st_ctime)  # which no program can set
    lasted = EDIT_SECONDS + backup.stat().st_size / EDIT_BYTES_PER_SECOND
    return changed - backup.stat().st_mtime > lasted


def _age_of(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _machine() -> str:
    """Identify where process numbers mean what they mean here.

    Containers count their processes themselves, and may share an address of the network.
    """
    return f"{uuid.getnode():x}{_namespace():08x}"


@cache
def _namespace() -> int:
    """Return the number of the space of process numbers; Linux has several."""
    with suppress(OSError):
        return Path("/proc/self/ns/pid").stat().st_ino
    return 0
