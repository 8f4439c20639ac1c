"""Embeddings of files, kept on disk for the next training."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    #: Path, size in bytes, time of the last change in ns.
    FileIdentity = tuple[bytes, int, int]

log = logging.getLogger(__name__)

#: A kill loses the embeddings of this time.
COMMIT_SECONDS = 5.0
#: How long to wait for another training that writes.
LOCK_SECONDS = 30.0
#: Raised whenever the meaning of stored values changes.
SCHEMA_VERSION = 2
SQLITE_MAGIC = b"SQLite format 3\0"

_CREATE = """
CREATE TABLE IF NOT EXISTS features (
    network TEXT NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (network, path)
) WITHOUT ROWID
"""
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_SELECT = "SELECT path, size, mtime_ns, vector FROM features WHERE network = ?"
_INSERT = "INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?)"


class EmbeddingStore:
    """Vectors of files by network, in one SQLite file that may be deleted at any time.

    SQLite keeps the file intact when the process is killed or the disk is full. A file
    that is damaged all the same is put aside. An error never makes a training fail: the
    store then remembers nothing.

    Attributes:
        trouble: why nothing is kept any more; None as long as something is.

    Args:
        path: of the SQLite file.
        network: identifies the network of the vectors.
        n_values: length of a vector; others are not returned.
    """

    def __init__(self, path: Path, network: str, n_values: int) -> None:
        self._path = path
        self._network = network
        self._n_values = n_values
        self._last_commit = time.monotonic()
        self.trouble: str | None = None
        self._connection: sqlite3.Connection | None = None
        with self._giving_up():
            self._connection = self._open()

    def read(self, files: Sequence[Path]) -> dict[Path, NDArray[np.float32]]:
        """Return the vectors of those files that have not changed since."""
        stored: dict[FileIdentity, bytes] = {}
        with self._giving_up() as connection:
            if connection is not None:
                rows = connection.execute(_SELECT, (self._network,))
                stored = {tuple(identity): vector for *identity, vector in rows}
        found = {}
        for file in files:
            vector = stored.get(file_identity(file) or (b"", 0, 0))
            if vector is not None and len(vector) == 4 * self._n_values:
                found[file] = np.frombuffer(vector, "<f4")
        return found

    def write(self, identity: FileIdentity | None, vector: NDArray[np.float32]) -> None:
        """Keep the vector of one file.

        Args:
            identity: of the file before it was decoded.
            vector: [shape=(n_values,)].
        """
        with self._giving_up() as connection:
            if connection is None or identity is None:
                return
            row = (self._network, *identity, vector.astype("<f4").tobytes())
            connection.execute(_INSERT, row)
            if time.monotonic() - self._last_commit > COMMIT_SECONDS:
                connection.commit()
                self._last_commit = time.monotonic()

    def close(self) -> None:
        """Commit and close."""
        with self._giving_up() as connection:
            if connection is not None:
                connection.commit()
                self._connection = None
                connection.close()

    @contextmanager
    def _giving_up(self) -> Iterator[sqlite3.Connection | None]:
        """Close the store at an error, and remember why."""
        try:
            yield self._connection
        except (sqlite3.Error, OSError) as error:
            self.trouble = f"{self._path}: {error}"
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not self._is_sqlite():
                raise
            aside = self._path.with_name(f"{self._path.name}.damaged")
            self._path.replace(aside)
            log.warning("%s was damaged (%s); moved to %s", self._path, error, aside)
            return self._connect()

    def _is_sqlite(self) -> bool:
        """Tell a damaged store from another program's file."""
        with self._path.open("rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=LOCK_SECONDS)
        try:
            if not {row[0] for row in connection.execute(_TABLES)} <= {"features"}:
                raise sqlite3.OperationalError("holds something else than embeddings")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise sqlite3.OperationalError("belongs to a newer version")
            if version != SCHEMA_VERSION:
                connection.execute("DROP TABLE IF EXISTS features")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute(_CREATE)
            connection.commit()
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if health != "ok":
                raise sqlite3.DatabaseError(health)
        except BaseException:
            connection.close()
            raise
        return connection


def file_identity(path: Path) -> FileIdentity | None:
    """Return values that change with the file; None if there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return os.fsencode(path), status.st_size, status.st_mtime_ns
