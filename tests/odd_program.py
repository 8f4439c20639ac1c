"""The program of a process that predicts, with files in the world that it stumbles over.

What the name of a file begins with says what becomes of the process that opens it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from genre_model.classifier import GenreClassifier
from genre_model.prediction_program import main as genuine_main

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.track_probabilities import TrackPrediction

HANG_SECONDS = 60.0


def main() -> None:
    """Answer as the genuine program does, but for files with odd names."""
    predict = GenreClassifier.predict_file

    def stumble(classifier: GenreClassifier, path: Path) -> TrackPrediction:
        if path.name.startswith("segfault"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if path.name.startswith("exit"):
            os._exit(3)
        if path.name.startswith("hang"):
            time.sleep(HANG_SECONDS)
        if path.name.startswith("bug"):
            raise ZeroDivisionError("oops")
        if path.name.startswith("noisy"):
            sys.stdout.write('{"error": "AudioDecodeError", "text": "I am no answer"}\n')
            sys.stdout.flush()
            os.write(1, b"neither am I\n")
        return predict(classifier, path)

    GenreClassifier.predict_file = stumble  # type: ignore[method-assign, assignment]
    genuine_main()
