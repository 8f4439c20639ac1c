"""Mel frames of audio files, computed once and kept on disk."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np

from genre_model.atomic_file import sweep_partials
from genre_model.config import fingerprint
from genre_model.errors import AudioDecodeError, TrainingDataError, TrainingStoppedError
from genre_model.many_files import for_each_file
from genre_model.mel_frames import count_bands
from genre_model.personal.embedding_store import file_identity
from genre_model.training.excerpts import hear_track
from genre_model.training.stored_track import StoredTrack, write_array

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.personal.settings import Watcher
    from genre_model.training.excerpts import HeardTrack

#: Left free on the disk: checkpoints and the model need room, too.
MIN_FREE_BYTES = 256 * 2**20

log = logging.getLogger(__name__)


class MelStore:
    """A folder of mel frames, named after the front end that computed them.

    Args:
        folder: gets a folder ``mel-<fingerprint>``.
        front_end: every number from file to segment.

    Attributes:
        path: the folder of the files.
        disk_error: why nothing is written any more; None as long as it is.
    """

    def __init__(self, folder: Path, front_end: FrontEnd) -> None:
        numbers = fingerprint(front_end.waveform, front_end.mel, front_end.segment)
        self.path = folder / f"mel-{numbers[:16]}"
        self.disk_error: OSError | None = None
        self._front_end = front_end

    def track(self, path: Path) -> StoredTrack:
        """Find the mel frames of a file, or compute and keep them; for many threads.

        Raises:
            GenreModelError: a subclass that says what is wrong, naming the file.
        """
        identity = _identity(path)
        stored = StoredTrack(
            identity,
            self.path / f"{identity}.excerpts.npy",
            self.path / f"{identity}.segments.npy",
        )
        if self._is_intact(stored):
            return stored
        heard = hear_track(path, self._front_end)
        if self._keeps(stored, heard):
            return stored
        return StoredTrack(identity, stored.excerpts_path, stored.segments_path, heard)

    def _is_intact(self, track: StoredTrack) -> bool:
        if not (track.excerpts_path.exists() and track.segments_path.exists()):
            return False
        try:
            excerpts, segments = track.excerpts(), track.segments()
        except TrainingDataError as error:
            log.info("computed again: %s", error)
            return False
        n_mels = count_bands(self._front_end.mel)
        n_frames = self._front_end.segment.segment_frames
        return (
            segments.shape[1:] == (n_mels, n_frames)
            and excerpts.shape[1:2] == (n_mels,)
            and all(_is_mel(values) for values in (excerpts, segments))
        )

    def _keeps(self, track: StoredTrack, heard: HeardTrack) -> bool:
        """Write both files, or remember why that is impossible."""
        if self.disk_error is not None:
            return False
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.path).free < MIN_FREE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write_array(track.excerpts_path, heard.excerpts)
            write_array(track.segments_path, heard.segments)
        except OSError as error:
            self.disk_error = error
            return False
        return True


def store_tracks(
    paths: Sequence[Path],
    store: MelStore,
    *,
    n_threads: int | None,
    should_stop: Callable[[], bool],
    watcher: Watcher,
) -> list[StoredTrack | None]:
    """Find or compute the mel frames of many files.

    Args:
        paths: of the audio.
        store: where they are kept.
        n_threads: files worked on at once; None is the usual number.
        should_stop: asked every tenth of a second.
        watcher: hears of progress, of each file that cannot be read, and once of a disk
            that takes no more.

    Returns:
        One per path; None where the file cannot be read.

    Raises:
        TrainingStoppedError: if it was asked to stop; what was computed is kept.
    """
    sweep_partials(store.path)
    watcher.expect(len(paths))
    tracks: list[StoredTrack | None] = []
    warned = False
    for outcome in for_each_file(
        store.track, paths, n_threads=n_threads, should_stop=should_stop
    ):
        tracks.append(outcome.result)
        if outcome.error is not None:
            watcher.warning(str(outcome.error))
        if store.disk_error is not None and not warned:
            warned = True
            watcher.warning(_full_text(store))
        watcher.advance()
    if len(tracks) < len(paths):
        raise TrainingStoppedError("the training was stopped; it can be resumed")
    return tracks


def _identity(path: Path) -> str:
    if (identity := file_identity(path)) is None:
        raise AudioDecodeError(f"{path}: cannot be read: there is no such file")
    return hashlib.sha256(repr(identity).encode()).hexdigest()


def _is_mel(values: NDArray[np.float32]) -> bool:
    is_array = values.dtype == np.float32 and values.ndim == 3 and values.size > 0
    return is_array and bool(np.isfinite(values).all())


def _full_text(store: MelStore) -> str:
    cause = store.disk_error.strerror if store.disk_error else None
    return (
        f"{store.path} takes no more files ({cause}): what was heard is kept in memory, "
        "and a later training listens to it again"
    )
