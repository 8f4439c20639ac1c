"""Loads a model, or says in one line why it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.model_choice import advice, model_in_force

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
        return genre_model.GenreClassifier.load(model_in_force(option))
    except genre_model.GenreModelError as error:
        raise ModelUnavailableError(_one_line(error) + advice(option)) from error
    except (ImportError, OSError, UnicodeError) as error:
        # A failed import of ONNX Runtime explains itself over many lines.
        raise ModelUnavailableError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
