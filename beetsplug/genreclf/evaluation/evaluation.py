"""One pass that changes nothing: how often does a model hear what the labels say?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import genre_model
from beetsplug.genreclf.evaluation.check import commonest
from beetsplug.genreclf.models.library_labels import labelled_files
from beetsplug.genreclf.models.out_of_fold import may_know
from beetsplug.genreclf.policy.label_issues import Doubt, examine, worst_first
from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.predict.predictor import ResultCounts
from beetsplug.genreclf.ui.text import tracks_have

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.predict.predictor import Predictor, Track, TrackResult
    from beetsplug.genreclf.ui.reporter import Reporter
    from genre_model import IsolatedClassifier, Judgement, LabelledFile


class Question(NamedTuple):
    """A track whose genres the model knows.

    Attributes:
        name: how people call the track.
        genres: those that count, as the user spells them.
        labels: of the model, that these mean.
        track: to hear.
    """

    name: str
    genres: tuple[str, ...]
    labels: frozenset[str]
    track: Track


class Answer(NamedTuple):
    """What a model says of a track.

    Attributes:
        question: the track, and what is true of it.
        scores: label -> probability.
        from_before: whether a model said so that was not trained on this track.
    """

    question: Question
    scores: Mapping[str, float]
    from_before: bool


@dataclass
class Evaluation:
    """Asks a model about tracks whose genres are the user's own.

    Attributes:
        options: what the user chose.
        predictor: hears the tracks.
        reporter: receives warnings while listening.
        counts: tracks of which nothing can be said, after :meth:`ask`.
        n_questions: tracks to hear.
    """

    options: Options
    predictor: Predictor
    reporter: Reporter
    counts: ResultCounts = field(default_factory=ResultCounts, init=False)
    n_questions: int = field(default=0, init=False)
    _notes: list[str] = field(default_factory=list, init=False)
    _lacking: Counter[str] = field(default_factory=Counter, init=False)
    _n_lacking: int = field(default=0, init=False)

    def ask(self, items: Sequence[Item]) -> list[Answer]:
        """Return the answers; fewer if it is told to stop. Nothing is stored.

        Raises:
            ModelUnavailableError: before any track is heard.
        """
        questions = list(self._questions(items))
        self.n_questions = len(questions)
        tracks = [question.track for question in questions]
        self.reporter.expect(sum(track.recalled is None for track in tracks))
        answers = (
            self._answer(question, heard)
            for question, heard in zip(questions, self.predictor.hear(tracks), strict=False)
        )
        return [answer for answer in answers if answer is not None]

    def doubts(self, answers: Sequence[Answer]) -> list[Doubt]:
        """Return the tracks of whose genres the model thinks otherwise, worst first."""
        examined = (
            examine(
                question.name,
                question.genres,
                scores,
                self._names,
                multi_label=self.predictor.multi_label,
            )
            for question, scores, _ in answers
        )
        return worst_first(doubt for _, doubt in examined if doubt is not None)

    def judgement(self, answers: Sequence[Answer]) -> Judgement:
        """Put the answers beside the truth; there must be one at least."""
        labels = self.predictor.labels
        probabilities = [[a.scores.get(label, 0.0) for label in labels] for a in answers]
        return genre_model.Judgement(
            labels,
            genre_model.targets_of([self._truth(answer) for answer in answers], labels),
            np.array(probabilities, np.float32),
            self.predictor.multi_label,
        )

    def _truth(self, answer: Answer) -> list[str]:
        """Return what would be right to say: of labels that exclude each other, one."""
        meant = sorted(answer.question.labels)
        if self.predictor.multi_label:
            return meant
        return [max(meant, key=lambda label: answer.scores.get(label, 0.0))]

    @property
    def n_without_answer(self) -> int:
        """Tracks that were tried, and of which nothing can be said."""
        return self.counts.inaudible + self.counts.unknown + self.counts.unreadable

    def left_out(self) -> list[str]:
        """Say why tracks do not count: one line for each reason."""
        notes = list(self._notes)
        if self._n_lacking:
            lacking = f"a genre that the model lacks ({commonest(self._lacking)})"
            notes.append(f"{tracks_have(self._n_lacking)} {lacking}")
        counts = self.counts
        if counts.inaudible:
            notes.append(f"{tracks_have(counts.inaudible)} too little to hear")
        if counts.unknown:
            are = "track is" if counts.unknown == 1 else "tracks are"
            notes.append(f"{counts.unknown} {are} no music that the model names")
        if counts.unreadable:
            notes.append(f"{tracks_have(counts.unreadable)} a file that cannot be read")
        return notes

    @cached_property
    def _names(self) -> GenreNames:
        return GenreNames(
            self.predictor.labels,
            label_map=self.options.policy.label_map,
            aliases=self.options.aliases,
        )

    def _questions(self, items: Sequence[Item]) -> Iterator[Question]:
        files, self._notes = labelled_files(items, self.options.training.label_field)
        item_of = {str(item.id): item for item in items}
        for file in files:
            genres = self._genres(file)
            labels = frozenset[str]().union(*map(self._names.labels_of, genres))
            if labels:
                track = self.predictor.track(item_of[file.key])
                yield Question(file.name, genres, labels, track)
            else:
                self._n_lacking += 1
                self._lacking.update(genres or file.labels)

    def _genres(self, file: LabelledFile) -> tuple[str, ...]:
        """Return what counts as true of a track, by the names that training gives it."""
        genres = tuple(new for label in file.labels for new in self._renamed(label))
        return genres[:1] if self.options.training.labels == "first" else genres

    def _renamed(self, label: str) -> tuple[str, ...]:
        """Rename a label as training does, unless that says less to this model."""
        label_map = self.options.training.label_map
        renamed = {genre_model.spelling_key(old): new for old, new in label_map.items()}
        new = renamed.get(genre_model.spelling_key(label), (label,))
        is_known = not new or any(map(self._names.labels_of, new))
        return new if is_known else (label,)

    def _answer(self, question: Question, heard: TrackResult) -> Answer | None:
        scores = self.counts.scores_of(heard, self.reporter)
        if scores is None:
            return None
        from_before = question.track.item_id in self.predictor.known
        return Answer(question, scores, from_before)


def leaks(
    model: IsolatedClassifier,
    known: Collection[int],
    answers: Sequence[Answer],
    n_threads: int | None = None,
) -> Iterator[str]:
    """Say why a score means less than it seems to.

    Args:
        model: that is scored; a stranger may have written its card.
        known: tracks of the library that it was trained on, scored by models that were
            not trained on them.
        answers: that the score is of.
        n_threads: files listened to at a time; None is the default.
    """
    training = model.card.training
    tracks = [a.question.track for a in answers if not a.from_before]
    lengths = [(track.path, track.seconds) for track in tracks]
    if (heard := genre_model.heard_before(model, lengths, n_threads=n_threads)) is not None:
        yield heard
    if any(answer.from_before for answer in answers):
        said_before = training.get("leaks")
        for leak in said_before if isinstance(said_before, list) else ():
            yield f"in its training, {genre_model.printable(str(leak))}"
    if (doubt := may_know(training, len(known))) is not None:
        yield f"{model.model_id} {doubt}"
