"""Ctrl-C: the first press ends a pass after the track in hand, a second one at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def stop_on_sigint() -> Iterator[Callable[[], bool]]:
    """Turn the first SIGINT into a flag, so that none falls between file and library.

    Yields:
        A function that says whether Ctrl-C was pressed.
    """
    pressed = threading.Event()

    def heed(_signal: int, _frame: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    # Only the main thread may, and a background job that ignores SIGINT goes on to.
    before = signal.getsignal(signal.SIGINT)
    if (
        threading.current_thread() is not threading.main_thread()
        or before is not signal.default_int_handler
    ):
        yield pressed.is_set
        return
    signal.signal(signal.SIGINT, heed)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def import_abort_poll() -> Callable[[], bool]:
    """Return a function that says whether the import was aborted.

    On Ctrl-C beets sets a flag on the threads of its pipeline, then waits for them.
    """
    stage_thread = threading.current_thread()
    return lambda: getattr(stage_thread, "abort_flag", False)
