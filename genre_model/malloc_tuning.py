"""Tunes glibc's malloc to keep freed memory."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

# Numbers of <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
#: Larger than the arrays that each track allocates again.
_KEPT_BYTES = 32 * 2**20


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next array; other C libraries ignore it.

    Otherwise the system maps each array of a megabyte page by page, a hundred times for
    each track: a quarter of the processor time. Costs at most some dozens of megabytes
    for each thread.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _KEPT_BYTES)
