"""What enabling the plugin costs every ``beet`` command: ``beet ls`` with and without.

    python benchmarks/startup.py [--runs 20]

Both run in alternation on the same empty library; medians of wall and processor time and
their ratios are printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: An empty list, because beets enables a plugin of its own where none is named.
CONTENDERS = {"without": "plugins: []\n", "with": "plugins: [genreclf]\n"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    n_runs = parser.parse_args().runs
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        for name, plugins in CONTENDERS.items():
            home = Path(folder) / name
            home.mkdir()
            (home / "config.yaml").write_text(f"directory: {home}\n{plugins}", "utf-8")
            beet_ls(home)
        for _ in range(n_runs):
            for name, taken in times.items():
                taken.append(beet_ls(Path(folder) / name))
    report(times)


def beet_ls(home: Path) -> tuple[float, float]:
    """Run ``beet ls`` and return its wall and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "beets", "ls"],
        env=os.environ | {"BEETSDIR": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, processor


def report(times: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians and ratios."""
    medians = {
        name: [statistics.median(column) for column in zip(*taken, strict=True)]
        for name, taken in times.items()
    }
    for name, (wall, processor) in medians.items():
        print(f"{name:8} wall {wall:.3f} s, processor {processor:.3f} s")
    ratios = [w / o for w, o in zip(medians["with"], medians["without"], strict=True)]
    print(f"ratio    wall {ratios[0]:.3f}, processor {ratios[1]:.3f}")


if __name__ == "__main__":
    main()
