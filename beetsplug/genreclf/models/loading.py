"""Loads models; where one cannot be loaded, the error says why in one line."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.models.active import (
    advice,
    is_path,
    known_models,
    model_in_force,
    user_path,
)
from beetsplug.genreclf.ui.reporter import LogReporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beets.logging import BeetsLogger

    from beetsplug.genreclf.config.options import Options
    from genre_model import GenreClassifier, IsolatedClassifier


class ModelError(Exception):
    """Something is wrong with a model; the message says what in one line."""


class ModelUnavailableError(ModelError):
    """The model cannot be loaded."""


def load_classifier(option: str | Path | None) -> GenreClassifier:
    """Return the classifier of a model, to read its card.

    Args:
        option: a path, the name of a model, or None for the one in force.

    Raises:
        ModelUnavailableError: the file is missing or damaged, or a library that it needs
            cannot be imported on this machine.
    """
    with _explained(option):
        return genre_model.GenreClassifier.load(_existing_model(option))


class LazyClassifier:
    """Loads a classifier when a track first needs it, from any thread.

    beets creates plugins for every command, and the process that predicts takes a third
    of a second to start.
    """

    def __init__(self, log: BeetsLogger) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._loaded: tuple[str | Path | None, IsolatedClassifier] | None = None

    def load(self, options: Options) -> IsolatedClassifier:
        """Return the classifier that the options ask for.

        Raises:
            ModelUnavailableError: as :func:`load_classifier`; or no process can be
                started, or the options name a label that no model has.
        """
        with self._lock:
            if self._loaded is None or self._loaded[0] != options.model:
                classifier = _load_isolated(options.model)
                _check_labels(options, classifier, self._log)
                self._loaded = (options.model, classifier)
            return self._loaded[1]


def _load_isolated(option: str | Path | None) -> IsolatedClassifier:
    with _explained(option):
        # The user's own models were checked when they were imported or trained.
        is_untrusted = option is not None and is_path(str(option))
        return genre_model.IsolatedClassifier.load(
            _existing_model(option), is_untrusted=is_untrusted
        )


@contextmanager
def _explained(option: str | Path | None) -> Iterator[None]:
    try:
        yield
    except genre_model.GenreModelError as error:
        raise ModelUnavailableError(_one_line(error) + advice(option)) from error
    except (ImportError, OSError, UnicodeError) as error:
        # A failed import of ONNX Runtime explains itself over many lines.
        raise ModelUnavailableError(_one_line(error)) from error


def _existing_model(option: str | Path | None) -> str | Path | None:
    """Return what to load; a name must be one of the known models."""
    model = model_in_force(option)
    if isinstance(model, str) and is_path(model):
        return user_path(model)
    if isinstance(model, str) and model not in known_models():
        raise genre_model.no_such_model(model, known_models())
    return model


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _check_labels(
    options: Options, classifier: IsolatedClassifier, log: BeetsLogger
) -> None:
    """Refuse labels that no model has; warn of those that only this model lacks."""
    unknown = options.policy.unknown_labels(classifier.genres)
    if not unknown:
        return
    known = {*classifier.genres, *_labels_of_all_models()}
    misspelt = options.policy.unknown_labels(known)
    for option, labels in (misspelt or unknown).items():
        text = (
            f"option {option}: the model {classifier.model_id} has no label "
            f"{', '.join(sorted(labels))}; it has {', '.join(classifier.genres)}"
        )
        if misspelt:
            raise ModelUnavailableError(text)
        LogReporter(log).warning(text)


def _labels_of_all_models() -> Iterator[str]:
    for name in known_models():
        with suppress(ModelUnavailableError):
            yield from load_classifier(name).genres
