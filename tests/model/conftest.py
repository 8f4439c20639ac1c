"""Audio files that several tests read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audio_files import CONTAINERS, music, noise, write_audio
from commands import any_run, run
from onnx_models import write_small_model
from waiting import wait_until

from genre_model.worker import client
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["any_run", "run"]

SECONDS = 8


@pytest.fixture(scope="session")
def sound() -> NDArray[np.float32]:
    """Something different at every moment, down to single samples."""
    return 0.7 * music(SECONDS) + 0.1 * noise(SECONDS)


@pytest.fixture(scope="session")
def files(
    sound: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("containers")
    return {
        name: write_audio(
            folder / f"{name}{kind.suffix}", [sound, 0.5 * sound], codec=kind.codec
        )
        for name, kind in CONTAINERS.items()
    }


@pytest.fixture(scope="session")
def flac(files: dict[str, Path]) -> Path:
    return files["flac"]


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audio(tmp_path_factory.mktemp("songs") / "song.flac", music(12))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small.onnx")


@pytest.fixture
def isolated(model: Path) -> Iterator[IsolatedClassifier]:
    classifier = IsolatedClassifier.load(model)
    yield classifier
    classifier.close()


@pytest.fixture
def faulty(model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsolatedClassifier]:
    """A classifier whose processes run ``odd_program.py``."""
    program = client.PROGRAM.replace("genre_model.worker.main", "odd_program")
    monkeypatch.setattr(client, "PROGRAM", program)
    classifier = IsolatedClassifier.load(model)
    yield classifier
    classifier.close()


def wait_for_end_of(classifier: IsolatedClassifier) -> None:
    wait_until(lambda: not any(process.is_alive() for process in classifier.processes))
