"""What does not grow with a library: memory, and the time of a run with nothing to do.

    python benchmarks/library_size.py [--songs DIR] [--few 50] [--many 2000] [--rows 10000]

Tags libraries of few and of many entries (links to the same four-minute files) with ``beet
genreclf -W``, and compares their peak memory. After that it runs ``beet genreclf`` on a
library whose every row was decided before.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from beets.library import Item, Library
from beets_home import beets_home
from processes import Taken, run
from song_files import link_files, make_files


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, help="music to take (default: composed)")
    parser.add_argument("--few", type=int, default=50)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        originals = make_files(root / "originals", options.songs)
        peaks = {}
        for n_files in (options.few, options.many):
            home = library_of(root / f"{n_files}", originals, n_files)
            taken = tag(home)
            peaks[n_files] = taken.peak_mb
            print(
                f"{n_files} entries: peak {taken.peak_mb:.0f} MB, "
                f"{n_files / taken.wall_seconds:.2f} tracks/s"
            )
        print(f"ratio of peaks {peaks[options.many] / peaks[options.few]:.3f}")
        home = library_of(root / "finished", originals, len(originals))
        tag(home)
        fill(home, options.rows - len(originals))
        for _ in range(3):
            taken = tag(home)
            print(
                f"finished library of {options.rows} rows: {taken.wall_seconds:.2f} s, "
                f"{taken.cpu_seconds:.2f} s of processor time"
            )
            counts = re.findall(r"(\d+) (abstained as before|already had)", taken.output)
            if sum(int(count) for count, _ in counts) != options.rows:
                raise SystemExit(f"not all rows were skipped: {taken.output}")


def library_of(root: Path, originals: list[Path], n_files: int) -> Path:
    """Link a number of files and import them."""
    files = link_files(originals, root / "music", n_files)
    return beets_home(root / "home", "genreclf", files)


def tag(home: Path) -> Taken:
    """Decide about each track; files stay as they are, for they are one and the same."""
    return run(["-m", "beets", "genreclf", "-W"], {"BEETSDIR": str(home)})


def fill(home: Path, n_rows: int) -> None:
    """Copy the rows of a library, each with a file of its own."""
    library = Library(str(home / "library.db"), str(home.parent / "music"))
    rows = list(library.items())
    paths = link_files([row.filepath for row in rows], home.parent / "more", n_rows)
    with library.transaction():
        for number, path in enumerate(paths):
            row = rows[number % len(rows)]
            copy = Item(**{key: row[key] for key in row.keys(with_album=False)})
            copy.id = copy.album_id = None
            copy.path = str(path).encode()
            copy.added = 0.0
            library.add(copy)
            copy.store()
    library._close()


if __name__ == "__main__":
    main()
