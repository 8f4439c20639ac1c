"""A classifier that works in processes of its own, also for files that are not trusted."""

from __future__ import annotations

import stat
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar, cast

from genre_model.errors import (
    ADVICE,
    AudioDecodeError,
    GenreModelError,
    ModelFileError,
    NoProcessError,
)
from genre_model.features.audio_fingerprint import N_BYTES
from genre_model.model.card import card_from_json
from genre_model.model.card_text import printable
from genre_model.model.source import MAX_BYTES, find_model, read_network
from genre_model.worker.client import PredictionProcess, ProcessEndedError
from genre_model.worker.protocol import error_of_json, prediction_of_json, scores_of_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.classifier import GenreClassifier
    from genre_model.model.segment_probabilities import SegmentScores
    from genre_model.model.track_probabilities import Combination, TrackPrediction
    from genre_model.worker.client import Wants

ReadT = TypeVar("ReadT")

#: A file that takes longer never ends. Decoding 12 hours takes two minutes of one core.
MAX_SECONDS_PER_FILE = 900.0


class IsolatedClassifier:
    """Predicts the genre of audio files in other processes; safe to share between threads.

    A file that crashes the decoder, or makes it hang, costs itself and nothing else. Each
    thread that asks gets a process, so that they do not wait for Python's lock either. This
    process loads neither PyAV nor ONNX Runtime.

    Processes start when they are needed, and end with this object. If the system gives no
    further one, threads share the running ones.

    Args:
        content: of a model file.
        combination: how segments become a track, ``"mean"`` or ``"vote"``.
        is_untrusted: check first that the file does no harm.

    Attributes:
        card, genres, multi_label, model_id: as in :class:`GenreClassifier`.

    Raises:
        ModelFileError: what is wrong with the content.
        ImportError: a library that is needed cannot be loaded.
        NoProcessError: no process can be started.
    """

    def __init__(
        self,
        content: bytes,
        combination: Combination = "mean",
        *,
        is_untrusted: bool = False,
    ) -> None:
        self._content = content
        self._is_untrusted = is_untrusted
        self._combination = combination
        self._changed = threading.Condition()
        self._idle: list[PredictionProcess] = []
        self._all: set[PredictionProcess] = set()
        weakref.finalize(self, _close_all, self._all)
        process, answer = self._start()
        self._put_back(process)
        self.card = card_from_json(answer.get("card"))
        self.genres, self.multi_label = self.card.genres, self.card.multi_label
        self.model_id = str(answer.get("model_id"))

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        combination: Combination = "mean",
        *,
        is_untrusted: bool | None = None,
    ) -> IsolatedClassifier:
        """Load a model file, or a bundled model by its name (None: the default).

        Args:
            model: a path, or a name.
            combination: how segments become a track.
            is_untrusted: check first that the file does no harm; None checks paths only.

        Raises:
            ModelFileError: one line that names the file and what is wrong with it.
            ImportError: a library that is needed cannot be loaded.
            NoProcessError: no process can be started.
        """
        content = read_network(model)
        if is_untrusted is None:
            is_untrusted = str(model).lower().endswith(".onnx")
        try:
            return cls(content, combination, is_untrusted=is_untrusted)
        except ModelFileError as error:
            raise type(error)(f"model file {find_model(model)}: {error}") from error

    @classmethod
    def copy_of(cls, classifier: GenreClassifier) -> IsolatedClassifier:
        """Return a classifier with the model of another one, to be closed."""
        return cls(classifier.content, classifier.combination)

    @property
    def processes(self) -> list[PredictionProcess]:
        """The running processes."""
        with self._changed:
            return list(self._all)

    def predict_file(self, path: Path) -> TrackPrediction:
        """Predict the genre of one file.

        Raises:
            GenreModelError: a subclass that says what is wrong, naming the file.
        """
        return self._ask(
            path, "prediction", lambda answer: prediction_of_json(answer, path, self.genres)
        )

    def score_file(self, path: Path) -> SegmentScores:
        """Run the network on a file: logits and embedding of each segment.

        Raises:
            GenreModelError: a subclass that says what is wrong, naming the file.
        """
        return self._ask(path, "scores", scores_of_json)

    def fingerprint_file(self, path: Path) -> tuple[float, str]:
        """Return the length of a file in seconds, and the fingerprint of its audio.

        Raises:
            GenreModelError: a subclass that says what is wrong, naming the file.
        """

        def read(answer: dict[str, Any]) -> tuple[float, str]:
            fingerprint = str(answer["fingerprint"])
            if len(bytes.fromhex(fingerprint)) != N_BYTES:
                raise ValueError(fingerprint)
            return float(answer["seconds"]), fingerprint

        return self._ask(path, "fingerprint", read)

    def _ask(
        self, path: Path, wants: Wants, read: Callable[[dict[str, Any]], ReadT]
    ) -> ReadT:
        process = self._take()
        try:
            answer = process.ask(path, wants, MAX_SECONDS_PER_FILE)
            what_is_wrong = error_of_json(answer)
            result = None if what_is_wrong else read(answer)
        except BaseException as error:
            # Its next answer would not belong to the next request.
            self._end(process)
            if isinstance(error, ProcessEndedError):
                raise AudioDecodeError(f"{path}: {_why(str(error))}") from error
            if isinstance(error, (KeyError, TypeError, ValueError, OverflowError)):
                raise AudioDecodeError(f"{path}: {_why('no sensible answer')}") from error
            raise
        self._put_back(process)
        if what_is_wrong is not None:
            raise what_is_wrong
        return cast("ReadT", result)

    def close(self) -> None:
        """End the processes; further predictions start others."""
        with self._changed:
            self._idle.clear()
            _close_all(self._all)
            self._changed.notify_all()

    def interrupt(self) -> None:
        """End all requests that are under way."""
        with self._changed:
            for process in self._all.difference(self._idle):
                process.kill()

    def _start(self) -> tuple[PredictionProcess, dict[str, Any]]:
        """Start a process; return it with its first answer."""
        if not sys.executable:
            raise NoProcessError("no process can be started: sys.executable is empty")
        try:
            process = PredictionProcess()
        except OSError as error:
            text = f"no process can be started ({error.strerror}); {ADVICE}"
            raise NoProcessError(text) from error
        with self._changed:
            self._all.add(process)
        try:
            answer = process.load(
                self._content, self._combination, is_untrusted=self._is_untrusted
            )
            if (error_of_model := error_of_json(answer)) is not None:
                raise error_of_model
        except BaseException as error:
            self._end(process)
            if isinstance(error, ProcessEndedError):
                text = f"the process that loads the model ended ({error})"
                raise NoProcessError(text) from error
            raise
        return process, answer

    def _take(self) -> PredictionProcess:
        while True:
            if (idle := self._idle_process()) is not None:
                return idle
            try:
                return self._start()[0]
            except NoProcessError:
                with self._changed:
                    if not self._all:
                        raise
                    self._changed.wait_for(lambda: self._idle or not self._all)

    def _idle_process(self) -> PredictionProcess | None:
        with self._changed:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                self._all.discard(process)
                self._changed.notify_all()
                process.close()
        return None

    def _put_back(self, process: PredictionProcess) -> None:
        with self._changed:
            self._idle.append(process)
            self._changed.notify()

    def _end(self, process: PredictionProcess) -> None:
        with self._changed:
            self._all.discard(process)
            self._changed.notify_all()
        process.close()


def check_untrusted_model(path: Path) -> bytes:
    """Check that a model file of unknown origin works and does no harm.

    If it harms ONNX Runtime, by asking for all memory for example, it harms a process that
    ends.

    Returns:
        The content that was checked; keep this, the file may change.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
        ImportError: a library that is needed cannot be loaded.
    """
    try:
        content = _read(path)
        IsolatedClassifier(content, is_untrusted=True).close()
    except GenreModelError as error:
        kind = type(error) if isinstance(error, ModelFileError) else ModelFileError
        raise kind(f"model file {path}: {printable(str(error))}") from error
    return content


def _read(path: Path) -> bytes:
    if path.suffix.lower() != ".onnx":
        raise ModelFileError("its name must end in .onnx")
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError("it is no file")
        if about.st_size > MAX_BYTES:
            raise ModelFileError(f"it is larger than {MAX_BYTES // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot be read ({error.strerror})") from error


def _why(how: str) -> str:
    return f"the process that decoded it ended ({how})"


def _close_all(processes: set[PredictionProcess]) -> None:
    while processes:
        processes.pop().close()
