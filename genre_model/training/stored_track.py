"""The mel frames of one track, in files."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.training.excerpts import HeardTrack

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredTrack:
    """Mel frames of one track, in two files or, where the disk was full, in memory.

    Attributes:
        identity: of the audio file as it was heard, 64 hexadecimal digits.
        excerpts_path: an array as of ``HeardTrack.excerpts``.
        segments_path: an array as of ``HeardTrack.segments``.
        in_memory: takes the place of both files.
    """

    identity: str
    excerpts_path: Path
    segments_path: Path
    in_memory: HeardTrack | None = None

    def excerpts(self) -> NDArray[np.float32]:
        """Return what crops are cut from [shape=(n_excerpts, n_mels, n_frames), dB].

        The file is mapped into memory as long as the array is in use: thousands of
        tracks fit neither the memory nor the number of files that may be open.

        Raises:
            TrainingDataError: if the file is gone or damaged.
        """
        if self.in_memory is not None:
            return self.in_memory.excerpts
        return _load(self.excerpts_path, mapped=True)

    def segments(self) -> NDArray[np.float32]:
        """Return what tagging hears [shape=(n_segments, n_mels, segment_frames), dB].

        Raises:
            TrainingDataError: if the file is gone or damaged.
        """
        if self.in_memory is not None:
            return self.in_memory.segments
        return _load(self.segments_path)


@dataclass(frozen=True)
class StoredExcerpts:
    """The excerpts of several tracks, each opened when it is asked for."""

    tracks: tuple[StoredTrack, ...]

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.tracks)

    def __getitem__(self, index: int, /) -> NDArray[np.float32]:
        """Return the excerpts of one track [shape=(n_excerpts, n_mels, n_frames), dB]."""
        return self.tracks[index].excerpts()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Go through the tracks, in order."""
        return (track.excerpts() for track in self.tracks)


def write_array(path: Path, values: NDArray[np.float32]) -> None:
    """Write an array whole or not at all.

    Raises:
        OSError: if the disk is full or the folder not writable.
    """
    # Two threads may meet at one name: the same file can be listed twice.
    name = f"{path.name}.{os.getpid()}-{threading.get_ident()}.partial"
    temporary = path.with_name(name)
    try:
        with temporary.open("wb") as file:
            np.save(file, values)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _load(path: Path, *, mapped: bool = False) -> NDArray[np.float32]:
    try:
        values = np.load(path, mmap_mode="r" if mapped else None)
    except Exception as error:  # numpy trips over damage in many ways
        log.debug("cannot load %s", path, exc_info=True)
        raise TrainingDataError(f"{path} is gone or damaged: train again") from error
    return np.asarray(values)
