"""Tunes glibc's malloc to keep freed memory."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

# Numbers of <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
#: Larger arrays than any that hearing a track makes again and again.
_KEPT_BYTES = 32 * 2**20


def keep_freed_memory() -> None:
    """Let glibc keep what was freed, for the next array, instead of giving it back.

    Otherwise each array of a megabyte is fetched from the system page by page, and given
    back, a hundred times for each track: a quarter of the processor time. Costs at most
    some dozens of megabytes for each thread; other C libraries go on as they do.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _KEPT_BYTES)
