"""How alike the errors of a model are on tracks that belong together.

    python benchmarks/album_pooling.py SONGS [--model NAME]

SONGS is what ``labelled_songs.py`` reads. At least two songs by one artist and of one
genre stand in for an album. For each correlation of ``genre_model.pool_tracks``, prints how
likely the true genre is, on how many albums a genre would be written, and how many of those
are right; of albums of genres that the model does not know, none is.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from labelled_songs import songs_of

from genre_model import GenreClassifier, pool_tracks
from genre_model.label_spelling import spelling_key
from genre_model.personal.open_set import MIN_CONFIDENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Album(NamedTuple):
    """Songs that stand in for one.

    Attributes:
        place: of the true genre; -1 if the model does not know it.
        tracks: probabilities [shape=(n_tracks, n_genres)].
    """

    place: int
    tracks: NDArray[np.float32]


def main() -> None:
    """Print a table of correlations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path)
    parser.add_argument("--model")
    options = parser.parse_args()
    albums = heard_albums(GenreClassifier.load(options.model), options.songs)
    print(f"{len(albums)} albums of {sum(len(one.tracks) for one in albums)} songs")
    print("correlation   -log p(genre)   written   right of those")
    for correlation in np.linspace(0, 1, 11):
        print(line(albums, float(correlation)))


def heard_albums(classifier: GenreClassifier, songs: Path) -> list[Album]:
    """Return what is heard in songs of one artist and one genre."""
    places = {spelling_key(genre): place for place, genre in enumerate(classifier.genres)}
    heard = defaultdict(list)
    for song in songs_of(songs):
        prediction = classifier.predict_file(song.path)
        if not prediction.is_unknown:
            heard[song.genre, song.artist].append(prediction.probabilities)
    return [
        Album(places.get(spelling_key(genre), -1), np.stack(rows))
        for (genre, _), rows in heard.items()
        if len(rows) > 1
    ]


def line(albums: list[Album], correlation: float) -> str:
    """Return one row of the table."""
    pooled = [(place, pool_tracks(tracks, correlation)) for place, tracks in albums]
    loss = -np.mean([np.log(said[place]) for place, said in pooled if place >= 0])
    written = [(place, said) for place, said in pooled if said.max() >= MIN_CONFIDENCE]
    right = sum(int(said.argmax()) == place for place, said in written)
    return f"{correlation:11.1f}   {loss:13.3f}   {len(written):7}   {right:14}"


if __name__ == "__main__":
    main()
