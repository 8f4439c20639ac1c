"""From audio file to genre probabilities.

Names are resolved when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_model.atomic_file import sweep_partials, write_atomically
    from genre_model.audio.waveform import genre_by_ffmpeg
    from genre_model.backbone.names import installed_backbone
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
        installed_model_names,
        installed_model_path,
        no_such_model,
        read_network,
    )
    from genre_model.model.track_probabilities import TrackPrediction, pool_tracks
    from genre_model.personal.head_file import parent_network
    from genre_model.personal.labelled_files import LabelledFile
    from genre_model.personal.leaks import heard_before
    from genre_model.personal.personal_model import PersonalModel
    from genre_model.personal.replacement import better_model_at
    from genre_model.personal.score import Judgement, targets_of
    from genre_model.personal.score_text import judgement_lines
    from genre_model.personal.settings import PersonalSettings
    from genre_model.personal.training import PersonalTraining
    from genre_model.worker.isolated_classifier import IsolatedClassifier
    from genre_model.worker.untrusted_model import check_untrusted_model

_MODULE_OF = {
    "AudioDecodeError": "errors",
    "Card": "model.card",
    "DEFAULT_MODEL": "model.source",
    "FileOutcome": "batch",
    "GenreClassifier": "classifier",
    "GenreModelError": "errors",
    "IsolatedClassifier": "worker.isolated_classifier",
    "Judgement": "personal.score",
    "LabelledFile": "personal.labelled_files",
    "ModelFileError": "errors",
    "NoProcessError": "errors",
    "PersonalModel": "personal.personal_model",
    "PersonalSettings": "personal.settings",
    "PersonalTraining": "personal.training",
    "SilentError": "errors",
    "TooLongError": "errors",
    "TooShortError": "errors",
    "TrackPrediction": "model.track_probabilities",
    "TrainingDataError": "errors",
    "TrainingStoppedError": "errors",
    "better_model_at": "personal.replacement",
    "bundled_model_names": "model.source",
    "installed_backbone": "backbone.names",
    "genre_by_ffmpeg": "audio.waveform",
    "is_personal": "model.card",
    "installed_model_names": "model.source",
    "installed_model_path": "model.source",
    "no_such_model": "model.source",
    "card_details": "model.card_text",
    "card_summary": "model.card_text",
    "check_untrusted_model": "worker.untrusted_model",
    "default_threads": "batch",
    "heard_before": "personal.leaks",
    "judgement_lines": "personal.score_text",
    "parent_network": "personal.head_file",
    "pool_tracks": "model.track_probabilities",
    "predict_files": "batch",
    "printable": "model.card_text",
    "read_network": "model.source",
    "spelling_key": "label_spelling",
    "targets_of": "personal.score",
    "sweep_partials": "atomic_file",
    "write_atomically": "atomic_file",
}

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
    "Judgement",
    "targets_of",
    "heard_before",
    "judgement_lines",
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
