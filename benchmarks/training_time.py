"""How long training a personal model takes, beside tagging the same tracks.

    python benchmarks/training_time.py [--files 200] [--seconds 240] [--runs 3]

Composes a library of four-minute songs, gives them genres, and times whole commands in
turn: ``beet genreclf --force --listen-again --pretend`` against ``beet genreclf-train``
from a cold cache, then the same from a warm one. After that it times a training of
10,000 tracks and 20 genres whose embeddings are invented and lie in the cache.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from composed_home import N_PIECES, ComposedHome

from genre_model import (
    GenreClassifier,
    LabelledFile,
    PersonalSettings,
    PersonalTraining,
    parent_network,
)
from genre_model.personal.embedding_store import EmbeddingStore, file_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

N_GENRES = 4
N_ARTISTS = 40
TAG = ("genreclf", "-q", "--force", "--listen-again", "--pretend")
TRAIN = ("genreclf-train", "-q", "--replace")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = ComposedHome(Path(folder) / "home")
        home.create(arguments.files, arguments.seconds, N_ARTISTS)
        for genre in range(N_GENRES):
            numbers = range(genre, arguments.files, N_GENRES)
            titles = [part for n in numbers for part in (f"title:={n:03}", ",")][:-1]
            home.run("modify", "-y", "-M", "-W", *titles, f"genres=Genre {genre}")
        compare(home, arguments.files, arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        refit(Path(folder))


def compare(home: ComposedHome, n_files: int, n_runs: int) -> None:
    """Time tagging, cold training and warm training, in turn."""
    print("run   tagging s   cold training s   ratio   warm training s")
    ratios, cold_times = [], []
    for run in range(n_runs):
        tagging = timed(lambda: home.run(*TAG))
        shutil.rmtree(home.models, ignore_errors=True)
        cold = timed(lambda: home.run(*TRAIN))
        warm = timed(lambda: home.run(*TRAIN))
        print(f"{run:3}{tagging:12.2f}{cold:18.2f}{cold / tagging:8.3f}{warm:18.2f}")
        ratios.append(cold / tagging)
        cold_times.append(cold)
    rate = n_files / statistics.median(cold_times)
    print(
        f"median ratio {statistics.median(ratios):.3f}; {rate:.2f} tracks/s, "
        f"{1000 / rate:.0f} s for 1,000 tracks; {N_PIECES} pieces, copied"
    )


def refit(folder: Path, n_tracks: int = 10_000, n_genres: int = 20) -> None:
    """Time a training whose embeddings lie in the cache."""
    parent = GenreClassifier.load()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, n_genres, n_tracks)
    vectors = invented_vectors(parent, labels, rng)
    store_path = folder / "embeddings.db"
    store = EmbeddingStore(store_path, parent.model_id, vectors.shape[1])
    files = []
    for number in range(n_tracks):
        path = folder / f"{number}.mp3"
        path.touch()
        store.write(file_identity(path), vectors[number])
        artist = f"artist {rng.integers(n_tracks // 10)}"
        label = f"genre {labels[number]}"
        files.append(LabelledFile(str(number), path, (label,), str(number), artist))
    store.close()
    training = PersonalTraining(
        settings=PersonalSettings(),
        parent=parent,
        network=parent_network(None, parent.model_id),
        store_path=store_path,
        parent_genres_of=lambda _label: frozenset(),
    )
    started = time.perf_counter()
    model = training.run(files, Silent())
    _, content = model.file_content("benchmark", "")
    took = time.perf_counter() - started
    print(
        f"refit from the cache: {n_tracks} tracks, {n_genres} genres: {took:.1f} s "
        f"(accuracy {model.accuracy:.3f}, {len(content)} bytes)"
    )


def invented_vectors(
    parent: GenreClassifier, labels: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Make embeddings as correlated as real ones, in which genres overlap."""
    n_values = 2 * parent.n_features
    mixing = rng.normal(size=(n_values, n_values)) * np.arange(1, n_values + 1) ** -0.7
    centres = rng.normal(0, 0.12, (labels.max() + 1, n_values))
    embeddings = (rng.normal(size=(len(labels), n_values)) + centres[labels]) @ mixing.T
    stock = rng.dirichlet(np.ones(len(parent.genres)), len(labels))
    return np.concatenate([embeddings, stock], axis=1).astype(np.float32)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Silent:
    """A watcher that says nothing."""

    def expect(self, n_tracks: int) -> None:
        """Hear how many tracks will be listened to."""

    def advance(self) -> None:
        """Hear that one was."""

    def warning(self, text: str) -> None:
        """Fail, since nothing may go wrong here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(text)


if __name__ == "__main__":
    main()
