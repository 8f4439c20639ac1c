"""Loads a model, or says in one line why it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.model_choice import (
    advice,
    is_path,
    known_models,
    model_in_force,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model import GenreClassifier


class ModelUnavailableError(Exception):
    """No track can be heard; the message says why in one line."""


def load_classifier(option: str | Path | None) -> GenreClassifier:
    """Return the classifier of a model.

    Args:
        option: ``genreclf.model``: a path, the name of a model, or None for the one in
            force.

    Raises:
        ModelUnavailableError: the file is missing or damaged, or a library that it needs
            cannot be imported on this machine.
    """
    try:
        model = model_in_force(option)
        if isinstance(model, str) and not is_path(model):
            _check_name(model)
        return genre_model.GenreClassifier.load(model)
    except genre_model.GenreModelError as error:
        raise ModelUnavailableError(_one_line(error) + advice(option)) from error
    except (ImportError, OSError, UnicodeError) as error:
        # A failed import of ONNX Runtime explains itself over many lines.
        raise ModelUnavailableError(_one_line(error)) from error


def _check_name(name: str) -> None:
    """Name all models there are, one's own included."""
    if name not in known_models():
        raise genre_model.ModelFileError(
            f"no model {name!r}; there is {', '.join(known_models())}, or give the path of "
            "an .onnx file"
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
