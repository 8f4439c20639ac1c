"""Which counts a printed percentage can be of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: By how much two digits after the point are off, and the last bit of a float.
HALF_DIGIT = 0.005 + 1e-9


def counts_printed_as(percent: float, n: int) -> list[int]:
    """Return the counts of ``n`` whose share is printed so, with two digits.

    Args:
        percent: as printed.
        n: what is counted.
    """
    lowest = math.ceil((percent - HALF_DIGIT) * n / 100)
    highest = math.floor((percent + HALF_DIGIT) * n / 100)
    return list(range(lowest, highest + 1))


def possible_text(percent: float, n: int, unit: str) -> str:
    """Say of how many a percentage can be, or which ones are nearest to it.

    Args:
        percent: as printed.
        n: what is counted.
        unit: what ``n`` counts.
    """
    if counts := counts_printed_as(percent, n):
        return f"{percent:.2f} % can be {counts[0]} of {n} {unit}"
    below = math.floor(percent * n / 100)
    nearest = " or ".join(f"{100 * k / n:.2f}" for k in (below, below + 1))
    return f"{percent:.2f} % cannot be of {n} {unit} (nearest: {nearest} %)"


def span_text(counts: Sequence[int]) -> str:
    """Say from where to where counts reach, or that they are all the same."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
