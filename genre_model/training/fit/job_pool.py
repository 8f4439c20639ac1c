"""Jobs, such as trainings, in several processes at once."""

from __future__ import annotations

import io
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from contextlib import contextmanager
from logging.handlers import QueueHandler
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Protocol, cast

from threadpoolctl import threadpool_limits
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from genre_model.errors import GenreModelError, JobsFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnContext

#: What ends one job and not the others; RuntimeError is torch's, out of memory included.
EXPECTED = (GenreModelError, OSError, RuntimeError, MemoryError)
#: Libraries that are loaded later read their number of threads from these.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: A process that was asked to end and does not is killed after this.
GRACE_SECONDS = 10.0

log = logging.getLogger(__name__)


class Job(Protocol):
    """Something to be done in another process; it is pickled on its way there."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def run(self) -> None:
        """Do it; what it computes goes into files."""


def run_jobs(jobs: Sequence[Job], n_processes: int = 1, describe: str = "jobs") -> None:
    """Run every job, even after one failed.

    The processes are spawned, live as long as there are jobs, and share the cores. A
    single one is this process. Ctrl-C, or the end of this process, ends them; jobs that
    resume can be run again.

    Args:
        jobs: started in this order; jobs on the same data should be neighbours, since each
            process keeps what it loaded.
        n_processes: at most.
        describe: the jobs' name on the progress bar.

    Raises:
        JobsFailedError: after the last job, naming each that failed.
    """
    n_processes = min(n_processes, len(jobs))
    reasons: dict[str, str] = {}
    bar: tqdm[Any] = tqdm(total=len(jobs), desc=describe, disable=None, leave=False)
    with bar, logging_redirect_tqdm():
        ended: Iterable[tuple[Job, str]] = ((job, _error_of(job)) for job in jobs)
        if n_processes > 1:
            ended = _run_spawned(jobs, n_processes)
        for job, error in ended:
            bar.update()
            if error:
                log.warning("%s failed: %s", job.name, error)
                reasons[job.name] = error
    if reasons:
        text = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        message = f"{len(reasons)} of {len(jobs)} {describe} failed: {text}"
        raise JobsFailedError(message, reasons)


def _error_of(job: Job) -> str:
    """Run a job, and return its error; an empty text if it succeeded."""
    try:
        job.run()
    except EXPECTED as error:
        return str(error) or type(error).__name__
    return ""


class _Worker:
    """A process that runs one job after another."""

    def __init__(self, context: SpawnContext, n_threads: int) -> None:
        self.connection, theirs = context.Pipe()
        level = logging.getLogger("genre_model").getEffectiveLevel()
        self.process = context.Process(
            target=_work, args=(theirs, n_threads, level), daemon=True
        )
        with _interrupts_ignored():
            self.process.start()
        theirs.close()  # or its end would never be noticed
        self.job: Job | None = None

    def start(self, job: Job) -> None:
        """Hand a job over."""
        self.job = job
        self.connection.send(job)

    def next_error(self) -> str | None:
        """Take one message: the error of the job or process, or a record of its log."""
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            return f"its process ended with status {self.process.exitcode}"
        if isinstance(message, str):
            return message
        logging.getLogger(message.name).handle(message)
        return None

    def end(self) -> None:
        """End the process at once."""
        self.connection.close()
        if self.job is not None:
            self.process.terminate()
        self.process.join(GRACE_SECONDS)
        self.process.kill()
        self.process.join()
        self.process.close()


def _run_spawned(jobs: Sequence[Job], n_processes: int) -> Iterator[tuple[Job, str]]:
    context = multiprocessing.get_context("spawn")
    n_threads = max(1, _n_cores() // n_processes)
    waiting = deque(jobs)
    workers: list[_Worker] = []
    try:
        while waiting or any(worker.job for worker in workers):
            while waiting and len(workers) < n_processes:
                workers.append(_Worker(context, n_threads))
                workers[-1].start(waiting.popleft())
            for worker in _ready(workers):
                error = worker.next_error()
                if error is None or worker.job is None:
                    continue
                yield worker.job, error
                _carry_on(worker, workers, waiting)
    finally:
        for worker in workers:
            worker.end()


def _ready(workers: list[_Worker]) -> list[_Worker]:
    busy = {worker.connection: worker for worker in workers if worker.job is not None}
    # Of what class a pipe is depends on the system.
    return [busy[cast("Connection", one)] for one in wait(list(busy))]


def _carry_on(worker: _Worker, workers: list[_Worker], waiting: deque[Job]) -> None:
    """Give the next job to a worker, or end it."""
    worker.job = None
    if worker.process.exitcode is not None:
        workers.remove(worker)
        worker.end()
    elif waiting:
        worker.start(waiting.popleft())


def limit_threads(n_threads: int) -> None:
    """Let torch use this many threads, in processes that are started later as well."""
    import torch

    torch.set_num_threads(n_threads)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(n_threads)


def _n_cores() -> int:
    """Count the cores that this process may use, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start a process that ignores Ctrl-C: this one ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _ToParent(QueueHandler):
    """Sends log records through a pipe."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Send one."""
        cast("Connection", self.queue).send(record)


class _Lines(io.TextIOWrapper):
    """Standard error of a process among others: no place for progress bars."""

    def isatty(self) -> bool:
        """Return False."""
        return False


def _work(connection: Connection, n_threads: int, level: int) -> None:
    """Run jobs until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that files are tidied up
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, str(n_threads))
    threadpool_limits(int(os.environ[THREAD_VARIABLES[0]]))
    sys.stderr = _Lines(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), line_buffering=True
    )
    logging.getLogger().addHandler(_ToParent(cast("Any", connection)))
    logging.getLogger("genre_model").setLevel(level)
    logging.captureWarnings(capture=True)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(_error_of(job))


def _end_with_parent() -> None:
    """End at once when the parent was killed: the user may start the same again."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
