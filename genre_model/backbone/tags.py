"""Which genre each tag of the published taggers means; ``tags.csv`` says it."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import Literal

Dataset = Literal["msd", "jamendo"]


@lru_cache(maxsize=2)
def tags_of_genres(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """Return the places of the tags that mean a genre, by genre.

    Tags count from 0 in the order of ``tags.csv``, which is that of the networks' outputs:
    Won et al. list the tags of the Million Song Dataset; those of MTG-Jamendo are sorted by
    their full names, such as ``genre---rock``.

    Args:
        dataset: whose tags the taggers were trained on.
    """
    text = (resources.files("genre_model.backbone") / "tags.csv").read_text("utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["dataset"] == dataset]
    genres = sorted({row["genre"] for row in rows} - {""})
    return {
        genre: tuple(place for place, row in enumerate(rows) if row["genre"] == genre)
        for genre in genres
    }
