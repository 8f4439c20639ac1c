"""Predictions for many tracks: recalled from the library, or computed.

The threads that compute them see paths and nothing else. Outside the thread that opened
the library, beets gives relative paths and logs at another level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import genre_model
from beetsplug.genreclf.music_folder import require_music_folder
from beetsplug.genreclf.storage.stored_prediction import (
    StoredPrediction,
    prediction_from,
    recall,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from beets.library import Item

    from beetsplug.genreclf.ui.reporter import Reporter
    from genre_model import FileOutcome, IsolatedClassifier, TrackPrediction


#: A file that yields next to nothing, though its header promises more, is damaged.
MAX_SHORT_SECONDS = 5.0


class Track(NamedTuple):
    """A track to predict.

    Attributes:
        item_id: in the library.
        path: of its file.
        added: when it came into the library, in seconds.
        seconds: its length, by the header of the file.
        recalled: a prediction that is known; None if one is to be computed.
    """

    item_id: int
    path: Path
    added: float
    seconds: float
    recalled: StoredPrediction | None


class TrackResult(NamedTuple):
    """The result for a track.

    Attributes:
        track: the track.
        prediction: None if the file could not be read.
        error: why it could not, or why there is too little audio.
    """

    track: Track
    prediction: StoredPrediction | None
    error: str | None

    @property
    def is_news(self) -> bool:
        """Whether the prediction was computed just now."""
        return self.track.recalled is None


@dataclass
class Predictor:
    """Predicts the genres of tracks with one model.

    Attributes:
        load_classifier: called when the first track needs it.
        threads: files decoded at a time; None is the default.
        listen_again: ignore stored predictions.
        should_stop: asked while waiting; true ends :meth:`predict` early.
        music_folder: of the library, if its files should lie there already.
        prepare: called with the path of a file before it is decoded; returns it.
        failure: why prediction ended early, after :meth:`predict`; None if it did not.
        known: id of a track -> its prediction, also with ``listen_again``.
    """

    load_classifier: Callable[[], IsolatedClassifier]
    threads: int | None = None
    listen_again: bool = False
    should_stop: Callable[[], bool] = lambda: False
    music_folder: Path | None = None
    prepare: Callable[[Path], Path] = lambda path: path
    known: Mapping[int, StoredPrediction] = field(default_factory=dict)
    failure: str | None = field(default=None, init=False)

    @cached_property
    def _classifier(self) -> IsolatedClassifier:
        # Once, since another model may be chosen for later commands meanwhile.
        return self.load_classifier()

    @property
    def model_id(self) -> str:
        """Name and content of the model."""
        return self._classifier.model_id

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the model."""
        return self._classifier.genres

    @property
    def multi_label(self) -> bool:
        """Whether several labels can be right at once."""
        return self._classifier.multi_label

    @property
    def training(self) -> Mapping[str, Any]:
        """The training section of the model's card."""
        return self._classifier.card.training

    def track(self, item: Item) -> Track:
        """Take from an item what prediction needs."""
        item_id = cast("int", item.id)  # what comes out of a library has one
        recalled = self.known.get(item_id)
        if recalled is None and not self.listen_again:
            with_strangeness = bool(self._classifier.card.rejected)
            recalled = recall(
                item, self.model_id, self.labels, with_strangeness=with_strangeness
            )
        length = item.length or 0.0
        return Track(item_id, item.filepath, item.added or 0.0, length, recalled)

    def predict(self, tracks: Sequence[Track]) -> Iterator[TrackResult]:
        """Yield results in the order of the tracks.

        Where the system gives no further thread or process, the rest is left out.
        """
        outcomes = self._compute([each.path for each in tracks if each.recalled is None])
        for track in tracks:
            if self.should_stop():
                return
            if track.recalled is not None:
                yield TrackResult(track, track.recalled, None)
            elif (outcome := next(outcomes, None)) is not None:
                yield self._result(track, outcome)
            else:
                return

    def _compute(self, paths: list[Path]) -> Iterator[FileOutcome[TrackPrediction]]:
        try:
            yield from genre_model.predict_files(
                self._classifier,
                map(self.prepare, paths),
                n_threads=self.threads,
                should_stop=self.should_stop,
            )
        except genre_model.NoProcessError as error:
            self.failure = str(error)

    def _result(self, track: Track, outcome: FileOutcome[TrackPrediction]) -> TrackResult:
        if outcome.result is None and _is_too_little(track, outcome):
            reason = str(outcome.error).removeprefix(f"{track.path}: ")
            return TrackResult(track, StoredPrediction(self.model_id, {}), reason)
        if outcome.result is None:
            require_music_folder(self.music_folder, track.path)
            return TrackResult(track, None, f"{outcome.error}{_cut_short(track, outcome)}")
        ranked, strangeness = outcome.result.ranked(), outcome.result.strangeness
        return TrackResult(track, prediction_from(self.model_id, ranked, strangeness), None)


@dataclass
class ResultCounts:
    """Counts the tracks without a usable prediction.

    Attributes:
        unreadable: tracks whose files could not be read.
        inaudible: tracks too short or too silent.
        unknown: tracks that the model rejects, such as speech.
    """

    unreadable: int = 0
    inaudible: int = 0
    unknown: int = 0

    def scores_of(
        self, result: TrackResult, reporter: Reporter
    ) -> Mapping[str, float] | None:
        """Return the scores of a track, or count why there are none."""
        if result.is_news:
            reporter.advance()
        if result.prediction is None:
            reporter.warning(str(result.error))
            self.unreadable += 1
            return None
        if not result.prediction.scores:
            self.inaudible += 1
            return None
        if result.prediction.unknown_because:
            self.unknown += 1
            return None
        return result.prediction.scores


def _is_too_little(track: Track, outcome: FileOutcome[TrackPrediction]) -> bool:
    """Tell a jingle, a pause, or half a day of speech, from a damaged file."""
    if isinstance(outcome.error, genre_model.SilentError | genre_model.TooLongError):
        return True
    is_short = isinstance(outcome.error, genre_model.TooShortError)
    return is_short and track.seconds <= MAX_SHORT_SECONDS


def _cut_short(track: Track, outcome: FileOutcome[TrackPrediction]) -> str:
    """Say why a short file is a failure, where a jingle is none."""
    if not isinstance(outcome.error, genre_model.TooShortError):
        return ""
    return f", and the file is cut short: it should have {track.seconds:.0f} s"
