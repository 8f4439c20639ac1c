"""Predictions for tracks whose genres the model knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.predict.predictor import ResultCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.predict.predictor import Predictor, Track
    from beetsplug.genreclf.ui.reporter import Reporter

#: Genres that the model lacks and that messages name.
N_NAMED = 5


class LabelledTrack(NamedTuple):
    """A track and its genres; an item is too large to keep for hours.

    Attributes:
        name: as shown to the user.
        genres: those that count, as the user spells them.
        labels: the labels of the model that these mean; at least one.
        track: the input of the predictor.
    """

    name: str
    genres: tuple[str, ...]
    labels: frozenset[str]
    track: Track


@dataclass
class LabelledTracks:
    """Predicts labelled tracks, and counts those that have no prediction.

    Attributes:
        options: what the user chose.
        predictor: predicts the tracks.
        reporter: receives warnings and progress.
        counts: tracks without a prediction.
        lacking: genres that the model lacks, of tracks of which it lacks every genre.
        n_lacking: such tracks.
    """

    options: Options
    predictor: Predictor
    reporter: Reporter
    counts: ResultCounts = field(default_factory=ResultCounts, init=False)
    lacking: Counter[str] = field(default_factory=Counter, init=False)
    n_lacking: int = field(default=0, init=False)

    @cached_property
    def names(self) -> GenreNames:
        """The meaning of genres to the model."""
        return GenreNames(
            self.predictor.labels,
            label_map=self.options.policy.label_map,
            aliases=self.options.aliases,
        )

    def labelled(
        self, item: Item, name: str, genres: Sequence[str], shown: Sequence[str] = ()
    ) -> LabelledTrack | None:
        """Return a track with its genres; None, and count it, if the model lacks them all.

        Args:
            item: the track.
            name: of the track.
            genres: of the track.
            shown: what to count as lacking if there are no genres.
        """
        labels = frozenset[str]().union(*map(self.names.labels_of, genres))
        if labels:
            return LabelledTrack(name, tuple(genres), labels, self.predictor.track(item))
        self.n_lacking += 1
        self.lacking.update(genre for genre in genres or shown if genre.strip())
        return None

    def predict(
        self, tracks: Sequence[LabelledTrack]
    ) -> Iterator[tuple[LabelledTrack, Mapping[str, float]]]:
        """Yield the tracks that have a prediction, each with label -> probability.

        Fewer if the predictor is told to stop.
        """
        asked = [each.track for each in tracks]
        self.reporter.expect(sum(track.recalled is None for track in asked))
        for track, result in zip(tracks, self.predictor.hear(asked), strict=False):
            scores = self.counts.scores_of(result, self.reporter)
            if scores is not None:
                yield track, scores

    def is_out_of_fold(self, track: LabelledTrack) -> bool:
        """Return True if the model was trained on a track, and others predicted it."""
        return track.track.item_id in self.predictor.known

    def lacking_genres(self) -> str:
        """Return the commonest genres that the model lacks, with their counts."""
        common = self.lacking.most_common(N_NAMED)
        more = ", ..." if len(self.lacking) > N_NAMED else ""
        return ", ".join(f"{genre} {count}" for genre, count in common) + more
