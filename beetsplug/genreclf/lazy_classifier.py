"""The classifier, loaded when the first track needs it and kept after that."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import genre_model

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model import GenreClassifier


class ModelUnavailableError(Exception):
    """No track can be heard; the message says why in one line."""


class LazyClassifier:
    """Loads at most one classifier, in whichever thread asks first.

    Plugins are created for every ``beet`` command. ONNX Runtime and PyAV take a quarter
    of a second to import, so neither may be touched before there is a track to hear.
    """

    def __init__(self) -> None:
        """Load nothing."""
        self._lock = threading.Lock()
        self._loaded: tuple[str | Path | None, GenreClassifier] | None = None

    def load(self, model: str | Path | None) -> GenreClassifier:
        """Return the classifier of a model.

        Raises:
            ModelUnavailableError: the file is missing or damaged, or a library that it
                needs cannot be imported on this machine.
        """
        with self._lock:
            if self._loaded is None or self._loaded[0] != model:
                self._loaded = (model, _load(model))
            return self._loaded[1]


def _load(model: str | Path | None) -> GenreClassifier:
    try:
        return genre_model.GenreClassifier.load(model)
    except (genre_model.GenreModelError, ImportError) as error:
        # A failed import of ONNX Runtime explains itself over many lines.
        raise ModelUnavailableError(" ".join(str(error).split())) from error
