"""Processes, with what they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS_BETWEEN_LOOKS = 0.25
#: A small process between, since a child inherits the peak memory of its parent.
LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
status = subprocess.call(sys.argv[1:], stderr=subprocess.STDOUT)
wall = time.perf_counter() - start
import resource
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print()
print(json.dumps([status, wall, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


@dataclass(frozen=True)
class Taken:
    """What a process and its children took.

    Attributes:
        wall_seconds: from start to end.
        cpu_seconds: of all cores.
        peak_mb: the most memory that they took together (MiB): on Linux looked at every
            quarter of a second, what they share counted once; elsewhere, and if that is
            more, the resident memory of the largest.
        output: what it printed.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Taken:
    """Run a command of this interpreter to its end.

    Args:
        command: what follows ``python``.
        env: variables besides those of this process.

    Raises:
        RuntimeError: if it failed.
    """
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-S", "-c", LAUNCHER, sys.executable, *command],
        env=os.environ | (env or {}),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    peaks = [0.0]
    watcher = Thread(target=_watch, args=(process, peaks))
    watcher.start()
    *printed, last = process.communicate()[0].splitlines()
    watcher.join()
    status, wall, cpu, largest = json.loads(last)
    output = "\n".join(printed)
    if status:
        raise RuntimeError(f"{' '.join(command)[:200]}: {status}: {output}")
    # macOS counts bytes, Linux KiB.
    largest_mb = largest / (2**20 if sys.platform == "darwin" else 2**10)
    return Taken(wall, cpu, max(largest_mb, *peaks), output)


def _watch(launcher: subprocess.Popen[str], peaks: list[float]) -> None:
    while launcher.poll() is None:
        children = children_of(launcher.pid)
        peaks.append(sum(map(memory_mb, children)))
        time.sleep(SECONDS_BETWEEN_LOOKS)


def children_of(pid: int) -> list[int]:
    """List the children of a process, and theirs."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *children_of(child)]
    return found


def memory_mb(pid: int) -> float:
    """Return the memory of a process, its part of what it shares with others."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 2**10
    return 0.0
