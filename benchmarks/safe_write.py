"""What editing through a copy costs: the time to write a genre.

    python benchmarks/safe_write.py [--songs FOLDER] [--runs 20] [--folder DISK]
        [--into PAGE.md]

With ``safe_write`` and without, in turn, each with a genre of its own, so that every run
writes; on four-minute files of the main formats. ``--folder`` says on which disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from beets.library import Item
from marked_table import put_into
from song_files import make_files

from beetsplug.genreclf.storage.file_tags import write_file_genres

GENRES = ("Jazz", "Rock")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, help="music to take (default: composed)")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where the files lie meanwhile")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    lines = [
        "| file | MB | in place, ms | copy, ms | processor time, in place | copy |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        paths = make_files(Path(folder) / "songs", options.songs, n_pieces=1)
        lines += [row_of(path, options.runs) for path in paths]
    text = "\n".join(lines)
    print(text)
    if options.into:
        put_into(options.into, "safe write", text)


def row_of(path: Path, n_runs: int) -> str:
    """Measure one file; the first write of each way makes room for the tag."""
    item = Item.from_path(os.fsencode(path))
    walls: dict[bool, list[float]] = {False: [], True: []}
    cpus: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * n_runs + 2):
        safe = bool(number % 2)
        wall, cpu = time.perf_counter(), time.process_time()
        write_file_genres(item, [GENRES[number % 2]], safe=safe)
        if number > 1:
            walls[safe].append(time.perf_counter() - wall)
            cpus[safe].append(time.process_time() - cpu)
    times = [each[safe] for each in (walls, cpus) for safe in (False, True)]
    megabytes = path.stat().st_size / 2**20
    columns = " | ".join(f"{1000 * statistics.median(taken):.1f}" for taken in times)
    return f"| {path.suffix} | {megabytes:.1f} | {columns} |"


if __name__ == "__main__":
    main()
