"""Whether a new model may take the place of one that is there already."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from genre_model.errors import ModelFileError
from genre_model.model.model_file import read_model
from genre_model.personal.personal_model import PROTOCOL

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model.card import Card
    from genre_model.personal.personal_model import PersonalModel


def better_model_at(path: Path, model: PersonalModel) -> str | None:
    """Say why a file holds a better model than a new one; None if it does not.

    Better is one that knows a genre that the new one does not; or the same genres, and
    was right more often by more than one standard error of the new accuracy. So may be a
    file that cannot be read, or was never scored as personal models are.

    Args:
        path: where the new model is to be.
        model: the new one.

    Returns:
        A sentence with both accuracies, without its full stop.
    """
    if not os.path.lexists(path):
        return None
    try:
        there = read_model(path)
    except ModelFileError as error:
        return f"nobody knows how good what is there is: {error}"
    score = there.card.metrics.get(PROTOCOL)
    old = _share(score.get("accuracy")) if isinstance(score, dict) else None
    if not isinstance(score, dict) or old is None:
        return f"{there.model_id} at {path} was never scored as personal models are"
    if lost := sorted(set(there.card.genres) - set(model.judgement.labels)):
        return f"{there.model_id} at {path} knows {', '.join(lost)}, the new model does not"
    return _better_score(f"{there.model_id} at {path}", there.card, score, old, model)


def _better_score(
    name: str, card: Card, score: dict[str, Any], old: float, model: PersonalModel
) -> str | None:
    new, n_tracks, n_labels = model.accuracy, len(model.files), len(model.judgement.labels)
    # More genres are harder to tell apart.
    is_harder = n_labels > len(card.genres)
    if is_harder or old - new <= math.sqrt(new * (1 - new) / n_tracks):
        return None
    return (
        f"{name} is better: accuracy "
        f"{_told(old, len(card.genres), score.get('n_tracks'), score.get('leaky'))}, "
        f"against {_told(new, n_labels, n_tracks, bool(model.leaks))} of the new model"
    )


def _told(accuracy: float, n_genres: int, n_tracks: object, is_leaky: object) -> str:
    tracks = f", {n_tracks} tracks" if isinstance(n_tracks, int) else ""
    leaky = ", LEAKY" if is_leaky is True else ""
    return f"{accuracy:.3f} ({n_genres} genres{tracks}{leaky})"


def _share(value: Any) -> float | None:
    """Return a number from 0 to 1; None if it is anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None
