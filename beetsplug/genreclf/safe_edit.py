"""Editing a file beside a copy: whatever happens, one of them is whole.

Mutagen moves the audio within the file where a tag outgrows its place. Whoever is killed
meanwhile, or meets a full disk, leaves neither tag nor music.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from beetsplug.genreclf.file_copy import (
    ChangedMeanwhileError,
    copy_attributes,
    copy_content,
    flush,
    flush_folder,
    overwrite,
)
from beetsplug.genreclf.leftovers import BACKUP, EDITED, name_beside, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def safe_edit(path: Path) -> Iterator[Path]:
    """Yield a file to edit: a copy, which takes its place when the block ends well.

    The copy lies in the same folder and has the same suffix, permissions, owner and, on
    Linux, extended attributes. A symbolic link stays one. Where the block fails, the file
    is untouched and the copy removed.

    A file that has other names (hard links), which must go on being names of it, or that
    belongs to somebody else, is yielded itself. It gets its content back from a copy where
    the block fails.

    What a killed process left behind, the next edit in the folder sees to. In a folder that
    takes no new file, there is no copy.

    Args:
        path: of a regular file, or a link to one.

    Raises:
        OSError: if it cannot be copied, replaced or put back.
        ChangedMeanwhileError: if it is another file, or of another time, by then.
    """
    original = path.resolve()
    if not os.access(original.parent, os.W_OK):
        yield original
        return
    tidy(original.parent)
    before = original.stat()
    edit = _edited_copy if _is_replaceable(before) else _with_backup
    with edit(original, before) as edited:
        yield edited


@contextmanager
def _edited_copy(original: Path, before: os.stat_result) -> Iterator[Path]:
    copy = name_beside(original, EDITED)
    try:
        copy_content(original, copy, before.st_size)
        copy_attributes(original, copy, before)
        yield copy
        flush(copy)
        if _identity(original.stat()) != _identity(before):
            raise ChangedMeanwhileError
        copy.replace(original)
        flush_folder(original.parent)
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def _with_backup(original: Path, before: os.stat_result) -> Iterator[Path]:
    backup = _backup_of(original, before)
    try:
        yield original
        flush(original)
    except BaseException:
        if _identity(original.stat()) != _identity(before):
            # Where that fails as well, the copy stays, for the next run.
            overwrite(original, backup)
            os.utime(original, ns=(before.st_atime_ns, before.st_mtime_ns))
        backup.unlink()
        raise
    backup.unlink()


def _backup_of(original: Path, before: os.stat_result) -> Path:
    """Copy a file; what has the name of a backup is whole."""
    copy = name_beside(original, EDITED)
    backup = name_beside(original, BACKUP)
    try:
        copy_content(original, copy, before.st_size)
        flush(copy)
        if _identity(original.stat()) != _identity(before):
            raise ChangedMeanwhileError
        copy.rename(backup)
    finally:
        copy.unlink(missing_ok=True)
    flush_folder(original.parent)
    return backup


def _is_replaceable(status: os.stat_result) -> bool:
    if status.st_nlink > 1:
        return False
    if sys.platform == "win32":
        return True
    # Only root may give a file to its owner.
    return os.geteuid() in (0, status.st_uid)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
