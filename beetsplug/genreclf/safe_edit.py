"""Editing a file through a copy: whatever happens, the file is whole.

Mutagen moves the audio within the file where a tag outgrows its place. Whoever is killed
meanwhile, or meets a full disk, leaves neither tag nor music.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Hidden from players and from imports of beets.
PREFIX = ".genreclf-"
#: No file takes as long to be copied.
STALE_SECONDS = 3600.0


class ChangedMeanwhileError(OSError):
    """Somebody else wrote the file while its copy was edited; theirs stays."""

    def __init__(self) -> None:
        super().__init__("somebody else wrote it meanwhile")


@contextmanager
def edited_copy(path: Path) -> Iterator[Path]:
    """Yield a copy to edit, which takes the place of the file when the block ends well.

    It lies in the same folder and has the same suffix, permissions, owner and, on Linux,
    extended attributes. A symbolic link stays one. Where the block fails, the file is
    untouched and the copy removed; what a killed process left behind, the next edit in the
    folder removes (on Windows, once it is an hour old).

    Where no such copy can be made, the file itself is yielded: if it has other names (hard
    links), which must go on being names of it, if it belongs to somebody else, or if the
    folder takes no new file.

    Args:
        path: of a regular file, or a link to one.

    Raises:
        OSError: if it cannot be copied or replaced.
        ChangedMeanwhileError: if it is another file, or of another time, by then.
    """
    original = path.resolve()
    before = original.stat()
    copy = _name_of_copy(original)
    if not _is_replaceable(original, before):
        yield original
        return
    _sweep(original.parent)
    try:
        _copy_content(original, copy, before.st_size)
        _copy_attributes(original, copy, before)
        yield copy
        _flush(copy)
        if _identity(original.stat()) != _identity(before):
            raise ChangedMeanwhileError
        copy.replace(original)
        _flush_folder(original.parent)
    finally:
        copy.unlink(missing_ok=True)


def _is_replaceable(original: Path, status: os.stat_result) -> bool:
    if status.st_nlink > 1 or not os.access(original.parent, os.W_OK):
        return False
    if sys.platform == "win32":
        return True
    # Only root may give a file to its owner.
    return os.geteuid() in (0, status.st_uid)


def _name_of_copy(original: Path) -> Path:
    # Not the name itself, which may be as long as a name can be.
    name = hashlib.sha256(os.fsencode(original.name)).hexdigest()[:16]
    token = secrets.token_hex(4)
    return original.with_name(f"{PREFIX}{name}-{os.getpid()}-{token}{original.suffix}")


def _sweep(folder: Path) -> None:
    """Remove copies that killed processes left, of whatever file."""
    for copy in folder.glob(f"{PREFIX}*-*-*"):
        pid = copy.name.removeprefix(PREFIX).split("-")[1]
        with suppress(OSError):
            if not _is_at_work(pid) or time.time() - copy.stat().st_mtime > STALE_SECONDS:
                copy.unlink()


def _is_at_work(pid: str) -> bool:
    if not pid.isdecimal() or pid == str(os.getpid()):
        return False
    if sys.platform == "win32":  # where asking would end the process
        return True
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _copy_content(original: Path, copy: Path, n_bytes: int) -> None:
    # Nobody else may have made it, nor read it before it has its permissions.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(copy, flags, 0o600), "r+b") as target:
        with original.open("rb") as source:
            if not _copy_in_kernel(source, target, n_bytes):
                source.seek(0)
                target.seek(0)
                shutil.copyfileobj(source, target)
        target.flush()
        if os.fstat(target.fileno()).st_size != n_bytes:
            raise ChangedMeanwhileError


def _copy_in_kernel(source: BinaryIO, target: BinaryIO, n_bytes: int) -> bool:
    """Let the system copy; some file systems (Btrfs, XFS) share the content instead.

    Returns:
        Whether all of it was copied; on some, it ends before that.
    """
    if sys.platform != "linux":
        return False
    n_left = n_bytes
    with suppress(OSError):
        while n_left and (
            n_copied := os.copy_file_range(source.fileno(), target.fileno(), n_left)
        ):
            n_left -= n_copied
    return not n_left


def _copy_attributes(original: Path, copy: Path, before: os.stat_result) -> None:
    # All of them but the times: the copy is to be newer, as any edited file is.
    times = copy.stat()
    shutil.copystat(original, copy)
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    if sys.platform != "win32":
        with suppress(OSError):  # a group that its owner has left
            os.chown(copy, before.st_uid, before.st_gid)
        # A change of the owner takes some permissions away.
        shutil.copymode(original, copy)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _flush(path: Path) -> None:
    with path.open("r+b") as file:  # Windows flushes only what could be written
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a new name last, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
