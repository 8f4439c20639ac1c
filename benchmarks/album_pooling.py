"""How alike the errors of a model are on tracks that belong together.

    python benchmarks/album_pooling.py GTZAN MODEL.onnx

GTZAN has no albums. Clips of one artist stand in for them: at least two clips that the
model was not trained on, and none of the fault-filtered test tracks, which choose
nothing. For each correlation of ``genre_model.pool_tracks``, prints the likelihood of
the true genre.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from genre_model import GenreClassifier, pool_tracks
from genre_model.training.gtzan import LabelledTrack, find_tracks
from genre_model.training.protocols import folds_of

Group = tuple[int, NDArray[np.float32]]


def main() -> None:
    """Print a table of correlations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    classifier = GenreClassifier.load(options.model)
    artists = artists_without_test_tracks(classifier)
    tracks = [
        track for track in find_tracks(options.data, "audio") if track.track_id in artists
    ]
    groups = heard_groups(classifier, tracks, artists)
    print(f"{len(groups)} groups of {sum(len(rows) for _, rows in groups)} clips")
    print("correlation   -log p(genre)   right")
    for correlation in np.linspace(0, 1, 11):
        print(line(groups, float(correlation)))


def artists_without_test_tracks(classifier: GenreClassifier) -> dict[str, str]:
    """Return the artist of each track that neither tests nor trained the model."""
    closed = set(folds_of("fault-filtered")[0].test)
    closed |= set(classifier.card.training.get("track_ids", ()))
    listed = resources.files("genre_model.training") / "splits" / "artist_folds.csv"
    rows = csv.DictReader(listed.read_text("utf-8").splitlines())
    return {row["track"]: row["artist_group"] for row in rows if row["track"] not in closed}


def heard_groups(
    classifier: GenreClassifier, tracks: list[LabelledTrack], artists: dict[str, str]
) -> list[Group]:
    """Return, for each artist, the true genre and the probabilities of the clips."""
    heard = defaultdict(list)
    for track in tqdm(tracks, unit="clip"):
        genre = classifier.genres.index(track.genre)
        # Artists are numbered within a genre.
        heard[genre, artists[track.track_id]].append(
            classifier.predict_file(track.path).probabilities
        )
    return [(genre, np.stack(rows)) for (genre, _), rows in heard.items() if len(rows) > 1]


def line(groups: list[Group], correlation: float) -> str:
    """Return one row: mean negative log-likelihood, and the share of right groups."""
    pooled = [(genre, pool_tracks(rows, correlation)) for genre, rows in groups]
    loss = -np.mean([np.log(probabilities[genre]) for genre, probabilities in pooled])
    right = np.mean([probabilities.argmax() == genre for genre, probabilities in pooled])
    return f"{correlation:11.1f}   {loss:13.3f}   {right:5.2f}"


if __name__ == "__main__":
    main()
