"""Memory that was freed is kept for the next array."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from genre_model.malloc_tuning import keep_freed_memory
if {keep}:
    keep_freed_memory()
for _ in range(300):
    arrays = [np.ones(1 << 18) for _ in range(4)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def page_faults(*, keep: bool) -> int:
    command = [sys.executable, "-c", PROGRAM.format(keep=keep)]
    finished = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return int(finished.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_arrays_are_not_fetched_again_and_again() -> None:
    assert page_faults(keep=True) < 0.5 * page_faults(keep=False)
