"""Excerpts with what the teachers say of them: computed once, kept in a folder."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from genre_model.atomic_file import write_atomically
from genre_model.errors import TrainingDataError
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.training.distillation.recordings import NOT_MUSIC, ExcerptSampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.training.distillation.recordings import Excerpt, Recording
    from genre_model.training.distillation.teachers import Teachers

#: Examples in one file; an interrupted run repeats at most this many on each thread.
SHARD_SIZE = 50


@dataclass(frozen=True)
class Examples:
    """Segments and targets; rows belong together.

    Attributes:
        segments: log-mel of the student's front end
            [shape=(n, n_mels, segment_frames), dB, float16].
        logits: of each teacher [shape=(n, n_networks, n_genres)].
        embeddings: of the teachers [shape=(n, n_features)].
        labels: share of each known label; the last column is ``NOT_MUSIC``
            [shape=(n, n_genres + 1)].
    """

    segments: NDArray[np.float16]
    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.segments)


class ExampleStore:
    """Makes examples and keeps them, so that an interrupted run can resume.

    Args:
        folder: of the examples.
        front_end: of the student.
        teachers: that listen to each excerpt.
        n_threads: excerpts at once.
    """

    def __init__(
        self, folder: Path, front_end: FrontEnd, teachers: Teachers, n_threads: int
    ) -> None:
        self._folder = folder
        self._front_end = front_end
        self._teachers = teachers
        self._n_threads = n_threads
        rate_hz = front_end.waveform.sample_rate_hz
        self._seconds = front_end.segment_samples / rate_hz

    def drawn(
        self, recordings: Sequence[Recording], n_examples: int, seed: int
    ) -> Examples:
        """Return examples that are drawn at random.

        Args:
            recordings: to draw from.
            n_examples: rounded up to a multiple of ``SHARD_SIZE``.
            seed: of everything that is random.
        """
        sampler = ExcerptSampler(recordings, self._seconds)

        def make(number: int) -> Examples:
            rng = np.random.default_rng([seed, number])
            excerpts = (sampler.draw(rng) for _ in range(SHARD_SIZE))
            return self._listen(excerpts)

        def shard(number: int) -> Examples:
            return self._kept(
                f"drawn-{seed}-{number:05d}", recordings, lambda: make(number)
            )

        n_shards = -(-n_examples // SHARD_SIZE)
        with ThreadPoolExecutor(self._n_threads) as threads:
            shards = tqdm(
                threads.map(shard, range(n_shards)),
                "examples",
                n_shards,
                disable=None,
                leave=False,
            )
            return _joined(list(shards))

    def unchanged(self, recordings: Sequence[Recording]) -> Examples:
        """Return one example of each recording, unmixed and at its own speed."""
        sampler = ExcerptSampler(recordings, self._seconds)
        return self._kept(
            "unchanged",
            recordings,
            lambda: self._listen(filter(None, map(sampler.read, recordings))),
        )

    def _listen(self, excerpts: Iterable[Excerpt]) -> Examples:
        names = (*self._teachers.genres, NOT_MUSIC)
        segments, logits, embeddings, labels = [], [], [], []
        mel, n_frames = self._front_end.mel, self._front_end.segment.segment_frames
        for excerpt in excerpts:
            outputs = self._teachers.listen(*excerpt.waveforms)
            rate_hz = self._front_end.waveform.sample_rate_hz
            frames = mel_frames_from_waveform(excerpt.waveforms[0], rate_hz, mel)
            segments.append(frames[:, :n_frames].astype(np.float16))
            logits.append(outputs.logits)
            embeddings.append(outputs.embedding)
            labels.append([excerpt.labels.get(name, 0.0) for name in names])
        return Examples(
            np.stack(segments),
            np.stack(logits),
            np.stack(embeddings),
            np.array(labels, np.float32),
        )

    def _kept(
        self, name: str, recordings: Sequence[Recording], make: Callable[[], Examples]
    ) -> Examples:
        """Read examples, or make and write them."""
        path = self._folder / f"{name}-{recordings_hash(recordings)}.npz"
        if not path.exists():
            buffer = io.BytesIO()
            np.savez(buffer, **vars(make()))
            write_atomically(path, buffer.getvalue())
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                return Examples(**arrays)
        except (ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
            raise TrainingDataError(
                f"examples {path} are damaged: delete the file to compute them again"
            ) from error


def recordings_hash(recordings: Sequence[Recording]) -> str:
    """Return a short hash of names, sizes and labels."""
    lines = [f"{one.path.name} {one.path.stat().st_size} {one.label}" for one in recordings]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _joined(parts: Sequence[Examples]) -> Examples:
    return Examples(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Examples.__dataclass_fields__
        }
    )
