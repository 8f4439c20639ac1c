"""Waiting for another thread or process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def is_running(pid: int) -> bool:
    """Return True if there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return as soon as a condition holds, and fail if it never does.

    Args:
        condition: is asked a hundred times a second.
        seconds: how long a busy machine may take.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it has not happened within {seconds:g} s"
        time.sleep(0.01)
