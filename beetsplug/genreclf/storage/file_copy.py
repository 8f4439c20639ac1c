"""Copying a file with all that belongs to it, in a way that lasts."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path


#: Who else may read or write a file; a new file inherits one from some folders.
ACL = "system.posix_acl_access"


class ChangedMeanwhileError(OSError):
    """Another process wrote the file while it was edited; its version stays."""

    def __init__(self) -> None:
        super().__init__("another program wrote it meanwhile")


def copy_content(original: Path, copy: Path, n_bytes: int) -> None:
    """Make a copy that nobody but its owner may read yet.

    Args:
        original: to copy.
        copy: which must not exist.
        n_bytes: of the original.

    Raises:
        FileExistsError: if there is a copy.
        ChangedMeanwhileError: if it comes out longer or shorter.
    """
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


def copy_attributes(original: Path, copy: Path, before: os.stat_result) -> None:
    """Give a copy permissions, owner and, on Linux, extended attributes.

    All of them but the times: the copy is to be newer, as any edited file is. Whether the
    owner could be given is to be looked at.
    """
    times = copy.stat()
    if sys.platform == "linux":
        with suppress(OSError):  # that of the folder; the file's own one is copied
            os.removexattr(copy, ACL)
    shutil.copystat(original, copy)
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    if sys.platform != "win32":
        with suppress(OSError):  # a group that its owner has left
            os.chown(copy, before.st_uid, before.st_gid)
        # A change of the owner takes some permissions away.
        shutil.copymode(original, copy)


def overwrite(original: Path, copy: Path) -> None:
    """Give a file the content of a copy; it stays the same file, by all its names."""
    with original.open("r+b") as target, copy.open("rb") as source:
        shutil.copyfileobj(source, target)
        target.truncate()
        target.flush()
        os.fsync(target.fileno())


def flush(path: Path) -> None:
    """Have the content of a file on the disk."""
    with path.open("r+b") as file:  # Windows flushes only what could be written
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make new names last, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
