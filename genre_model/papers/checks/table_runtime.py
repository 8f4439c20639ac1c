"""A11: how long it takes to load, prepare and train five folds."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from genre_model.papers.checks.confusions import TABLE_PROTOCOL, TABLE_ROW
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.papers.tables.feature_table import (
    find_feature_table,
    read_feature_table,
)
from genre_model.papers.tables.table_predictions import predict_table
from genre_model.papers.tables.table_systems import table_system
from genre_model.training.data.protocols import folds_of, is_leaky

if TYPE_CHECKING:
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: Paper 001: "approximately 30 seconds", on a machine that it does not name.
PUBLISHED_SECONDS = 30


def table_runtime(row: Row, reproduction: Reproduction) -> Outcome:
    """Time the 1-D CNN from the file to the last fold's predictions (A11).

    Raises:
        TrainingDataError: if there is no feature table.
    """
    system = chosen_rows([TABLE_ROW])[0].systems[0]
    folds = folds_of(TABLE_PROTOCOL)[: reproduction.n_folds]
    start_seconds = time.monotonic()
    table = read_feature_table(find_feature_table(reproduction.data_dir, system.seconds))
    loaded_seconds = time.monotonic() - start_seconds
    make_system = partial(table_system, system.system, 0, **system.options)
    predictions = predict_table(make_system, table, folds, "timed")
    seconds = time.monotonic() - start_seconds
    measurement = Measurement(
        f"load, prepare, train and test {len(folds)} folds",
        "seconds",
        PUBLISHED_SECONDS,
        round(seconds, 1),
        protocol=TABLE_PROTOCOL,
        leaky=is_leaky(TABLE_PROTOCOL),
        n=len(predictions.labels),
        data="feature table, 30 s",
    )
    finding = (
        f"Reading the table takes {loaded_seconds:.2f} s of that; networks train in one "
        "thread."
    )
    return Outcome(row.id, (measurement,), (finding,))
