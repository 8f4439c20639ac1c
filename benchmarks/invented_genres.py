"""Train a personal model on GTZAN clips under invented names, in a temporary library.

    python benchmarks/invented_genres.py GTZAN [--parent MODEL.onnx]

Copies the clips that ``GTZAN/clips`` has as audio, labels them with five names that no
model knows, and runs ``beet genreclf-train`` from a cold cache, then again. Artists are
those of the artist-filtered folds (Foleis & Tavares 2020); a clip without one is taken
for a track of an artist of its own. The bundled network has heard most of the clips, so
its score is leaky; with ``--parent`` the network of another model listens. Needs no
torch.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

from beets.library import Item, Library

NAMES = {
    "blues": "Home",
    "country": "Home",
    "disco": "Club Night",
    "hiphop": "Club Night",
    "classical": "Sunday",
    "jazz": "Sunday",
    "metal": "Loud",
    "rock": "Loud",
    "pop": "Radio",
    "reggae": "Radio",
}


def main() -> None:
    """Print both reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gtzan", type=Path)
    parser.add_argument("--parent", type=Path)
    arguments = parser.parse_args()
    flags = ["--parent", str(arguments.parent.resolve())] if arguments.parent else []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        n_clips = make_library(home, arguments.gtzan / "clips")
        print(f"{n_clips} clips; torch is {'' if has_torch() else 'not '}installed\n")
        cold = timed_training(home, flags)
        print(cold[1])
        warm = timed_training(home, [*flags, "--quiet"])
        print(warm[1])
        print(f"cold {cold[0]:.1f} s, again {warm[0]:.1f} s")


def make_library(home: Path, clips: Path) -> int:
    """Copy the clips and label them; return how many there are."""
    music = home / "music"
    music.mkdir()
    settings = {
        "directory": str(music),
        "library": str(home / "library.db"),
        "plugins": ["genreclf"],
        "create_backup_before_migrations": False,
    }
    (home / "config.yaml").write_text(json.dumps(settings), "utf-8")
    artists = artists_of_clips()
    library = Library(str(home / "library.db"), str(music))
    for folder, name in NAMES.items():
        for clip in sorted((clips / folder).iterdir()):
            copy = Path(shutil.copy(clip, music))
            item = Item.from_path(str(copy))
            item.title, item.genres = clip.stem, [name]
            item.artist = item.albumartist = artists.get(clip.stem, clip.stem)
            library.add(item)
    return len(library.items())


def artists_of_clips() -> dict[str, str]:
    """Return the artist of each track that the folds know."""
    splits = resources.files("genre_model.training.data") / "splits"
    text = (splits / "artist_folds.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["track"]: row["artist_group"] for row in rows}


def timed_training(home: Path, flags: list[str]) -> tuple[float, str]:
    """Return the seconds that a training takes, and what it prints."""
    started = time.perf_counter()
    printed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "beets", "genreclf-train", *flags],
        env=os.environ | {"BEETSDIR": str(home)},
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout
    return time.perf_counter() - started, printed.replace(str(home), "HOME")


def has_torch() -> bool:
    """Return True if torch could be imported here."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


if __name__ == "__main__":
    main()
