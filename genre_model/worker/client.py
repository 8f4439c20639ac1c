"""The side of a worker process that asks."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, Literal

from genre_model.errors import ADVICE, NoProcessError
from genre_model.worker.protocol import ANSWERS_BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model.model.track_probabilities import Combination

Wants = Literal["prediction", "scores", "fingerprint"]
#: Takes the module path of this process before it imports anything.
PROGRAM = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from genre_model.worker.main import main; main()"
)
#: Each process takes one core; numpy's linear algebra would start a thread for every one.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
#: Enough to load and check a model, even from a disk that has to wake up.
LOAD_SECONDS = 120.0
#: Longer than the answer for a hundred segments with their embeddings.
MOST_BYTES_OF_ANSWER = 64 * 2**20
_SECONDS_TO_DIE = 1.0


class ProcessEndedError(Exception):
    """The process ended, or was too slow and was ended; the message says which."""


class PredictionProcess:
    """A process with a model; one thread at a time may ask.

    It has a process group of its own, so that Ctrl-C does not reach it. When this process
    ends, in any way, it ends within about a second (on Windows, and where a library holds
    Python's lock, after its file).

    Raises:
        OSError: if no process can be started.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 -- this very Python
            [sys.executable, "-c", PROGRAM, *(folder or "." for folder in sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr else subprocess.DEVNULL,
            env=os.environ | _ONE_THREAD,
            **_apart(),
        )
        self.pid = self._process.pid
        self._is_late = False

    def load(
        self, content: bytes, combination: Combination, *, is_untrusted: bool
    ) -> dict[str, Any]:
        """Send a model file, and wait for the answer.

        Raises:
            ProcessEndedError: if the process ended over it, or took too long.
            NoProcessError: no thread can be started that limits the time.
        """
        level = logging.getLogger("genre_model").getEffectiveLevel()
        beginning = {
            "n_bytes": len(content),
            "combination": combination,
            "is_untrusted": is_untrusted,
            "log_level": level,
        }
        with self._at_most(LOAD_SECONDS):
            self._skip_what_python_prints()
            return self._answer_to(json.dumps(beginning).encode() + b"\n" + content)

    def ask(self, path: Path, wants: Wants, seconds: float) -> dict[str, Any]:
        """Ask about a file, and wait for the answer.

        Raises:
            ProcessEndedError: if the process ended over it, or took too long.
            NoProcessError: no thread can be started that limits the time.
        """
        request = {"path": str(path), "wants": wants}
        with self._at_most(seconds):
            return self._answer_to(json.dumps(request).encode() + b"\n")

    def is_alive(self) -> bool:
        """Return True if it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process at once; the thread that asks gets an error."""
        self._process.kill()

    def close(self) -> None:
        """End the process and close its pipes; no thread may be asking."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):  # it waits for a disk that is gone
            self._process.wait(_SECONDS_TO_DIE)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not sent stays so
                    pipe.close()

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        timer = Timer(seconds, self._give_up)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError as error:
            raise NoProcessError(f"no thread can be started ({error}); {ADVICE}") from error
        try:
            yield
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._is_late = True
        self._process.kill()

    def _skip_what_python_prints(self) -> None:
        """Skip the output of a ``sitecustomize``."""
        if self._process.stdout is not None:
            with suppress(OSError):
                for line in self._process.stdout:
                    if line.strip() == ANSWERS_BEGIN:
                        return

    def _answer_to(self, request: bytes) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("a process without pipes")
        line = b""
        with suppress(OSError):  # it may have said why, before it ended
            stdin.write(request)
            stdin.flush()
        with suppress(OSError):
            line = stdout.readline(MOST_BYTES_OF_ANSWER)
        if not line.endswith(b"\n"):
            raise ProcessEndedError(self._how_it_ended())
        try:
            answer = json.loads(line)
        except ValueError:  # what crashed, or was taken over, may say anything
            answer = None
        if not isinstance(answer, dict):
            raise ProcessEndedError("no sensible answer")
        return answer

    def _how_it_ended(self) -> str:
        if self._is_late:
            return "too slow"
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_SECONDS_TO_DIE)
            if status < 0:
                with suppress(ValueError):  # a signal without a name
                    return signal.Signals(-status).name
            return f"exit status {status}"
        return "no answer"


def _apart() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
