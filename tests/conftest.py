"""Fixtures of all tests."""

from __future__ import annotations

import os

# Tests, trainings among them, may share a machine: waiting threads must not spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Whatever a person has installed is none of the tests' business.
os.environ["GENRE_MODEL_DATA"] = os.path.join(os.path.dirname(__file__), "no-such-folder")  # noqa: PTH118, PTH120

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data, which is no part of the project."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("GENRECLF_DATA", default))
    if not (folder / "gtzan").is_dir():
        pytest.skip("no development data: set GENRECLF_DATA")
    return folder.resolve()
