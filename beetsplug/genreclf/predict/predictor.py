"""What is heard in many tracks: recalled where it is known, listened to otherwise.

The threads that listen see paths and nothing else. Outside the thread that opened the
library, beets gives relative paths and logs at another level.
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
    """A track to hear.

    Attributes:
        item_id: in the library.
        path: of its file.
        added: when it came into the library, in seconds.
        seconds: its length, by the header of the file.
        recalled: what need not be listened to: what the same model heard in it before,
            or what is known of it otherwise.
    """

    item_id: int
    path: Path
    added: float
    seconds: float
    recalled: StoredPrediction | None


class TrackResult(NamedTuple):
    """What was heard in a track.

    Attributes:
        track: that was to be heard.
        listening: None if the file could not be read.
        error: why it could not, or why there was too little to hear.
    """

    track: Track
    listening: StoredPrediction | None
    error: str | None

    @property
    def is_news(self) -> bool:
        """Whether the track was listened to just now."""
        return self.track.recalled is None


@dataclass
class Predictor:
    """Hears tracks with one model.

    Attributes:
        load_classifier: called when the first track needs it.
        threads: tracks listened to at a time; None is the default.
        listen_again: listen even where the same model has listened before.
        should_stop: asked while waiting; true ends :meth:`hear` early.
        music_folder: of the library, if its files should lie there already.
        prepare: called with the path of a file before it is listened to; returns it.
        failure: why listening ended early, after :meth:`hear`; None if it did not.
        known: id of a track -> what to take for what this model hears in it, even with
            ``listen_again``.
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
        """The model that listens."""
        return self._classifier.model_id

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can hear."""
        return self._classifier.genres

    @property
    def multi_label(self) -> bool:
        """Whether it can hear several labels at once, each with its own probability."""
        return self._classifier.multi_label

    @property
    def training(self) -> Mapping[str, Any]:
        """What the card of the model says of its training."""
        return self._classifier.card.training

    def track(self, item: Item) -> Track:
        """Take from an item what listening needs."""
        item_id = cast("int", item.id)  # what comes out of a library has one
        recalled = self.known.get(item_id)
        if recalled is None and not self.listen_again:
            with_strangeness = bool(self._classifier.card.rejected)
            recalled = recall(
                item, self.model_id, self.labels, with_strangeness=with_strangeness
            )
        length = item.length or 0.0
        return Track(item_id, item.filepath, item.added or 0.0, length, recalled)

    def hear(self, tracks: Sequence[Track]) -> Iterator[TrackResult]:
        """Yield what is heard, in the order of the tracks.

        Where the system gives no thread or process to listen with, the rest is left out.
        """
        outcomes = self._listen([each.path for each in tracks if each.recalled is None])
        for track in tracks:
            if self.should_stop():
                return
            if track.recalled is not None:
                yield TrackResult(track, track.recalled, None)
            elif (outcome := next(outcomes, None)) is not None:
                yield self._heard(track, outcome)
            else:
                return

    def _listen(self, paths: list[Path]) -> Iterator[FileOutcome[TrackPrediction]]:
        try:
            yield from genre_model.predict_files(
                self._classifier,
                map(self.prepare, paths),
                n_threads=self.threads,
                should_stop=self.should_stop,
            )
        except genre_model.NoProcessError as error:
            self.failure = str(error)

    def _heard(self, track: Track, outcome: FileOutcome[TrackPrediction]) -> TrackResult:
        if outcome.result is None and _is_nothing_to_hear(track, outcome):
            reason = str(outcome.error).removeprefix(f"{track.path}: ")
            return TrackResult(track, StoredPrediction(self.model_id, {}), reason)
        if outcome.result is None:
            require_music_folder(self.music_folder, track.path)
            return TrackResult(track, None, f"{outcome.error}{_cut_short(track, outcome)}")
        prediction = outcome.result
        listening = prediction_from(
            self.model_id, prediction.ranked(), prediction.strangeness
        )
        return TrackResult(track, listening, None)


@dataclass
class ResultCounts:
    """Counts the tracks of which nothing can be said.

    Attributes:
        unreadable: tracks that could not be heard.
        inaudible: tracks too short or too silent.
        unknown: tracks that the model rejects, such as speech.
    """

    unreadable: int = 0
    inaudible: int = 0
    unknown: int = 0

    def scores_of(
        self, heard: TrackResult, reporter: Reporter
    ) -> Mapping[str, float] | None:
        """Return the scores of a track, or count why there are none."""
        if heard.is_news:
            reporter.advance()
        if heard.listening is None:
            reporter.warning(str(heard.error))
            self.unreadable += 1
            return None
        if not heard.listening.scores:
            self.inaudible += 1
            return None
        if heard.listening.unknown_because:
            self.unknown += 1
            return None
        return heard.listening.scores


def _is_nothing_to_hear(track: Track, outcome: FileOutcome[TrackPrediction]) -> bool:
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
