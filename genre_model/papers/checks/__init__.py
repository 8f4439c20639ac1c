"""Rows that are computed by a function of their own, by ID.

Each takes its row and the reproduction and returns the outcome. It raises a
``TrainingDataError`` if runs, tracks or feature tables that it needs are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.papers.checks import (
    claims,
    clips,
    confusions,
    features,
    front_ends,
    genre_reports,
    genres,
    networks,
    splits,
    tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from genre_model.papers.outcome import Outcome
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

CHECKS: dict[str, Callable[[Row, Reproduction], Outcome]] = {
    "Z1": front_ends.picture_columns,
    "Z6": confusions.zhang_confusion,
    "Z7": genre_reports.zhang_genres,
    "Z8": networks.learning_curves,
    "Z9": clips.mel_against_mfcc,
    "Z13": networks.memorisation,
    "Z15": splits.zhang_supports,
    "A1": tables.tables_at_hand,
    "A2": tables.correlation_filter,
    "A7": confusions.pooled_confusion,
    "A8": features.genre_similarity,
    "A9": features.feature_plots,
    "A11": tables.table_runtime,
    "B1": front_ends.mel_pictures,
    "B2": splits.segment_lengths,
    "B3": networks.leak,
    "B10": tables.tuning,
    "B12": genres.curves_and_genres,
    "C1": splits.half_overlapping,
    "C2": front_ends.mel_and_mfcc,
    "C10": networks.ensembles,
    "C12": genres.genre_by_genre,
    "C15": claims.claims,
    "D1": front_ends.au_without_conversion,
    "D5": splits.cao_split,
    "D6": genre_reports.cao_genres,
}
