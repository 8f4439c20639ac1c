"""Audio file to waveform: mono float32 at one sample rate, whole or in excerpts."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from itertools import chain
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from av.error import FFmpegError

from genre_model.audio.decoder import Decoder
from genre_model.audio.resampler import SETTLE_SECONDS, cycle_of, product_of, resampled
from genre_model.errors import AudioDecodeError, GenreModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd, WaveformConfig

#: Limits of a file that is longer than it claims.
MORE_THAN_CLAIMED, MORE_SECONDS = 2.0, 60.0
#: Peak below which audio is silent: -80 dBFS.
SILENT_BELOW = 1e-4


class AudioFile:
    """An open audio file, decoded to mono float32 at the rate of the configuration.

    Mono is the mean of all channels, except for channels that cancel each other
    (``downmix``). Audio of the right rate passes without resampling. Damaged packets are
    left out. Sample 0 is the first that decodes: encoder delay is removed where the
    container declares it. One instance must not be used by two threads at once.

    Attributes:
        duration_seconds: always known; the audio may end a little earlier.

    Args:
        path: file to open, even if the name looks like an address.
        config: the sample rate.
        clean_below_hz: resampling need not keep higher frequencies; None keeps 0.9 of the
            band.

    Raises:
        AudioDecodeError: if the file cannot be read, or nothing in it decodes as audio.
        TooLongError: if it claims more than 12 hours.
    """

    def __init__(
        self, path: Path, config: WaveformConfig, clean_below_hz: float | None = None
    ) -> None:
        self._path = path
        self._clean_below_hz = clean_below_hz
        self._sample_rate_hz = config.sample_rate_hz
        with _naming(path):
            _check_readable(path)
            self._decoder = Decoder(path)
        self.duration_seconds = self._decoder.duration_seconds

    def __enter__(self) -> AudioFile:
        """Return the open file."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def read(self, start_seconds: float, n_samples: int) -> NDArray[np.float32]:
        """Decode an excerpt by seeking.

        The excerpt equals the same samples of :meth:`read_all`, in AAC up to its random
        noise bands. Known to differ: audio behind damage (by the packets left out), FLAC
        in Ogg (up to 0.6 s), joined MP3 files, raw AC-3 and ADPCM (some milliseconds), the
        last 0.1 s of Ogg Vorbis.

        Returns:
            The excerpt, shorter or empty if the audio ends [shape=(<= n_samples,)].

        Raises:
            AudioDecodeError: if the file cannot be read any more.
        """
        if start_seconds < 0 or n_samples < 0:
            raise ValueError("an excerpt neither begins nor ends before the start")
        first = round(start_seconds * self._sample_rate_hz)
        return self._read(first, first + n_samples)

    def read_all(self) -> NDArray[np.float32]:
        """Decode the whole file [shape=(n_samples,)]; if it claims far too little, a part.

        Raises:
            AudioDecodeError: if the file cannot be read any more.
        """
        most_seconds = MORE_THAN_CLAIMED * self.duration_seconds + MORE_SECONDS
        return self._read(0, ceil(most_seconds * self._sample_rate_hz))

    def _read(self, first: int, end: int) -> NDArray[np.float32]:
        """Return samples ``first`` to ``end``, counted at the rate of the result."""
        # The resampler starts where both grids of samples meet, and silence fills what its
        # first product lacks, so that it computes what it computes when it starts at 0.
        rate_hz = self._decoder.sample_rate_hz
        n_in, n_out = cycle_of(rate_hz, self._sample_rate_hz)
        n_settling = round(SETTLE_SECONDS * self._sample_rate_hz)
        n_cycles = max(0, (first - n_settling) // n_out)
        file_end = ceil((end + n_settling) * n_in / n_out)
        product = product_of(rate_hz, self._sample_rate_hz, self._clean_below_hz)
        n_silent = n_cycles * n_in % product
        silence = (rate_hz, np.zeros(n_silent, np.float32))
        position = n_cycles * n_out - n_silent * n_out // n_in
        with _naming(self._path):
            blocks = chain([silence], self._decoder.blocks(n_cycles * n_in, file_end))
            pieces = resampled(blocks, self._sample_rate_hz, self._clean_below_hz)
            return _excerpt(pieces, position, first, end)


def open_audio(path: Path, front_end: FrontEnd) -> AudioFile:
    """Open a file for a front end; see :class:`AudioFile`."""
    return AudioFile(path, front_end.waveform, front_end.mel.keep_below_hz)


def genre_by_ffmpeg(path: Path) -> str:
    """Return the genre that FFmpeg finds in the tags of a file; empty if there is none.

    FFmpeg reads the INFO chunk of WAV files, which mutagen does not. Raises the errors of
    :class:`AudioFile`.
    """
    with _naming(path):
        _check_readable(path)
        decoder = Decoder(path)
        decoder.close()
        return decoder.genre


def is_silent(samples: NDArray[np.float32], below: float = SILENT_BELOW) -> bool:
    """Return True if no sample is louder; nothing at all is silent, too."""
    # Without an array of absolute values, which takes as long again.
    return bool(-below < samples.min(initial=0) <= samples.max(initial=0) < below)


def _excerpt(
    pieces: Iterable[NDArray[np.float32]], position: int, first: int, end: int
) -> NDArray[np.float32]:
    """Join pieces, the first of which begins at ``position``, and stop at ``end``."""
    kept = []
    for piece in pieces:
        if position >= end:
            break
        kept.append(piece[max(0, first - position) : end - position])
        position += len(piece)
    return np.concatenate(kept) if kept else np.zeros(0, np.float32)


def _check_readable(path: Path) -> None:
    """Raise errors for which FFmpeg has no clear message."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise AudioDecodeError("is a folder, not an audio file")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe could wait for ever
        raise AudioDecodeError("is not a regular file")
    if not status.st_size:
        raise AudioDecodeError("is an empty file")
    path.open("rb").close()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn every error into one line that names the file."""
    try:
        yield
    except GenreModelError as error:
        raise type(error)(f"{_printable(path)}: {error}") from error
    except (FFmpegError, OSError, ValueError, IndexError, MemoryError) as error:
        raise AudioDecodeError(f"{_printable(path)}: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, FFmpegError):
        return "is not an audio file of a known kind, or is damaged"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return f"cannot be decoded: {error}"


def _printable(path: Path) -> str:
    """Write line breaks and bytes that are not UTF-8 as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(path)
    )
