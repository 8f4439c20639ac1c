"""Processes, with what they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A small process between, since a child inherits the peak memory of whoever starts it.
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
        peak_mb: the largest resident memory (MiB).
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
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-c", LAUNCHER, sys.executable, *command],
        env=os.environ | (env or {}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    *printed, last = process.stdout.splitlines()
    status, wall, cpu, peak = json.loads(last)
    output = "\n".join(printed)
    if status:
        raise RuntimeError(f"{' '.join(command)[:200]}: {status}: {output}")
    # macOS counts bytes, Linux KiB.
    return Taken(wall, cpu, peak / (2**20 if sys.platform == "darwin" else 2**10), output)
