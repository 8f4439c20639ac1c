"""Scores a model on tracks whose genres are the user's own; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import genre_model
from beetsplug.genreclf.models.library_labels import labelled_files
from beetsplug.genreclf.models.out_of_fold import may_know
from beetsplug.genreclf.policy.label_issues import LabelIssue, find_issue, worst_first
from beetsplug.genreclf.ui.text import tracks_have

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import TrainingOptions
    from beetsplug.genreclf.evaluation.labelled_tracks import LabelledTrack, LabelledTracks
    from genre_model import IsolatedClassifier


class Answer(NamedTuple):
    """The prediction for a track: label -> probability."""

    track: LabelledTrack
    scores: Mapping[str, float]

    @property
    def name(self) -> str:
        """The name of the track."""
        return self.track.name


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
    def judgement(self) -> genre_model.Evaluation:
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
        multi_label = self.tracks.predictor.multi_label
        names = self.tracks.names
        found = (
            find_issue(track.name, track.genres, scores, names, multi_label=multi_label)
            for track, scores in self.answers
        )
        return worst_first(issue for issue in found if issue)

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
        return sum(self.tracks.is_out_of_fold(answer.track) for answer in self.answers)

    def leaks(self, model: IsolatedClassifier) -> Iterator[str]:
        """Yield why the scores are too good.

        Args:
            model: that was evaluated; its card may be of unknown origin.
        """
        training = model.card.training
        predictor = self.tracks.predictor
        new = [
            a.track.track
            for a in self.answers
            if a.track.track.item_id not in predictor.known
        ]
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
    answers = [Answer(track, scores) for track, scores in tracks.predict(asked)]
    return Evaluation(tracks, answers, len(asked), notes)


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
