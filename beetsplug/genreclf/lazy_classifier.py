"""The classifier, loaded when the first track needs it and kept after that."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.model_choice import advice, model_in_force

if TYPE_CHECKING:
    from pathlib import Path

    from beetsplug.genreclf.options import Options
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

    def load(self, options: Options) -> GenreClassifier:
        """Return the classifier that the options ask for.

        Raises:
            ModelUnavailableError: the file is missing or damaged, a library that it
                needs cannot be imported on this machine, or the options name a label
                that the model does not have.
        """
        model = model_in_force(options.model)
        with self._lock:
            if self._loaded is None or self._loaded[0] != model:
                classifier = _load(model, options)
                _check_labels(options, classifier)
                self._loaded = (model, classifier)
            return self._loaded[1]


def _load(model: str | Path | None, options: Options) -> GenreClassifier:
    try:
        return genre_model.GenreClassifier.load(model)
    except (genre_model.GenreModelError, ImportError) as error:
        # A failed import of ONNX Runtime explains itself over many lines.
        text = " ".join(str(error).split())
        if isinstance(error, genre_model.GenreModelError):
            text += advice(options.model)
        raise ModelUnavailableError(text) from error


def _check_labels(options: Options, classifier: GenreClassifier) -> None:
    """Refuse labels that the model lacks: misspelt, they would protect from nothing."""
    for option, labels in options.policy.unknown_labels(classifier.genres).items():
        named = ", ".join(sorted(labels))
        raise ModelUnavailableError(
            f"option {option}: the model {classifier.model_id} has no label {named}; it "
            f"has {', '.join(classifier.genres)}"
        )
