"""Out-of-fold predictions: of each track, by models that were not trained on it.

They replace the predictions of a model for the tracks of its training, which it knows by
heart.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import genre_model
from beetsplug.genreclf.models.active import out_of_fold_path
from beetsplug.genreclf.storage.stored_prediction import (
    DECIMALS,
    LENGTH_TOLERANCE_SECONDS,
    StoredPrediction,
    prediction_from,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from beets.library import Item, Library


#: Odds are no larger.
MOST = 1e4


def write_out_of_fold(
    model_id: str,
    items: Iterable[Item],
    scores: Mapping[str, Mapping[str, float]],
    *,
    multi_label: bool,
) -> None:
    """Write the predictions for the tracks that a model is trained on.

    Args:
        model_id: of the model.
        items: the tracks.
        scores: id of the track, as text -> label -> probability, best first.
        multi_label: whether several labels can be right at once.

    Raises:
        OSError: if they cannot be written.
    """
    tracks = {
        str(item.id): {
            "path": str(item.filepath),
            "title": item.title,
            "length": float(item.length or 0.0),
            "scores": prediction_from(model_id, list(scores[str(item.id)].items())).scores,
            "strangeness": _strangeness(scores[str(item.id)], multi_label=multi_label),
        }
        for item in items
    }
    text = json.dumps({"model": model_id, "tracks": tracks}, ensure_ascii=False)
    genre_model.write_atomically(out_of_fold_path(model_id), text.encode())


def read_out_of_fold(lib: Library, model_id: str) -> dict[int, StoredPrediction]:
    """Return the predictions by the ids of tracks; none if the file is damaged.

    An id may belong to another track by now, and a track may have another id: path or
    title, and the length, have to agree.
    """
    try:
        content = json.loads(out_of_fold_path(model_id).read_text("utf-8"))
        tracks = {
            int(key): _parsed(each, model_id) for key, each in content["tracks"].items()
        }
        if content["model"] != model_id:
            return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    by_path = {track.path: track for track in tracks.values()}
    found = {}
    for item in lib.items():
        candidates = (tracks.get(item.id or 0), by_path.get(str(item.filepath)))
        for track in filter(None, candidates):
            if item.id and track.is_same(item):
                found[item.id] = track.prediction
                break
    return found


class _Trained(NamedTuple):
    """A track that trained a model."""

    path: str
    title: str
    length: float
    prediction: StoredPrediction

    def is_same(self, item: Item) -> bool:
        is_same_title = bool(item.title) and item.title == self.title
        is_same_length = abs((item.length or 0.0) - self.length) <= LENGTH_TOLERANCE_SECONDS
        return is_same_length and (is_same_title or str(item.filepath) == self.path)


def _parsed(track: Mapping[str, Any], model_id: str) -> _Trained:
    scores = {str(label): float(value) for label, value in track["scores"].items()}
    return _Trained(
        path=str(track["path"]),
        title=str(track["title"]),
        length=float(track["length"]),
        prediction=StoredPrediction(model_id, scores, track["strangeness"]),
    )


def may_know(training: Mapping[str, Any], n_known: int) -> str | None:
    """Return why a model may know tracks by heart; None if all those are known.

    Args:
        training: from its card, which may be of unknown origin.
        n_known: tracks of the library that have out-of-fold predictions.

    Returns:
        The rest of a sentence about the model.
    """
    if not genre_model.is_personal(training):
        return None
    n_trained = training.get("n_tracks")
    if isinstance(n_trained, int) and n_known >= n_trained:
        return None
    return f"may have been trained on some of these tracks ({n_known} are known)"


def _strangeness(scores: Mapping[str, float], *, multi_label: bool) -> float | None:
    """Return the odds of "none of these" against the best label."""
    rest = 1 - sum(scores.values())
    best = max(scores.values())
    if multi_label:
        return None if best else MOST
    return round(min(max(rest, 0.0) / max(best, 1 / MOST), MOST), DECIMALS)
