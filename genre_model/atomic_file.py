"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


#: Longer than any write takes.
STALE_SECONDS = 3600.0


def sweep_partials(folder: Path) -> None:
    """Remove files from a folder that killed processes left half-written."""
    for path in folder.glob("*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it: a kill leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut leaves an empty file of that name
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
