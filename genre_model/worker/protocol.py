"""Answers of worker processes as JSON, which runs no code when read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import errors
from genre_model.errors import GenreModelError
from genre_model.model.track_probabilities import TrackPrediction

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model.segment_probabilities import SegmentScores

#: The line before the first answer, behind the output of a ``sitecustomize``.
ANSWERS_BEGIN = b"genre_model answers"
#: Errors that an answer may raise.
ERRORS = {
    kind.__name__: kind
    for kind in (
        errors.AudioDecodeError,
        errors.FingerprintMismatchError,
        errors.ModelFileError,
        errors.NoProcessError,
        errors.SilentError,
        errors.TooLongError,
        errors.TooShortError,
    )
}


def json_of_prediction(prediction: TrackPrediction) -> dict[str, Any]:
    """Return the input of :func:`prediction_of_json`; floats stay equal to the last bit."""
    return {
        "probabilities": prediction.probabilities.tolist(),
        "segment_probabilities": prediction.segment_probabilities.tolist(),
        "start_seconds": prediction.start_seconds.tolist(),
        "strangeness": prediction.strangeness,
    }


def prediction_of_json(
    answer: dict[str, Any], path: Path, genres: tuple[str, ...]
) -> TrackPrediction:
    """Return the prediction of an answer."""
    return TrackPrediction(
        path=path,
        genres=genres,
        probabilities=np.array(answer["probabilities"], np.float32),
        segment_probabilities=np.array(answer["segment_probabilities"], np.float32),
        start_seconds=np.array(answer["start_seconds"], np.float64),
        strangeness=None if answer["strangeness"] is None else float(answer["strangeness"]),
    )


def json_of_scores(scores: SegmentScores) -> dict[str, Any]:
    """Return the input of :func:`scores_of_json`."""
    return {"logits": scores.logits.tolist(), "embedding": scores.embedding.tolist()}


def scores_of_json(answer: dict[str, Any]) -> SegmentScores:
    """Return the scores of an answer."""
    # Imported here: ONNX Runtime comes along, which only training asks for.
    from genre_model.model.segment_probabilities import SegmentScores

    return SegmentScores(
        np.array(answer["logits"], np.float32), np.array(answer["embedding"], np.float32)
    )


def json_of_error(error: Exception) -> dict[str, Any]:
    """Return the input of :func:`error_of_json`."""
    return {"error": type(error).__name__, "text": str(error)}


def error_of_json(answer: dict[str, Any]) -> Exception | None:
    """Return the error of an answer, of the same type and text; None if there is none."""
    if "error" not in answer:
        return None
    name, text = str(answer["error"]), str(answer.get("text"))
    if name in ("ImportError", "ModuleNotFoundError"):
        return ImportError(text)
    return ERRORS.get(name, GenreModelError)(text)
