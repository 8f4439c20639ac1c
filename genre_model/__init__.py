"""From audio file to genre probabilities.

Names are resolved when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.atomic_file import sweep_partials, write_atomically
    from genre_model.audio.waveform import genre_by_ffmpeg
    from genre_model.batch import FileOutcome, default_threads, predict_files
    from genre_model.classifier import GenreClassifier
    from genre_model.errors import (
        AudioDecodeError,
        GenreModelError,
        ModelFileError,
        NoProcessError,
        SilentError,
        TooLongError,
        TooShortError,
        TrainingDataError,
        TrainingStoppedError,
    )
    from genre_model.label_spelling import spelling_key
    from genre_model.model.card import Card, is_personal
    from genre_model.model.card_text import card_details, card_summary, printable
    from genre_model.model.source import (
        DEFAULT_MODEL,
        bundled_model_names,
        installed_backbone,
        installed_model_names,
        installed_model_path,
        no_such_model,
        read_network,
    )
    from genre_model.model.track_probabilities import TrackPrediction, pool_tracks
    from genre_model.personal.evaluation import Evaluation, evaluation_lines, targets_of
    from genre_model.personal.head_file import parent_network
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.leaks import heard_before
    from genre_model.personal.personal_model import PersonalModel, better_model_at
    from genre_model.personal.settings import PersonalSettings
    from genre_model.personal.training import PersonalTraining
    from genre_model.worker.isolated_classifier import (
        IsolatedClassifier,
        check_untrusted_model,
    )

#: Module -> the names that it gives to this package.
_EXPORTS = {
    "atomic_file": ("sweep_partials", "write_atomically"),
    "audio.waveform": ("genre_by_ffmpeg",),
    "batch": ("FileOutcome", "default_threads", "predict_files"),
    "classifier": ("GenreClassifier",),
    "errors": (
        *("AudioDecodeError", "GenreModelError", "ModelFileError", "NoProcessError"),
        *("SilentError", "TooLongError", "TooShortError"),
        *("TrainingDataError", "TrainingStoppedError"),
    ),
    "label_spelling": ("spelling_key",),
    "model.card": ("Card", "is_personal"),
    "model.card_text": ("card_details", "card_summary", "printable"),
    "model.source": (
        *("DEFAULT_MODEL", "bundled_model_names", "installed_backbone"),
        *("installed_model_names", "installed_model_path", "no_such_model"),
        "read_network",
    ),
    "model.track_probabilities": ("TrackPrediction", "pool_tracks"),
    "personal.evaluation": ("Evaluation", "evaluation_lines", "targets_of"),
    "personal.head_file": ("parent_network",),
    "personal.labelled_files": ("LabelledFile",),
    "personal.leaks": ("heard_before",),
    "personal.personal_model": ("PersonalModel", "better_model_at"),
    "personal.settings": ("PersonalSettings",),
    "personal.training": ("PersonalTraining",),
    "worker.isolated_classifier": ("IsolatedClassifier", "check_untrusted_model"),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [  # noqa: RUF022 -- the order of use
    "GenreClassifier",
    "IsolatedClassifier",
    "TrackPrediction",
    "pool_tracks",
    "predict_files",
    "FileOutcome",
    "default_threads",
    "Card",
    "is_personal",
    "DEFAULT_MODEL",
    "bundled_model_names",
    "installed_model_names",
    "installed_model_path",
    "no_such_model",
    "installed_backbone",
    "card_summary",
    "card_details",
    "printable",
    "read_network",
    "check_untrusted_model",
    "write_atomically",
    "sweep_partials",
    "LabelledFile",
    "PersonalSettings",
    "PersonalTraining",
    "parent_network",
    "PersonalModel",
    "better_model_at",
    "Evaluation",
    "targets_of",
    "heard_before",
    "evaluation_lines",
    "spelling_key",
    "genre_by_ffmpeg",
    "GenreModelError",
    "AudioDecodeError",
    "ModelFileError",
    "NoProcessError",
    "SilentError",
    "TooLongError",
    "TooShortError",
    "TrainingDataError",
    "TrainingStoppedError",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
