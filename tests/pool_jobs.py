"""Jobs that other processes can import."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Note:
    """Writes which process ran it, with how many threads."""

    name: str
    folder: Path

    def run(self) -> None:
        logging.getLogger("genre_model.test").info("hello from %s", self.name)
        threads = os.environ.get("OMP_NUM_THREADS", "")
        text = f"{os.getpid()} {threads} {sys.stderr.isatty()}"
        (self.folder / self.name).write_text(text)


@dataclass(frozen=True)
class Failing:
    """Raises what a training raises."""

    name: str

    def run(self) -> None:
        raise TrainingDataError("no such folder")


@dataclass(frozen=True)
class Greedy:
    """Raises what numpy does where memory ends."""

    name: str

    def run(self) -> None:
        raise MemoryError


@dataclass(frozen=True)
class Worrying:
    """Warns, as a library might."""

    name: str

    def run(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mind the gap", UserWarning, stacklevel=1)


@dataclass(frozen=True)
class Dying:
    """Ends its process, as a lack of memory might."""

    name: str

    def run(self) -> None:
        os._exit(9)


@dataclass(frozen=True)
class Endless:
    """Says that it began, and goes on; ``finally`` tells whether it was asked to end."""

    name: str
    folder: Path

    def run(self) -> None:
        try:
            (self.folder / self.name).write_text(str(os.getpid()))
            time.sleep(120)
        finally:
            (self.folder / f"{self.name} tidied").touch()
