"""What was said of tracks, before a model was trained on them, by models that were not.

A model knows by heart what it was trained on. Where it is to judge such a track, this
stands in for it.
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


class Said(NamedTuple):
    """What was said of a track, and how to know it again."""

    path: str
    title: str
    length: float
    listening: StoredPrediction


def write_out_of_fold(
    model_id: str,
    items: Iterable[Item],
    scores: Mapping[str, Mapping[str, float]],
    *,
    multi_label: bool,
) -> None:
    """Keep the scores of the tracks that a model is trained on.

    Args:
        model_id: of the model.
        items: the tracks.
        scores: id of the track, as text -> label -> probability, best first.
        multi_label: whether several labels can be right at once.

    Raises:
        OSError: if it cannot be written.
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
    """Return what is known of the tracks that a model was trained on.

    An id may belong to another track by now, and a track may have another id: path or
    title, and the length, have to agree. A file that is missing or damaged says nothing.
    """
    try:
        content = json.loads(out_of_fold_path(model_id).read_text("utf-8"))
        tracks = {
            int(key): Said(
                str(each["path"]),
                str(each["title"]),
                float(each["length"]),
                StoredPrediction(model_id, _scores(each["scores"]), each["strangeness"]),
            )
            for key, each in content["tracks"].items()
        }
        if content["model"] != model_id:
            return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    by_path = {said.path: said for said in tracks.values()}
    found = {}
    for item in lib.items():
        path = str(item.filepath)
        for said in filter(None, (tracks.get(item.id or 0), by_path.get(path))):
            is_same = path == said.path or (item.title and item.title == said.title)
            length = abs((item.length or 0.0) - said.length)
            if item.id and is_same and length <= LENGTH_TOLERANCE_SECONDS:
                found[item.id] = said.listening
                break
    return found


def may_know(training: Mapping[str, Any], n_known: int) -> str | None:
    """Say that a model may have been trained on tracks, and nobody knows on which.

    Args:
        training: what its card says; a stranger may have written it.
        n_known: tracks of the library of which something is known from before.

    Returns:
        The rest of a sentence about the model; None if all is known.
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


def _scores(values: Mapping[str, float]) -> dict[str, float]:
    return {str(label): float(value) for label, value in values.items()}
