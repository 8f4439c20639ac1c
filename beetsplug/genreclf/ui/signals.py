"""Signals: the first ends a pass after the current track, a second at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: Ctrl-C; `kill`, or the system shuts down; the terminal is closed.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Turn the first signal into a flag, so that none comes between file and library.

    A second one has its usual effect.

    Yields:
        A function that returns True after a signal.
    """
    came = threading.Event()
    before: dict[int, Any] = {}

    def stop(_signal: int, _frame: object) -> None:
        came.set()
        put_back()

    def put_back() -> None:
        while before:
            signal.signal(*before.popitem())

    # Only the main thread may; a background job that ignores SIGINT still ignores it.
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name, None) for name in SIGNALS):
            default = (signal.default_int_handler, signal.SIG_DFL)
            if number is not None and signal.getsignal(number) in default:
                before[number] = signal.signal(number, stop)
    try:
        yield came.is_set
    finally:
        put_back()


def import_abort_poll() -> Callable[[], bool]:
    """Return a function that returns True once the import is aborted.

    On Ctrl-C beets sets a flag on the threads of its pipeline, then waits for them.
    """
    stage_thread = threading.current_thread()
    return lambda: getattr(stage_thread, "abort_flag", False)
