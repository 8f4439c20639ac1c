"""The program of a process that predicts, with files in the world that it stumbles over.

The first word of a file name decides what happens to the process that opens it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from genre_model.classifier import GenreClassifier
from genre_model.worker.main import MOST_BYTES
from genre_model.worker.main import main as genuine_main

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model.track_probabilities import TrackPrediction

HANG_SECONDS = 60.0


def _crash(_path: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _have_a_bug(_path: Path) -> None:
    raise ZeroDivisionError("oops")


def _hang(path: Path) -> None:
    path.with_suffix(".hanging").touch()
    time.sleep(HANG_SECONDS)


def _take_memory(_path: Path) -> None:
    np.ones(MOST_BYTES // 4)


def _print(_path: Path) -> None:
    sys.stdout.write('{"error": "AudioDecodeError", "text": "I am no answer"}\n')
    sys.stdout.flush()
    for number in (1, 2):
        os.write(number, b"\x1b[31mneither am I\n")


STUMBLES = {
    "segfault": _crash,
    "exit": lambda _path: os._exit(3),
    "hang": _hang,
    "bug": _have_a_bug,
    "greedy": _take_memory,
    "noisy": _print,
}


def main() -> None:
    """Answer as the genuine program does, but for files with odd names."""
    predict = GenreClassifier.predict_file

    def stumble(classifier: GenreClassifier, path: Path) -> TrackPrediction:
        for beginning, act in STUMBLES.items():
            if path.name.startswith(beginning):
                act(path)
        return predict(classifier, path)

    GenreClassifier.predict_file = stumble  # type: ignore[method-assign, assignment]
    genuine_main()
