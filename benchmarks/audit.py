"""Whether ``beet genreclf --check`` finds wrong genres: 12 of GTZAN's clips mislabelled.

    python benchmarks/audit.py GTZAN MODEL.onnx [--seeds 20]

Needs ``scripts/`` beside it, for the library: a temporary one of links to the audio, in
which every clip has its true genre but 12, which have another of the ten at random. What
counts is how many of the 12 are among the first 30 lines.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beets.library import Item, Library

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from throwaway_library import ThrowawayLibrary

from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, SeenTracksError
from genre_model.training.data.gtzan import GENRES, find_tracks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from genre_model.training.data.gtzan import LabelledTrack

N_PLANTED = 12
N_LINES = 30


def main() -> None:
    """Print the first lines of one check, and what was found with every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    model: Path = options.model.resolve()
    try:
        tracks = find_tracks(options.data.resolve(), "audio")
        model_id = unseen_by(model, tracks)
    except GenreModelError as error:
        sys.exit(f"audit: {error}")
    print(f"{len(tracks)} clips, {N_PLANTED} of them mislabelled, heard by {model_id}")
    with tempfile.TemporaryDirectory() as folder:
        audit(Collection(Path(folder).resolve(), model, tracks), range(options.seeds))


def unseen_by(model: Path, tracks: Sequence[LabelledTrack]) -> str:
    """Return what a model is called.

    Raises:
        SeenTracksError: if it was, or may have been, trained on any of the tracks.
    """
    classifier = GenreClassifier.load(model)
    trained_on = set(classifier.card.training.get("track_ids", ()))
    if not trained_on:
        raise SeenTracksError(f"{model} does not say which tracks it was trained on")
    seen = [track.track_id for track in tracks if track.track_id in trained_on]
    if seen:
        raise SeenTracksError(
            f"{model} was trained on {len(seen)} of these {len(tracks)} clips, so it would "
            f"know the wrong genres by heart: {', '.join(seen)}"
        )
    return classifier.model_id


@dataclass
class Collection:
    """The clips in a beets library of their own.

    Attributes:
        home: folder of configuration, database and links.
        model: that checks.
        tracks: the clips.
    """

    home: Path
    model: Path
    tracks: Sequence[LabelledTrack]

    def __post_init__(self) -> None:
        """Make the library."""
        # Before beets reads a configuration, which must not be that of a user.
        os.environ["BEETSDIR"] = str(self.home)
        links = ThrowawayLibrary(self.home)
        links.create([track.path for track in self.tracks])
        library = self._open()
        for track in self.tracks:
            (link,) = links.music.glob(f"*/{track.path.name}")
            item = Item.from_path(os.fsencode(link))
            item.update({"artist": "", "title": track.track_id})
            library.add(item)
        library._close()

    def plant(self, seed: int) -> dict[str, str]:
        """Mislabel other clips, and return the wrong genres by track."""
        rng = random.Random(seed)  # noqa: S311
        wrong = {
            track.track_id: rng.choice([name for name in GENRES if name != track.genre])
            for track in rng.sample(self.tracks, N_PLANTED)
        }
        self._tag({track.track_id: track.genre for track in self.tracks} | wrong)
        return wrong

    def check(self) -> list[str]:
        """Return what the real command prints: doubts, worst first, then the summary."""
        return self._genreclf("--check")

    def remember(self) -> None:
        """Let the command remember what it hears; its decision is overwritten."""
        self._genreclf("--force", "--min-confidence", "1", "--nowrite", "--quiet")

    def _tag(self, genre_of: Mapping[str, str]) -> None:
        library = self._open()
        for item in library.items():
            item.genres = [genre_of[item.title].title()]
            item.store()
        library._close()

    def _open(self) -> Library:
        return Library(str(self.home / "songs.db"), str(self.home / "music"))

    def _genreclf(self, *flags: str) -> list[str]:
        command = [sys.executable, "-m", "beets", "genreclf", *flags]
        return subprocess.run(  # noqa: S603
            [*command, "--model", str(self.model)],
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ).stdout.splitlines()


def audit(collection: Collection, seeds: range) -> None:
    """Listen with the first seed; recall what was heard with all of them."""
    planted = collection.plant(seeds[0])
    listened = collection.check()
    show(listened, planted)
    collection.remember()
    found = []
    for seed in seeds:
        planted = collection.plant(seed)
        lines = collection.check()
        if seed == seeds[0] and lines != listened:
            sys.exit("audit: what is recalled differs from what is heard")
        found.append(count_found(lines, planted))
    print(
        f"{len(seeds)} seeds: min {min(found)}, median {statistics.median(found):g}, "
        f"max {max(found)} ({', '.join(map(str, found))})"
    )


def show(lines: Sequence[str], planted: Mapping[str, str]) -> None:
    """Print the first doubts, a star before those that were planted."""
    for number, line in enumerate(lines[:-1][:N_LINES], 1):
        print(f"{'*' if track_id(line) in planted else ' '} {number:2} {line}")
    print(lines[-1])
    n_found = count_found(lines, planted)
    print(f"{n_found} of {N_PLANTED} are among the first {N_LINES} lines")


def count_found(lines: Sequence[str], planted: Mapping[str, str]) -> int:
    """Count the mislabelled clips among the first doubts; the last line is no doubt."""
    return sum(track_id(line) in planted for line in lines[:-1][:N_LINES])


def track_id(line: str) -> str:
    """Return which clip a doubt is about."""
    return line.partition(":")[0]


if __name__ == "__main__":
    main()
