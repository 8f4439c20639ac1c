"""Published taggers as teachers, and excerpts with their outputs, kept in a folder."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from genre_model.atomic_file import write_atomically
from genre_model.backbone import mn04_network, tagger_networks
from genre_model.backbone.install import TAGGERS
from genre_model.backbone.tagger_ensemble import (
    ensemble_genres,
    tagger_ensemble,
    tags_of_genres,
)
from genre_model.errors import TrainingDataError
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.features.segments import Segments, repeat_to_length
from genre_model.model.segment_probabilities import SegmentScorer
from genre_model.training.distillation.recordings import NOT_MUSIC, ExcerptSampler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd

    Weights = Mapping[str, NDArray[np.float32]]
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from genre_model.training.distillation.recordings import Excerpt, Recording


MN04 = "mn04"
#: The networks whose outputs the student learns.
TEACHERS = (MN04, *TAGGERS)
#: How much mn04 counts beside a tagger; 1, 2 and 4 were tried on labelled songs.
MN04_WEIGHT = 2


class TeacherOutputs(NamedTuple):
    """The outputs of the teachers for one excerpt.

    Attributes:
        logits: of each network; NaN of genres that it does not know
            [shape=(n_networks, n_genres)].
        embedding: of all teachers, concatenated [shape=(n_features,)].
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Teachers:
    """mn04 and the taggers of Won et al. (2020).

    Args:
        weights: state dictionary of each network by its name, ``mn04`` among them.
    """

    def __init__(self, weights: Mapping[str, Weights]) -> None:
        taggers = [name for name in weights if name != MN04]
        self._taggers = {
            name: SegmentScorer(tagger_ensemble({name: weights[name]})) for name in taggers
        }
        self._mn04 = SegmentScorer(mn04_network.mn04_network(weights[MN04]))
        self._tags = tags_of_genres("audioset")
        self.genres = tuple(sorted({*ensemble_genres(taggers), *self._tags}))

    def listen(
        self, at_16_khz: NDArray[np.float32], at_32_khz: NDArray[np.float32]
    ) -> TeacherOutputs:
        """Return the outputs for one excerpt of 3 to 10 s, at two rates [full scale 1]."""
        segment = _segment(at_16_khz, tagger_networks.FRONT_END)
        logits, embeddings = [], []
        for name, scorer in self._taggers.items():
            scores = scorer.score(segment)
            genres = ensemble_genres([name])
            logits.append(dict(zip(genres, scores.logits[0], strict=True)))
            embeddings.append(scores.embedding[0])
        scores = self._mn04.score(_segment(at_32_khz, mn04_network.FRONT_END))
        tags = scores.logits[0]
        logits.append(
            {
                genre: (tags[list(found.places)] + np.log(found.weights)).max()
                for genre, found in self._tags.items()
            }
        )
        embeddings.append(scores.embedding[0])
        rows = [[known.get(genre, np.nan) for genre in self.genres] for known in logits]
        return TeacherOutputs(np.array(rows, np.float32), np.concatenate(embeddings))


def mean_logits(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over the networks that know a genre [shape=(n, n_genres)].

    Args:
        logits: of each network, mn04 last [shape=(n, n_networks, n_genres)].
    """
    weights = np.ones(logits.shape[1])
    weights[-1] = MN04_WEIGHT
    known = np.ma.masked_invalid(logits)
    mean = np.ma.average(known, axis=1, weights=weights)
    return np.asarray(mean, np.float32)


def _segment(waveform: NDArray[np.float32], front_end: FrontEnd) -> Segments:
    """Repeat an excerpt until it fills one segment of a front end."""
    rate_hz = front_end.waveform.sample_rate_hz
    frames = mel_frames_from_waveform(waveform, rate_hz, front_end.mel)
    n_frames = front_end.segment.segment_frames
    values = repeat_to_length(frames, n_frames)[np.newaxis, :, :n_frames]
    return Segments(values, np.zeros(1, np.int64))


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


@dataclass(frozen=True)
class ExampleStore:
    """Makes examples and keeps them in a folder, so that an interrupted run can resume."""

    folder: Path
    front_end: FrontEnd
    teachers: Teachers
    n_threads: int

    def _sampler(self, recordings: Sequence[Recording]) -> ExcerptSampler:
        rate_hz = self.front_end.waveform.sample_rate_hz
        return ExcerptSampler(recordings, self.front_end.segment_samples / rate_hz)

    def drawn(
        self, recordings: Sequence[Recording], n_examples: int, seed: int
    ) -> Examples:
        """Return random examples, rounded up to a multiple of ``SHARD_SIZE``."""
        sampler = self._sampler(recordings)

        def shard(number: int) -> Examples:
            rng = np.random.default_rng([seed, number])
            excerpts = (sampler.draw(rng) for _ in range(SHARD_SIZE))
            return self._kept(f"drawn-{seed}-{number:05d}", recordings, excerpts)

        n = -(-n_examples // SHARD_SIZE)
        with ThreadPoolExecutor(self.n_threads) as threads:
            shards = threads.map(shard, range(n))
            return _joined(list(tqdm(shards, "examples", n, disable=None, leave=False)))

    def unchanged(self, recordings: Sequence[Recording]) -> Examples:
        """Return one example of each recording, unmixed and at its own speed."""
        excerpts = filter(None, map(self._sampler(recordings).read, recordings))
        return self._kept("unchanged", recordings, excerpts)

    def _scored(self, excerpts: Iterable[Excerpt]) -> Examples:
        names = (*self.teachers.genres, NOT_MUSIC)
        segments, logits, embeddings, labels = [], [], [], []
        mel, n_frames = self.front_end.mel, self.front_end.segment.segment_frames
        rate_hz = self.front_end.waveform.sample_rate_hz
        for excerpt in excerpts:
            outputs = self.teachers.listen(*excerpt.waveforms)
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
        self, name: str, recordings: Sequence[Recording], excerpts: Iterable[Excerpt]
    ) -> Examples:
        """Read examples, or make them of excerpts and write them."""
        path = self.folder / f"{name}-{recordings_hash(recordings)}.npz"
        if not path.exists():
            buffer = io.BytesIO()
            np.savez(buffer, **vars(self._scored(excerpts)))
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
