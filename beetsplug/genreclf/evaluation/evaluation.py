"""Scores a model on tracks whose genres are the user's own; changes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import genre_model
from beetsplug.genreclf.evaluation.label_issues import LabelIssue, find_issue, worst_first
from beetsplug.genreclf.models.library_labels import labelled_files
from beetsplug.genreclf.models.out_of_fold import may_know
from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.predict.predictor import ResultCounts
from beetsplug.genreclf.ui.text import tracks_have

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options, TrainingOptions
    from beetsplug.genreclf.predict.predictor import Predictor, Track
    from beetsplug.genreclf.ui.reporter import Reporter
    from genre_model import IsolatedClassifier

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


class Answer(NamedTuple):
    """The prediction for a track: label -> probability."""

    track: LabelledTrack
    scores: Mapping[str, float]

    @property
    def name(self) -> str:
        """The name of the track."""
        return self.track.name


@dataclass
class LabelledTracks:
    """Predicts tracks whose genres the model knows, and counts the others.

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

        Genres are counted as lacking, or those ``shown`` instead if there are none.
        """
        labels = frozenset[str]().union(*map(self.names.labels_of, genres))
        if labels:
            return LabelledTrack(name, tuple(genres), labels, self.predictor.track(item))
        self.n_lacking += 1
        self.lacking.update(genre for genre in genres or shown if genre.strip())
        return None

    def predict(self, tracks: Sequence[LabelledTrack]) -> Iterator[Answer]:
        """Yield the predictions; fewer if the predictor is told to stop."""
        asked = [each.track for each in tracks]
        self.reporter.expect(sum(track.recalled is None for track in asked))
        for track, result in zip(tracks, self.predictor.predict(asked), strict=False):
            scores = self.counts.scores_of(result, self.reporter)
            if scores is not None:
                yield Answer(track, scores)

    def is_out_of_fold(self, answer: Answer) -> bool:
        """Return True if the model was trained on a track, and others predicted it."""
        return answer.track.track.item_id in self.predictor.known

    def find_issue(self, answer: Answer) -> LabelIssue | None:
        """Return the label issue of a track."""
        return find_issue(
            answer.name,
            answer.track.genres,
            answer.scores,
            self.names,
            multi_label=self.predictor.multi_label,
        )

    def lacking_genres(self) -> str:
        """Return the commonest genres that the model lacks, with their counts."""
        common = self.lacking.most_common(N_NAMED)
        more = ", ..." if len(self.lacking) > N_NAMED else ""
        return ", ".join(f"{genre} {count}" for genre, count in common) + more


@dataclass
class Evaluation:
    """Predictions of a model beside the genres of the library.

    Attributes:
        tracks: predicted them.
        answers: tracks that have a prediction.
        n_asked: tracks that should have been predicted.
        notes: why other tracks have no genre of the user's own.
    """

    tracks: LabelledTracks
    answers: list[Answer]
    n_asked: int
    notes: list[str]

    @property
    def n_done(self) -> int:
        """Tracks that were predicted, or that failed."""
        counts = self.tracks.counts
        return len(self.answers) + counts.inaudible + counts.unknown + counts.unreadable

    @cached_property
    def scores(self) -> genre_model.Evaluation:
        """The scores of the answers; there must be one at least."""
        predictor = self.tracks.predictor
        labels, multi_label = predictor.labels, predictor.multi_label
        truth = [_truth(answer, multi_label=multi_label) for answer in self.answers]
        scores = [[a.scores.get(label, 0.0) for label in labels] for a in self.answers]
        return genre_model.Evaluation(
            labels,
            genre_model.targets_of(truth, labels),
            np.array(scores, np.float32),
            multi_label,
        )

    def issues(self) -> list[LabelIssue]:
        """Return the tracks whose genres the model finds unlikely, worst first."""
        return worst_first(filter(None, map(self.tracks.find_issue, self.answers)))

    def left_out(self) -> list[str]:
        """Return why tracks do not count: one line for each reason."""
        counts, n_lacking = self.tracks.counts, self.tracks.n_lacking
        lacking = f"a genre that the model lacks ({self.tracks.lacking_genres()})"
        are = "track is" if counts.unknown == 1 else "tracks are"
        unreadable = f"{tracks_have(counts.unreadable)} a file that cannot be read"
        reasons = [
            (n_lacking, f"{tracks_have(n_lacking)} {lacking}"),
            (counts.inaudible, f"{tracks_have(counts.inaudible)} too little to hear"),
            (counts.unknown, f"{counts.unknown} {are} no music that the model names"),
            (counts.unreadable, unreadable),
        ]
        return [*self.notes, *(text for n, text in reasons if n)]

    def n_out_of_fold(self) -> int:
        """Return how many answers are for tracks that trained the model."""
        return sum(map(self.tracks.is_out_of_fold, self.answers))

    def leaks(self, model: IsolatedClassifier) -> Iterator[str]:
        """Yield why the scores are too good.

        Args:
            model: that was evaluated; its card may be of unknown origin.
        """
        training, predictor = model.card.training, self.tracks.predictor
        new = [a.track.track for a in self.answers if not self.tracks.is_out_of_fold(a)]
        lengths = [(track.path, track.seconds) for track in new]
        heard = genre_model.heard_before(model, lengths, n_threads=predictor.threads)
        if heard is not None:
            yield heard
        if len(new) < len(self.answers):
            earlier = training.get("leaks")
            for leak in earlier if isinstance(earlier, list) else ():
                yield f"in its training, {genre_model.printable(str(leak))}"
        if (doubt := may_know(training, len(predictor.known))) is not None:
            yield f"{model.model_id} {doubt}"


def evaluate(items: Sequence[Item], tracks: LabelledTracks) -> Evaluation:
    """Predict tracks that have genres of the user's own; fewer if told to stop.

    Raises:
        ModelUnavailableError: before any track is predicted.
    """
    training = tracks.options.training
    files, notes = labelled_files(items, training.label_field)
    item_of = {str(item.id): item for item in items}
    asked = []
    for file in files:
        genres = _genres(file.labels, training, tracks)
        item = item_of[file.key]
        if track := tracks.labelled(item, file.name, genres, shown=file.labels):
            asked.append(track)
    return Evaluation(tracks, list(tracks.predict(asked)), len(asked), notes)


def _genres(
    labels: Sequence[str], training: TrainingOptions, tracks: LabelledTracks
) -> tuple[str, ...]:
    """Return the labels that count, renamed as for training.

    A label keeps its name if the model does not know the new one.
    """
    renamed = {genre_model.spelling_key(a): b for a, b in training.label_map.items()}
    genres: list[str] = []
    for label in labels:
        new = renamed.get(genre_model.spelling_key(label), (label,))
        is_known = not new or any(map(tracks.names.labels_of, new))
        genres += new if is_known else (label,)
    return tuple(genres[:1] if training.labels == "first" else genres)


def _truth(answer: Answer, *, multi_label: bool) -> list[str]:
    """Return the true labels; of several that exclude each other, the most probable."""
    meant = sorted(answer.track.labels)
    if multi_label:
        return meant
    return [max(meant, key=lambda label: answer.scores.get(label, 0.0))]
