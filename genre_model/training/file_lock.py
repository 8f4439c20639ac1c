"""A lock between processes that ends with the process that holds it."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from genre_model.errors import GenreModelError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

#: Longer than any training.
FOREVER_SECONDS = 1_000_000.0
#: SQLite waits deaf to Ctrl-C, so never longer than this.
STEP_SECONDS = 0.5


class FileLock:
    """Locks a file, which stays empty, by SQLite: on every system, whoever is killed.

    Args:
        path: the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def acquire(self, timeout_seconds: float = FOREVER_SECONDS) -> bool:
        """Take the lock; False if another has held it all that time.

        Raises:
            GenreModelError: if the file cannot be locked at all.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        end_seconds = time.monotonic() + timeout_seconds
        while not self._is_taken_within(min(STEP_SECONDS, timeout_seconds)):
            if time.monotonic() >= end_seconds:
                return False
        return True

    def _is_taken_within(self, seconds: float) -> bool:
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=seconds, isolation_level=None
            )
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self.release()
            if "locked" in str(error):
                return False
            raise GenreModelError(f"cannot lock {self.path}: {error}") from error
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> FileLock:
        """Take the lock, however long that takes."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give it back."""
        self.release()
