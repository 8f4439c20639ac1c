"""What killed runs left in a folder: copies, one of which may be all that is whole."""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import secrets
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beetsplug.genreclf.file_copy import overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beetsplug.genreclf.reporter import Reporter

#: Hidden from players and from imports of beets.
PREFIX = ".genreclf-"
#: A copy to edit has the one kind; what a file was before it is edited itself, the other.
EDITED, BACKUP = "edit", "undo"
#: No file takes as long to be copied.
STALE_SECONDS = 3600.0
#: No edit takes as long; a file that is so much newer was edited by somebody else since.
EDIT_SECONDS = 600.0

_NAME = re.compile(
    rf"{re.escape(PREFIX)}({EDITED}|{BACKUP})-([0-9a-f]{{16}})-([0-9a-f]{{8}})-(\d+)-"
)


def name_beside(original: Path, kind: str) -> Path:
    """Return a new name in the folder of a file, by which the file can be found again."""
    # Not the name itself, which may be as long as a name can be.
    parts = (kind, _hash_of(original.name), _host(), str(os.getpid()), secrets.token_hex(4))
    return original.with_name(f"{PREFIX}{'-'.join(parts)}{original.suffix}")


def tidy(folder: Path) -> list[tuple[Path, Path | None]]:
    """See to what killed processes left, of whatever file in a folder.

    Copies that were to be edited are removed. A file that was being edited itself gets
    its content from before, unless somebody has edited it since.

    Returns:
        Copies that are left to people, with the file that each is a copy of; None if it is
        gone.
    """
    doubtful = []
    for left, kind, name_hash in list(_left_in(folder)):
        with suppress(OSError):
            if kind == EDITED:
                left.unlink()
                continue
            original = _original_of(name_hash, folder)
            if original is None or _is_edited_since(original, left):
                doubtful.append((left, original))
                continue
            if not filecmp.cmp(original, left, shallow=False):
                overwrite(original, left)
            left.unlink()
    return doubtful


@dataclass(frozen=True)
class Tidier:
    """Sees to what killed runs left, once for each folder.

    Attributes:
        reporter: receives warnings.
    """

    reporter: Reporter
    _seen: set[Path] = field(default_factory=set, init=False)

    def visit(self, path: Path) -> Path:
        """See to the folder of a file; return the file."""
        folder = path.resolve().parent
        if folder not in self._seen:
            self._seen.add(folder)
            for copy, original in tidy(folder):
                self.reporter.warning(_doubt(copy, original))
        return path


def _doubt(copy: Path, original: Path | None) -> str:
    what = "a file that is gone" if original is None else f"{original}, edited since"
    return (
        f"{copy}: {what}, as it was before a run that was killed; keep which of them is "
        "whole, and remove this one"
    )


def _left_in(folder: Path) -> Iterator[tuple[Path, str, str]]:
    for left in folder.glob(f"{PREFIX}*"):
        if match := _NAME.match(left.name):
            kind, name_hash, host, pid = match.groups()
            with suppress(OSError):
                age = time.time() - left.stat().st_mtime
                if not _is_at_work(host, pid) or age > STALE_SECONDS:
                    yield left, kind, name_hash


def _is_at_work(host: str, pid: str) -> bool:
    if host != _host():
        return True  # it cannot be asked
    if pid == str(os.getpid()):
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


def _original_of(name_hash: str, folder: Path) -> Path | None:
    files = (path for path in folder.iterdir() if not path.name.startswith(PREFIX))
    return next((path for path in files if _hash_of(path.name) == name_hash), None)


def _is_edited_since(original: Path, backup: Path) -> bool:
    return original.stat().st_mtime - backup.stat().st_mtime > EDIT_SECONDS


def _hash_of(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _host() -> str:
    return _hash_of(socket.gethostname())[:8]
