"""What the first genre costs from the start of the process, and what of it.

    python benchmarks/first_result.py [--songs FOLDER] [--runs 7]

Runs programs that do ever more of what hearing one four-minute file takes, then ``beet``
commands; prints medians of processor and wall time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from beets_home import beets_home
from processes import Taken, run
from song_files import link_files, make_files

IMPORTS = "import numpy, av, onnxruntime"
LOAD = "from genre_model import GenreClassifier as C; c = C.load()"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, help="music to take (default: composed)")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        song = make_files(root / "originals", options.songs, n_pieces=1)[0]
        (link,) = link_files([song], root / "music", 1)
        home = beets_home(root / "home", "genreclf", [link])
        tag = ["-m", "beets", "genreclf", "--pretend", "--force", "--listen-again"]
        hear = f"from pathlib import Path; c.predict_file(Path({str(song)!r}))"
        steps = {
            "Python": ["-c", "pass"],
            "+ numpy, PyAV, ONNX Runtime": ["-c", IMPORTS],
            "+ the model": ["-c", f"{IMPORTS}; {LOAD}"],
            "+ one file": ["-c", f"{IMPORTS}; {LOAD}; {hear}"],
            "beet ls": ["-m", "beets", "ls"],
            "beet genreclf, one file": tag,
        }
        times: dict[str, list[Taken]] = {name: [] for name in steps}
        for _ in range(options.runs):
            for name, command in steps.items():
                times[name].append(run(command, {"BEETSDIR": str(home)}))
    for name, taken in times.items():
        cpu = statistics.median(one.cpu_seconds for one in taken)
        wall = statistics.median(one.wall_seconds for one in taken)
        print(f"{name:30} processor {cpu:.3f} s, wall {wall:.3f} s")


if __name__ == "__main__":
    main()
