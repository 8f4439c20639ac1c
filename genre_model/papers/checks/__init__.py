"""Rows that are computed by a function of their own, by ID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.papers.checks.au_files import au_without_conversion
from genre_model.papers.checks.claims import claims
from genre_model.papers.checks.confusions import pooled_confusion, zhang_confusion
from genre_model.papers.checks.ensembles import ensembles
from genre_model.papers.checks.features import feature_plots, genre_similarity
from genre_model.papers.checks.front_ends import (
    mel_and_mfcc,
    mel_pictures,
    picture_columns,
)
from genre_model.papers.checks.genre_reports import cao_genres, zhang_genres
from genre_model.papers.checks.genres import curves_and_genres, genre_by_genre
from genre_model.papers.checks.leak import leak
from genre_model.papers.checks.mel_against_mfcc import mel_against_mfcc
from genre_model.papers.checks.memorisation import learning_curves, memorisation
from genre_model.papers.checks.splits import (
    cao_split,
    half_overlapping,
    segment_lengths,
    zhang_supports,
)
from genre_model.papers.checks.table_facts import (
    correlation_filter,
    table_runtime,
    tables_at_hand,
)
from genre_model.papers.checks.tuning import tuning

if TYPE_CHECKING:
    from collections.abc import Callable

    from genre_model.papers.outcome import Outcome
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

    Check = Callable[[Row, Reproduction], Outcome]

CHECKS: dict[str, Check] = {
    "Z1": picture_columns,
    "Z6": zhang_confusion,
    "Z7": zhang_genres,
    "Z8": learning_curves,
    "Z9": mel_against_mfcc,
    "Z13": memorisation,
    "Z15": zhang_supports,
    "A1": tables_at_hand,
    "A2": correlation_filter,
    "A7": pooled_confusion,
    "A8": genre_similarity,
    "A9": feature_plots,
    "A11": table_runtime,
    "B1": mel_pictures,
    "B2": segment_lengths,
    "B3": leak,
    "B10": tuning,
    "B12": curves_and_genres,
    "C1": half_overlapping,
    "C2": mel_and_mfcc,
    "C10": ensembles,
    "C12": genre_by_genre,
    "C15": claims,
    "D1": au_without_conversion,
    "D5": cao_split,
    "D6": cao_genres,
}
