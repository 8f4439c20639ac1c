"""Predictions for many files: in threads, in order; one bad file stops nothing."""

from __future__ import annotations

import logging
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from genre_model.errors import ADVICE, GenreModelError, NoProcessError
from genre_model.malloc_tuning import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from genre_model.model.track_probabilities import TrackPrediction

#: More threads rarely help: decoding soon waits for the disk.
MAX_DEFAULT_THREADS = 4
#: Files per thread that may be ahead of the caller.
LOOK_AHEAD = 4
#: Interval in which a waiting caller asks whether to stop.
POLL_SECONDS = 0.1
#: Work may never end, on a disk that is gone for example.
MAX_INTERRUPTS = 20

log = logging.getLogger(__name__)


ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class FileOutcome(Generic[ResultT]):
    """The result of a file, or its error."""

    path: Path
    result: ResultT | None
    error: GenreModelError | None


class FileClassifier(Protocol):
    """Predicts the genres of files; may have ``interrupt()``, which ends running work."""

    def predict_file(self, path: Path) -> TrackPrediction:
        """Predict the genre of one file."""


def default_threads() -> int:
    """Return the number of cores, at most ``MAX_DEFAULT_THREADS``."""
    return min(MAX_DEFAULT_THREADS, os.cpu_count() or 1)


def predict_files(
    classifier: FileClassifier,
    paths: Iterable[Path],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[FileOutcome[TrackPrediction]]:
    """Predict the genres of many files with :func:`for_each_file`."""
    return for_each_file(
        classifier.predict_file,
        paths,
        n_threads=n_threads,
        should_stop=should_stop,
        interrupt=getattr(classifier, "interrupt", None),
    )


def for_each_file(
    work: Callable[[Path], ResultT],
    paths: Iterable[Path],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    interrupt: Callable[[], None] | None = None,
) -> Generator[FileOutcome[ResultT], None, None]:
    """Call a function with many files, in threads.

    Threads suffice for work that waits for other processes, as an ``IsolatedClassifier``
    does. Memory does not grow with the number of files. Meanwhile numpy's linear algebra
    has no threads of its own, anywhere in this process: they would spin more than they
    help. Nested iterations must end in reverse order.

    Args:
        work: called in several threads.
        paths: files, read lazily.
        n_threads: files at once; None is :func:`default_threads`.
        should_stop: asked every tenth of a second; true ends the iteration early.
        interrupt: makes running work fail at an early end; None lets it go on.

    Yields:
        One outcome per file, in the order of ``paths``.

    Raises:
        NoProcessError: the system gives no thread or process to work with.
    """
    keep_freed_memory()
    n_threads = n_threads or default_threads()
    remaining = iter(paths)
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="genre_model")
    pending: deque[Future[FileOutcome[ResultT]]] = deque()
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            while not should_stop():
                for path in islice(remaining, n_threads * LOOK_AHEAD - len(pending)):
                    pending.append(_submit(pool, work, path))
                if not pending:
                    return
                if (outcome := _result(pending[0])) is not None:
                    pending.popleft()
                    yield outcome
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if interrupt:
            _interrupt(pending, interrupt)


def _submit(
    pool: ThreadPoolExecutor, work: Callable[[Path], ResultT], path: Path
) -> Future[FileOutcome[ResultT]]:
    try:
        return pool.submit(outcome_of, work, path)
    except RuntimeError as error:
        raise NoProcessError(f"no thread can be started ({error}); {ADVICE}") from error


def outcome_of(work: Callable[[Path], ResultT], path: Path) -> FileOutcome[ResultT]:
    """Call a function with a file; every error but NoProcessError becomes an outcome."""
    try:
        return FileOutcome(path, work(path), None)
    except NoProcessError:
        raise
    except GenreModelError as error:
        return FileOutcome(path, None, error)
    except Exception as error:  # the boundary: one file never stops the rest
        log.debug("bug while working on %s", path, exc_info=True)
        text = f"{path}: unexpected {type(error).__name__}: {error}"
        return FileOutcome(path, None, GenreModelError(text))


def _interrupt(futures: Iterable[Future[Any]], interrupt: Callable[[], None]) -> None:
    """Interrupt work until it ends; work that is about to begin may be missed at first."""
    for _ in range(MAX_INTERRUPTS):
        running = [future for future in futures if not future.done()]
        if not running:
            return
        interrupt()
        wait(running, POLL_SECONDS)


def _result(future: Future[FileOutcome[ResultT]]) -> FileOutcome[ResultT] | None:
    """Wait briefly for a result."""
    wait([future], POLL_SECONDS)
    return future.result() if future.done() else None
