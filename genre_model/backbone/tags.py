"""Which genre each tag of the published taggers means; ``tags.csv`` says it."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

Dataset = Literal["msd", "jamendo"]


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


@lru_cache(maxsize=2)
def tags_of_genres(dataset: Dataset) -> dict[str, GenreTags]:
    """Return the tags that mean a genre, by genre.

    ``tags.csv`` lists the tags in the order of the networks' outputs: Won et al. list those
    of the Million Song Dataset; those of MTG-Jamendo are sorted by their full names, such
    as ``genre---rock``.

    Args:
        dataset: the data set that the taggers were trained on.
    """
    text = (resources.files("genre_model.backbone") / "tags.csv").read_text("utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["dataset"] == dataset]
    found: dict[str, list[tuple[int, float]]] = {}
    for place, row in enumerate(rows):
        if row["genre"]:
            found.setdefault(row["genre"], []).append((place, float(row["weight"])))
    return {genre: GenreTags(*zip(*found[genre], strict=True)) for genre in sorted(found)}
