"""The errors that this package raises on purpose."""

from __future__ import annotations


class GenreModelError(Exception):
    """Base of all deliberate errors; the message names the file or option."""


class AudioDecodeError(GenreModelError):
    """The file holds no audio that can be decoded, or cannot be read at all."""


class TooShortError(GenreModelError):
    """The file holds less audio than the model needs."""


class TooLongError(GenreModelError):
    """The file claims more audio than is ever one track."""


class SilentError(GenreModelError):
    """The file holds nothing but silence, which has no genre."""


#: Where threads or processes are limited.
ADVICE = "allow more processes, or lower the number of threads"


class NoProcessError(GenreModelError):
    """The system gives no thread or process to work with."""


class ModelFileError(GenreModelError):
    """The model file is missing, damaged or of another format."""


class FingerprintMismatchError(ModelFileError):
    """The front end of the model is not the one that this version computes."""


class TrainingDataError(GenreModelError):
    """The data folder, a split or a label is not what training expects."""


class RecipeError(GenreModelError):
    """A recipe has an unknown, missing or impossible setting."""


class SeenTracksError(GenreModelError):
    """The model was trained on tracks that it should be scored on."""


class JobsFailedError(GenreModelError):
    """Some of several jobs failed.

    Attributes:
        reasons: why, by the name of the job.
    """

    def __init__(self, message: str, reasons: dict[str, str]) -> None:
        super().__init__(message)
        self.reasons = reasons


class TrainingDivergedError(GenreModelError):
    """The weights that a training ended with are no numbers."""


class TrainingStoppedError(GenreModelError):
    """A training was asked to stop; what was computed is kept for the next one."""


class DownloadError(GenreModelError):
    """A file cannot be fetched from the network."""
