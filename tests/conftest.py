"""Fixtures of all tests."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import suppress

# Tests run side by side: threads that wait for a core must not spin on it.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
# Tests use no model that the user has installed.
os.environ["GENRE_MODEL_DATA"] = os.path.join(os.path.dirname(__file__), "no-such-folder")  # noqa: PTH118, PTH120

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _folder_of_beets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep beets away from the user's own folder, which may be read-only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEETSDIR", str(tmp_path_factory.mktemp("beets")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Leave what is written to the cache of the system, which a killed process leaves, too.

    Waiting for the disk takes most of the time of tests that write small files.
    """
    connect = sqlite3.connect

    def connect_and_relax(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        with suppress(sqlite3.DatabaseError):  # the file is no database
            connection.execute("PRAGMA synchronous = OFF")
        return connection

    def check_descriptor(descriptor: int) -> None:
        os.fstat(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_and_relax)
        patch.setattr(os, "fsync", check_descriptor)
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data, which is no part of the project."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("GENRECLF_DATA", default))
    if not (folder / "gtzan").is_dir():
        pytest.skip("no development data: set GENRECLF_DATA")
    return folder.resolve()


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Give signals their default handlers.

    nohup and background jobs start Python with some signals ignored, and its child
    processes inherit that.
    """
    ending = ("SIGTERM", "SIGHUP", "SIGQUIT")
    defaults: dict[str, Any] = dict.fromkeys(ending, signal.SIG_DFL)
    defaults["SIGINT"] = signal.default_int_handler
    before = {
        getattr(signal, name): signal.signal(getattr(signal, name), handler)
        for name, handler in defaults.items()
        if hasattr(signal, name)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
