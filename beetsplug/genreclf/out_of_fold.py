"""What was said of tracks, before a model was trained on them, by models that were not.

A model knows by heart what it was trained on. Where it is to judge such a track, this
stands in for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.listening import LENGTH_TOLERANCE_SECONDS, Listening, listening_from
from beetsplug.genreclf.model_choice import out_of_fold_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from beets.library import Item, Library


def write_out_of_fold(
    model_id: str, items: Iterable[Item], scores: Mapping[str, Mapping[str, float]]
) -> None:
    """Keep the scores of the tracks that a model is trained on.

    Args:
        model_id: of the model.
        items: the tracks.
        scores: id of the track, as text -> label -> probability, best first.

    Raises:
        OSError: if it cannot be written.
    """
    tracks = {
        str(item.id): {
            "length": float(item.length or 0.0),
            "scores": listening_from(model_id, list(scores[str(item.id)].items())).scores,
        }
        for item in items
    }
    text = json.dumps({"model": model_id, "tracks": tracks}, ensure_ascii=False)
    genre_model.write_atomically(out_of_fold_path(model_id), text.encode())


def read_out_of_fold(lib: Library, model_id: str) -> dict[int, Listening]:
    """Return what is known of the tracks that a model was trained on.

    An id may belong to another track by now, whose length gives it away. A file that is
    missing or damaged says nothing.
    """
    try:
        content = json.loads(out_of_fold_path(model_id).read_text("utf-8"))
        tracks = {
            int(key): (float(each["length"]), _scores(each["scores"]))
            for key, each in content["tracks"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    lengths = {item.id: item.length or 0.0 for item in lib.items() if item.id in tracks}
    return {
        item_id: Listening(model_id, scores)
        for item_id, (length, scores) in tracks.items()
        if item_id in lengths and abs(lengths[item_id] - length) <= LENGTH_TOLERANCE_SECONDS
    }


def _scores(values: Mapping[str, float]) -> dict[str, float]:
    return {str(label): float(value) for label, value in values.items()}
