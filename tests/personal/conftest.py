"""Labelled music, and the command ``genre-model train-head``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import noise, tone, write_audio
from commands import any_run, run

from genre_model.cli.main import main
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from commands import Run
    from numpy.typing import NDArray

    from genre_model.model.segment_probabilities import SegmentScores

__all__ = ["any_run", "run"]

RATE_HZ = 22050
SECONDS = 4
GENRES = ("low", "high", "noise")
N_ARTISTS, N_TRACKS = 4, 2
N_FILES = len(GENRES) * N_ARTISTS * N_TRACKS


def sound(genre: str, seed: int) -> NDArray[np.float32]:
    """Make a sound that differs clearly from other genres, and a little from its own."""
    if genre == "noise":
        return noise(SECONDS, RATE_HZ, 0.3, seed)
    hz = {"low": 110, "high": 2200}[genre] * np.random.default_rng(seed).uniform(0.8, 1.2)
    tones = [tone(hz * n, SECONDS, RATE_HZ, 0.3 / n) for n in (1, 2, 3)]
    mixed: NDArray[np.float32] = np.sum(tones, axis=0)
    return mixed + noise(SECONDS, RATE_HZ, 0.01, seed)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ``genre/artist/track.flac`` that no test may change."""
    root = tmp_path_factory.mktemp("labelled music")
    for g, genre in enumerate(GENRES):
        for artist in range(N_ARTISTS):
            folder = root / genre / f"{genre} artist {artist}"
            folder.mkdir(parents=True)
            for n in range(N_TRACKS):
                seed = 100 * g + 10 * artist + n
                write_audio(folder / f"track {n}.flac", sound(genre, seed), RATE_HZ)
    return root


@pytest.fixture(scope="session")
def known(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of a training on all of the music."""
    folder = tmp_path_factory.mktemp("known")
    arguments = ["--data", str(music), "--out", str(folder / "first.onnx")]
    assert main(["train-head", *arguments, "--min-tracks", "2"]) == 0
    return folder / "first.embeddings.db"


class TrainHead:
    """Runs ``genre-model train-head`` for labels with at least two tracks.

    Attributes:
        music: the folder of labelled music.
        folder: of the test.
        out: the new model, in this folder.
        decoded: names of the files that were decoded.
        stop_at: Ctrl-C comes while this file, counted from 1, is decoded.
    """

    def __init__(
        self, music: Path, known: Path, folder: Path, run: Callable[..., Run]
    ) -> None:
        self.music, self.folder, self.out = music, folder, folder / "own.onnx"
        self.decoded: list[str] = []
        self.stop_at: int | None = None
        self._known, self._run = known, run

    def __call__(self, data: Path, *options: object) -> Run:
        """Train; the cache is that of the test."""
        given = ["--data", data, "--out", self.out, "--min-tracks", 2]
        return self._run("train-head", *given, *options)

    def cached(self, data: Path, *options: object) -> Run:
        """Train on embeddings that are known already."""
        return self(data, "--cache", self._known, *options)

    def files(self, *genres: str) -> list[Path]:
        """List the music of some genres, or all."""
        folders = [self.music / genre for genre in genres or GENRES]
        return sorted(path for folder in folders for path in folder.rglob("*.flac"))

    def table(self, rows: Sequence[tuple[object, ...]]) -> Path:
        """Write a table of path and label, and perhaps artist."""
        header = ("path", "label", "artist")[: len(rows[0])]
        path = self.folder / "tracks.csv"
        lines = (",".join(map(str, row)) for row in (header, *rows))
        path.write_text("\n".join(lines), encoding="utf-8")
        return path


@pytest.fixture
def train(
    music: Path,
    known: Path,
    tmp_path: Path,
    any_run: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> TrainHead:
    command = TrainHead(music, known, tmp_path, any_run)
    original = IsolatedClassifier.score_file

    def score_file(classifier: IsolatedClassifier, path: Path) -> SegmentScores:
        command.decoded.append(path.name)
        if len(command.decoded) == command.stop_at:
            raise KeyboardInterrupt
        return original(classifier, path)

    monkeypatch.setattr(IsolatedClassifier, "score_file", score_file)
    return command


def genre_of(path: Path) -> str:
    """Return the label of a track by its folder."""
    return path.parts[-3]


def artist_of(path: Path) -> str:
    """Return the artist of a track by its folder."""
    return path.parts[-2]


def linked(folder: Path, files: list[Path]) -> Path:
    """Link tracks of artists into a folder."""
    for file in files:
        target = folder / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
    return folder
