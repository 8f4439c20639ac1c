"""Ctrl-C and its like: the first ends a pass after the track in hand, a second at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: Ctrl-C; `kill`, or the end of the system; the end of the terminal.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Turn the first signal into a flag, so that none falls between file and library.

    A second one does what it would have done.

    Yields:
        A function that says whether one came.
    """
    came = threading.Event()
    before: dict[int, Any] = {}

    def stop(_signal: int, _frame: object) -> None:
        came.set()
        put_back()

    def put_back() -> None:
        while before:
            signal.signal(*before.popitem())

    # Only the main thread may, and a background job that ignores SIGINT goes on to.
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
    """Return a function that says whether the import was aborted.

    On Ctrl-C beets sets a flag on the threads of its pipeline, then waits for them.
    """
    stage_thread = threading.current_thread()
    return lambda: getattr(stage_thread, "abort_flag", False)
