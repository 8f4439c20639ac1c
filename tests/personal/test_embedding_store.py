"""Vectors on disk: found again, never wrong, whatever happens to the disk."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from genre_model.personal.embedding_store import EmbeddingStore, file_identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VECTOR = np.array([1.5, -2.0, 1e-30], np.float32)


OPENED: list[EmbeddingStore] = []


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "{a} song \udcff.mp3"
    path.write_bytes(b"music")
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "embeddings.db"


@pytest.fixture(autouse=True)
def _close_stores() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def store(database: Path, network: str = "net@1", n_values: int = 3) -> EmbeddingStore:
    """Open a store, which is closed after the test."""
    OPENED.append(EmbeddingStore(database, network, n_values))
    return OPENED[-1]


def keep(database: Path, song: Path) -> None:
    writer = store(database)
    writer.write(file_identity(song), VECTOR)
    writer.close()
    assert writer.trouble is None


def test_what_was_written_is_found_again(database: Path, song: Path) -> None:
    keep(database, song)
    reader = store(database)
    found = reader.read([song, song.with_name("other.mp3")])
    reader.close()
    assert list(found) == [song]
    assert np.array_equal(found[song], VECTOR)


def test_a_file_that_changed_is_not_found(database: Path, song: Path) -> None:
    keep(database, song)
    os.utime(song, ns=(1, 1))
    assert store(database).read([song]) == {}
    song.unlink()
    assert store(database).read([song]) == {}


def test_another_network_or_size_is_not_found(database: Path, song: Path) -> None:
    keep(database, song)
    assert store(database, network="net@2").read([song]) == {}
    assert store(database, n_values=4).read([song]) == {}


def test_a_changed_file_takes_the_place_of_the_old_one(database: Path, song: Path) -> None:
    keep(database, song)
    song.write_bytes(b"other music")
    keep(database, song)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM features").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"SQLite format 3\0" * 99])
def test_a_damaged_file_is_put_aside(
    database: Path, song: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    database.parent.mkdir()
    database.write_bytes(content)
    keep(database, song)
    assert len(store(database).read([song])) == 1
    if len(content) > 100:
        assert "was damaged" in caplog.text
        assert database.with_name("embeddings.db.damaged").read_bytes() == content


def test_damage_in_the_middle_is_noticed(database: Path, song: Path) -> None:
    writer = store(database)
    for i in range(300):
        writer.write((f"{i}".encode(), 1, i), np.full(3, i, np.float32))
    writer.close()
    content = bytearray(database.read_bytes())
    content[8192:12288] = os.urandom(4096)
    database.write_bytes(content)
    keep(database, song)
    assert len(store(database).read([song])) == 1


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"short"])
def test_a_file_of_another_program_is_left_alone(
    database: Path, song: Path, content: bytes
) -> None:
    database.parent.mkdir()
    database.write_bytes(content)
    lost = store(database)
    lost.write(file_identity(song), VECTOR)
    lost.close()
    assert lost.trouble is not None
    assert database.read_bytes() == content


def test_an_older_schema_is_replaced_and_a_newer_one_left_alone(
    database: Path, song: Path
) -> None:
    keep(database, song)
    set_version(database, 99)
    newer = store(database)
    assert newer.read([song]) == {}
    assert "newer version" in str(newer.trouble)
    set_version(database, -1)
    assert store(database).read([song]) == {}
    keep(database, song)
    assert len(store(database).read([song])) == 1


def set_version(database: Path, version: int) -> None:
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_without_a_place_to_write_the_store_tells_that_it_keeps_nothing(
    tmp_path: Path, song: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    lost = store(tmp_path / "file" / "embeddings.db")
    lost.write(file_identity(song), VECTOR)
    assert lost.read([song]) == {}
    lost.close()
    assert lost.trouble is not None
    assert str(tmp_path / "file") in lost.trouble


def test_a_full_disk_stops_keeping_and_leaves_the_file_whole(
    database: Path, song: Path
) -> None:
    keep(database, song)
    full = store(database)
    assert full._connection is not None
    (pages,) = full._connection.execute("PRAGMA page_count").fetchone()
    full._connection.execute(f"PRAGMA max_page_count = {pages}")
    for i in range(200):
        full.write((f"{i}".encode(), 1, 1), VECTOR)
    full.close()
    assert full.trouble is not None
    assert "full" in full.trouble
    assert len(store(database).read([song])) == 1


def test_a_file_that_is_not_there_has_no_identity(tmp_path: Path) -> None:
    assert file_identity(tmp_path / "none.mp3") is None
    assert file_identity(tmp_path / "nul\0.mp3") is None
    unknown = store(tmp_path / "x.db")
    unknown.write(None, VECTOR)
    unknown.close()
