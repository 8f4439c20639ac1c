"""Editing a file beside a copy: at any time, one of them is whole.

Mutagen moves the audio within the file where a tag outgrows its place. A kill or a full
disk in the middle of that would leave neither tag nor music.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from beets import logging

from beetsplug.genreclf.storage.crash_recovery import BACKUP, EDITED, name_beside
from beetsplug.genreclf.storage.file_copy import (
    ChangedMeanwhileError,
    copy_attributes,
    copy_content,
    flush,
    flush_folder,
    overwrite,
)
from beetsplug.genreclf.ui.reporter import LogReporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_warned_devices: set[int] = set()

KERNEL_ENOTSUPP = 524  # NFS has it
#: What CIFS, NTFS, FUSE and NFS say where they have no such attribute.
UNSUPPORTED = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
    | {KERNEL_ENOTSUPP}
)
#: Flags of macOS that keep a file from being written by any user.
LOCKED = stat.UF_IMMUTABLE | stat.UF_APPEND | stat.SF_IMMUTABLE | stat.SF_APPEND


@contextmanager
def atomic_edit(path: Path) -> Iterator[Path]:
    """Yield a file to edit: a copy, which takes its place when the block ends well.

    The copy lies in the same folder and has the same suffix, permissions, owner and, on
    Linux, extended attributes. A symbolic link stays one. Where the block fails, the file
    is untouched and the copy removed.

    A file that has other names (hard links), which must go on being names of it, or whose
    owner or permissions no copy can have, is yielded itself. It gets its content back from
    a copy where the block fails.

    :mod:`beetsplug.genreclf.storage.crash_recovery` cleans up after a killed process. In a
    folder that takes no new file, there is no copy.

    Args:
        path: of a regular file, or a link to one.

    Raises:
        OSError: if it cannot be copied, replaced or put back.
        ChangedMeanwhileError: if it is another file, or of another time, by then.
    """
    original = path.resolve()
    before = original.stat()
    is_locked = getattr(before, "st_flags", 0) & LOCKED
    if is_locked or not os.access(original.parent, os.W_OK):
        yield original
        return
    copy, is_alike = _copy_of(original, before)
    is_replaceable = is_alike and _is_replaceable(copy, before)
    edit = _edited_copy if is_replaceable else _with_backup
    with edit(original, copy, before) as edited:
        yield edited


def _copy_of(original: Path, before: os.stat_result) -> tuple[Path, bool]:
    """Return a copy, and whether it has the attributes of the file, too."""
    copy = name_beside(original, EDITED)
    try:
        copy_content(original, copy, before.st_size)
        try:
            copy_attributes(original, copy, before)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            _warn_of_attributes(original.parent, error)
            return copy, False
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy, True


def _warn_of_attributes(folder: Path, error: OSError) -> None:
    """Say once for each file system which promise does not hold there."""
    device = folder.stat().st_dev
    if device in _warned_devices:
        return
    _warned_devices.add(device)
    # The kernel's own ENOTSUPP has no text.
    reason = "not supported" if error.errno == KERNEL_ENOTSUPP else error.strerror
    LogReporter(logging.getLogger("beets.genreclf")).warning(
        f"{folder}: permissions cannot be copied here ({reason}), so files are edited in "
        "place, beside a copy: after a crash, the next run puts them right",
    )


def _is_replaceable(copy: Path, before: os.stat_result) -> bool:
    status = copy.stat()
    owners = (status.st_uid, status.st_gid), (before.st_uid, before.st_gid)
    return before.st_nlink == 1 and (sys.platform == "win32" or owners[0] == owners[1])


@contextmanager
def _edited_copy(original: Path, copy: Path, before: os.stat_result) -> Iterator[Path]:
    try:
        yield copy
        flush(copy)
        _check_unchanged(original, before)
        copy.replace(original)
        flush_folder(original.parent)
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def _with_backup(original: Path, copy: Path, before: os.stat_result) -> Iterator[Path]:
    backup = _backup_from(copy, original, before)
    try:
        yield original
        flush(original)
    except BaseException:
        if _identity(original.stat()) != _identity(before):
            # Where that fails as well, the copy stays, for the next run.
            overwrite(original, backup)
            with suppress(OSError):  # only its owner may
                os.utime(original, ns=(before.st_atime_ns, before.st_mtime_ns))
        _discard(backup)
        raise
    _discard(backup)


def _backup_from(copy: Path, original: Path, before: os.stat_result) -> Path:
    """Rename a copy; what has the name of a backup is whole."""
    backup = name_beside(original, BACKUP)
    try:
        flush(copy)
        _check_unchanged(original, before)
        copy.rename(backup)
    finally:
        copy.unlink(missing_ok=True)
    with suppress(OSError):
        os.utime(backup)  # the edit begins now
    flush_folder(original.parent)
    return backup


def _discard(backup: Path) -> None:
    """Remove a backup for good: it would undo what was done after it."""
    try:
        backup.unlink()
    except OSError:
        with suppress(OSError):
            os.utime(backup, (0, 0))  # so that it is shown to people, not put back
    flush_folder(backup.parent)


def _check_unchanged(original: Path, before: os.stat_result) -> None:
    if _identity(original.stat()) != _identity(before):
        raise ChangedMeanwhileError


def _identity(status: os.stat_result) -> tuple[int, ...]:
    # Some programs set the time of an edited file back, which changes that of the change;
    # on Windows it is the time of creation.
    changed = 0 if sys.platform == "win32" else status.st_ctime_ns
    return status.st_ino, status.st_size, status.st_mtime_ns, changed
