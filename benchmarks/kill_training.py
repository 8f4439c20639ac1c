"""What ``kill -9`` leaves behind of ``beet genreclf-train``.

    python benchmarks/kill_training.py [--runs 20] [--files 64] [--seed 0]

Composes songs with genres, and trains a model that is in force from then on. Each run
starts on a copy, without the cache in every other run, trains again on other labels, and
is killed at a random moment. Checked after each kill: a model is in force, and it is
the old one to the byte unless the new one had been finished; nothing else passes for a
model; the cache is whole, and every vector in it is what listening gives; the same
command then runs to its end, and its model is what an undisturbed training gives.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from composed_home import ComposedHome

SECONDS = 12.0
N_GENRES = 4
N_ARTISTS = 16
NAME = "personal.onnx"
#: Other folds, hence another model.
TRAIN_AGAIN = ("genreclf-train", "--min-tracks", "5", "--replace", "--seed", "1")


def main() -> None:
    """Print a line for each kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--files", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)  # noqa: S311 -- nobody is to be kept out
    with tempfile.TemporaryDirectory() as folder:
        template = ComposedHome(Path(folder) / "template")
        template.create(arguments.files, SECONDS, N_ARTISTS)
        give_genres(template, arguments.files)
        template.run("genreclf-train", "--min-tracks", "5", "--use")
        undisturbed = template.copy_to(Path(folder) / "undisturbed")
        cold = timed_training(undisturbed)
        warm = timed_training(undisturbed)
        new = (undisturbed.models / NAME).read_bytes()
        print(f"undisturbed: {cold:.1f} s cold, {warm:.1f} s warm")
        print("run   cache   killed after s   vectors kept   in force")
        for number in range(arguments.runs):
            home = template.copy_to(Path(folder) / f"run {number}")
            is_cold = number % 2 == 0
            if is_cold:
                (home.models / "embeddings.db").unlink()
            # A bit longer than it takes, to hit the end as well.
            seconds = moments.uniform(0, 1.2 * (cold if is_cold else warm))
            kill_after(home, seconds)
            in_force = check(home, template, new)
            n_kept = check_cache(home, undisturbed)
            home.run(*TRAIN_AGAIN)
            if (home.models / NAME).read_bytes() != new:
                raise RuntimeError("the training after the kill gave another model")
            print(
                f"{number:3}{'cold' if is_cold else 'warm':>8}{seconds:17.2f}{n_kept:15}   "
                f"{in_force}",
                flush=True,
            )
    print("all checks passed")


def give_genres(home: ComposedHome, n_files: int) -> None:
    """Label the songs by the piece that they are copies of."""
    for genre in range(N_GENRES):
        numbers = range(genre, n_files, N_GENRES)
        titles = [part for n in numbers for part in (f"title:={n:03}", ",")][:-1]
        home.run("modify", "-y", "-M", "-W", *titles, f"genres=Genre {genre}")


def timed_training(home: ComposedHome) -> float:
    """Return the seconds that a training takes."""
    started = time.perf_counter()
    home.run(*TRAIN_AGAIN)
    return time.perf_counter() - started


def kill_after(home: ComposedHome, seconds: float) -> None:
    """Start a training and kill it."""
    with home.beet(*TRAIN_AGAIN) as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def check(home: ComposedHome, template: ComposedHome, new: bytes) -> str:
    """Return which model is in force.

    Raises:
        RuntimeError: if it is neither the old one nor the new one, or another file
            passes for a model.
    """
    content = (home.models / NAME).read_bytes()
    if content not in (new, (template.models / NAME).read_bytes()):
        raise RuntimeError("the model is neither the old one nor the new one")
    names = sorted(path.name for path in home.models.glob("*.onnx"))
    listed = home.run("genreclf-models")
    if names != [NAME] or "* personal@" not in listed:
        raise RuntimeError(f"models {names}: {listed}")
    return "new" if content == new else "old"


def check_cache(home: ComposedHome, undisturbed: ComposedHome) -> int:
    """Return how many vectors a killed training kept.

    Raises:
        RuntimeError: if the file is damaged, or a vector is not what listening gives.
    """
    if not (home.models / "embeddings.db").exists():
        return 0
    kept, true = vectors(home), vectors(undisturbed)
    if any(true[name] != vector for name, vector in kept.items()):
        raise RuntimeError("a vector in the cache is not what listening gives")
    return len(kept)


def vectors(home: ComposedHome) -> dict[str, bytes]:
    """Return what the cache holds, by name of the file.

    Raises:
        RuntimeError: if SQLite finds it damaged.
    """
    with closing(sqlite3.connect(home.models / "embeddings.db")) as connection:
        (health,) = connection.execute("PRAGMA integrity_check").fetchone()
        if health != "ok":
            raise RuntimeError(f"the cache is damaged: {health}")
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        if ("features",) not in tables:
            return {}
        rows = connection.execute("SELECT path, vector FROM features").fetchall()
    return {Path(os.fsdecode(path)).name: vector for path, vector in rows}


if __name__ == "__main__":
    main()
