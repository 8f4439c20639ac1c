"""From audio file to genre probabilities.

Names are resolved when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.card import Card
    from genre_model.card_text import card_details, card_summary
    from genre_model.classifier import GenreClassifier
    from genre_model.errors import (
        AudioDecodeError,
        GenreModelError,
        ModelFileError,
        SilentError,
        TooLongError,
        TooShortError,
    )
    from genre_model.many_files import FileOutcome, default_threads, predict_files
    from genre_model.model_file import bundled_model_names
    from genre_model.track_probabilities import TrackPrediction, pool_tracks

_MODULE_OF = {
    "AudioDecodeError": "errors",
    "Card": "card",
    "FileOutcome": "many_files",
    "GenreClassifier": "classifier",
    "GenreModelError": "errors",
    "ModelFileError": "errors",
    "SilentError": "errors",
    "TooLongError": "errors",
    "TooShortError": "errors",
    "TrackPrediction": "track_probabilities",
    "bundled_model_names": "model_file",
    "card_details": "card_text",
    "card_summary": "card_text",
    "default_threads": "many_files",
    "pool_tracks": "track_probabilities",
    "predict_files": "many_files",
}

__all__ = [  # noqa: RUF022 -- the order of use
    "GenreClassifier",
    "TrackPrediction",
    "pool_tracks",
    "predict_files",
    "FileOutcome",
    "default_threads",
    "Card",
    "bundled_model_names",
    "card_summary",
    "card_details",
    "GenreModelError",
    "AudioDecodeError",
    "ModelFileError",
    "SilentError",
    "TooLongError",
    "TooShortError",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
