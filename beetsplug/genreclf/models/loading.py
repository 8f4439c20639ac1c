"""Loads a model, or says in one line why it cannot be."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.models.active import (
    advice,
    is_path,
    known_models,
    model_in_force,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model import GenreClassifier, IsolatedClassifier


class ModelUnavailableError(Exception):
    """No track can be heard; the message says why in one line."""


def load_classifier(option: str | Path | None) -> GenreClassifier:
    """Return the classifier of a model, to be looked at.

    Args:
        option: ``genreclf.model``: a path, the name of a model, or None for the one in
            force.

    Raises:
        ModelUnavailableError: the file is missing or damaged, or a library that it needs
            cannot be imported on this machine.
    """
    with _explained(option):
        return genre_model.GenreClassifier.load(_chosen(option))


def load_isolated(option: str | Path | None) -> IsolatedClassifier:
    """Return the classifier of a model, to listen with.

    Raises:
        ModelUnavailableError: as :func:`load_classifier`, or no process can be started.
    """
    with _explained(option):
        # What was imported, or trained here, was tried then.
        is_untrusted = option is not None and is_path(str(option))
        return genre_model.IsolatedClassifier.load(
            _chosen(option), is_untrusted=is_untrusted
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


def _chosen(option: str | Path | None) -> str | Path | None:
    """Return the model; of names, only one that there is, one's own included."""
    model = model_in_force(option)
    if isinstance(model, str) and not is_path(model) and model not in known_models():
        raise genre_model.no_such_model(model, known_models())
    return model


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
