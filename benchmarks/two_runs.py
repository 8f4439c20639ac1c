"""Two ``beet genreclf`` on one library at once: no traceback, and no lost update.

    python benchmarks/two_runs.py [--runs 20] [--seed 0] [--into PAGE.md]

Starts both within half a second, on libraries of every container; a third program edits
the genre of one track by ``beet modify`` meanwhile. Then every track has a genre, library
and files agree, the edited track keeps what the user wrote, and neither run failed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from fault_home import FaultHome
from fault_trials import IMPORT, no_auto
from marked_table import put_into

THEIRS = "Polka"


def main() -> None:
    """Print what was lost; fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help="page that gets the result")
    options = parser.parse_args()
    moments = random.Random(options.seed)  # noqa: S311 -- nobody is to be kept out
    trouble: list[str] = []
    n_met = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fresh = FaultHome(root / "fresh", root / "fresh" / "music")
        fresh.create()
        fresh.run("-c", str(no_auto(root)), *IMPORT, str(fresh.music))
        for number in range(options.runs):
            home = fresh.copy_to(root / f"{number}")
            found, has_met = run_both(home, moments)
            trouble += found
            n_met += has_met
    for text in trouble:
        print(text)
    result = (
        f"{options.runs} pairs, with an edit beside each, which met a write {n_met} times: "
        f"{len(trouble)} troubles."
    )
    print(result)
    if options.into:
        put_into(options.into, "two runs", result)
    if trouble:
        raise SystemExit("something was lost")


def run_both(home: FaultHome, moments: random.Random) -> tuple[list[str], bool]:
    """Run two at once and an edit beside them.

    Returns:
        What is wrong afterwards, and whether a run gave way to the edit.
    """
    edited = moments.choice(home.files())
    runs = []
    for _ in range(2):
        runs.append(home.beet("genreclf"))
        time.sleep(moments.uniform(0, 0.5))
    time.sleep(moments.uniform(0, 1.5))
    status, printed = home.run(
        "modify", "-y", "-M", f"title:={edited.stem}", f"genres={THEIRS}"
    )
    trouble = [f"modify: {printed}"] if status else []
    has_met = False
    for run in runs:
        printed = run.communicate()[0]
        gave_way = printed.count("meanwhile") == 1 and edited.name in printed
        has_met |= gave_way
        if "Traceback" in printed or (run.returncode and not gave_way):
            trouble.append(f"exit status {run.returncode}: {printed[-1500:]}")
    in_files, in_library = home.genres_in_files(), home.genres_in_library()
    for name, genres in in_library.items():
        if genres != in_files.get(name) or not genres:
            trouble.append(f"{name}: {in_files.get(name)} in the file, {genres} in library")
    if in_library[edited.name] != [THEIRS]:
        trouble.append(f"{edited.name}: the edit became {in_library[edited.name]}")
    trouble += [f"{path.name} is left" for path in home.leftovers()]
    return trouble, has_met


if __name__ == "__main__":
    main()
