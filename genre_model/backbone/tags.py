"""Which genre each tag of the published taggers means; ``tags.csv`` says it."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

Dataset = Literal["msd", "jamendo", "audioset"]


class GenreTags(NamedTuple):
    """The tags that mean a genre.

    Attributes:
        places: of the tags among a network's outputs, from 0.
        weights: what the odds of each tag are multiplied by. Metal and hip hop have more
            than 1, since their songs are also tagged, and more surely, as rock, pop or
            electronic music.
    """

    places: tuple[int, ...]
    weights: tuple[float, ...]


@lru_cache(maxsize=3)
def tags_of_genres(dataset: Dataset) -> dict[str, GenreTags]:
    """Return the tags that mean a genre, by genre.

    ``tags.csv`` lists them with their places among the outputs of a network. The order of
    the outputs is that of Won et al. for the Million Song Dataset, that of the full names,
    such as ``genre---rock``, for MTG-Jamendo, and that of the published class indices for
    AudioSet.

    Args:
        dataset: the data set that the taggers were trained on.
    """
    text = (resources.files("genre_model.backbone") / "tags.csv").read_text("utf-8")
    found: dict[str, list[tuple[int, float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["dataset"] == dataset:
            tag = int(row["place"]), float(row["weight"])
            found.setdefault(row["genre"], []).append(tag)
    return {genre: GenreTags(*zip(*found[genre], strict=True)) for genre in sorted(found)}
