"""Measurements that are means over runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.papers.outcome import Measurement
from genre_model.training.data.protocols import is_leaky

if TYPE_CHECKING:
    from collections.abc import Sequence


def mean_over_runs(
    name: str,
    measure: str,
    published: float | None,
    values: Sequence[float],
    *,
    protocol: str = "",
    **fields: Any,
) -> Measurement:
    """Build a measurement from one value per run.

    Args:
        name: of the system, or of what was counted.
        measure: such as ``recall``.
        published: the paper's value; None if it gives none.
        values: one per seed or repeat [shape=(n_runs,)].
        protocol: that chose the tracks.
        fields: further ones of the measurement.
    """
    return Measurement(
        name,
        measure,
        published,
        float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        protocol=protocol,
        leaky=bool(protocol) and is_leaky(protocol),
        seeds=len(values),
        **fields,
    )
