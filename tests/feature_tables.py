"""Small feature tables, and files of them, whose genres are easy or hard to tell apart."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from genre_model.papers.tables.feature_table import COLUMNS, FEATURE_NAMES, FeatureTable
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = tuple(GENRE_OF_FOLDER)


def make_table(
    tracks_per_genre: int, segments: int = 0, *, noise: float = 0.5, seed: int = 0
) -> FeatureTable:
    """Make a table: each genre has a mean of its own, each track another within it."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(FOLDERS), len(FEATURE_NAMES)))
    row_ids, track_ids, labels, values = [], [], [], []
    for label, folder in enumerate(FOLDERS):
        for number in range(tracks_per_genre):
            track_id = f"{folder}.{number:05d}"
            track = centres[label] + noise * rng.normal(size=len(FEATURE_NAMES))
            for segment in range(segments or 1):
                row_ids.append(f"{track_id}#{segment}" if segments else track_id)
                track_ids.append(track_id)
                labels.append(label)
                values.append(track + 0.01 * rng.normal(size=len(track)))
    return FeatureTable(
        tuple(row_ids),
        tuple(track_ids),
        np.array(labels, np.int64),
        FEATURE_NAMES,
        np.array(values),
        3 if segments else 30,
    )


def of_genres(table: FeatureTable, genres: list[str]) -> FeatureTable:
    """Return the rows of these genres."""
    chosen = [GENRES.index(genre) for genre in genres]
    return table.rows(np.flatnonzero(np.isin(table.labels, chosen)).tolist())


def kaggle_lines(table: FeatureTable) -> list[list[str]]:
    """Return the lines of a CSV file of a table, the head first."""
    lines = [list(COLUMNS)]
    for row_id, label, values in zip(
        table.row_ids, table.labels, table.values, strict=True
    ):
        name = row_id.replace("#", ".")
        length = 66149 if table.is_segmented else 661794
        numbers = [repr(float(value)) for value in values]
        lines.append([f"{name}.wav", str(length), *numbers, FOLDERS[label]])
    return lines


def write_lines(path: Path, lines: list[list[str]]) -> Path:
    """Write the lines of a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path
