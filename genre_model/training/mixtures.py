"""Mixtures of music, as a network hears them and as a backbone understands them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from genre_model.mel_frames import count_bands, mel_frames_from_waveform
from genre_model.segment_probabilities import activate
from genre_model.segments import Segments, repeat_to_length
from genre_model.training.recordings import drawing_shares, read_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.model_file import Model
    from genre_model.training.recordings import Recording, Stretch

#: Recordings in memory at once: about 6 MB each.
GROUP = 128
#: Share of the mixtures that are of one recording only.
ALONE = 0.3
#: Each part is this much louder or softer than the others, at most.
GAIN_DB = 6.0
_LEVEL = 0.1


@dataclass(frozen=True)
class Mixtures:
    """What was heard; rows belong together.

    Attributes:
        segments: log-mel of a network's front end, each of mean 0 and standard deviation
            1 [shape=(n, n_mels, segment_frames), float16].
        embeddings: of the backbone [shape=(n, n_embedding)].
        tags: its probabilities [shape=(n, n_tags)].
    """

    segments: NDArray[np.float16]
    embeddings: NDArray[np.float32]
    tags: NDArray[np.float32]


def mix(
    recordings: Sequence[Recording],
    front_end: FrontEnd,
    backbone: Model,
    n_mixtures: int,
    seed: int,
) -> Mixtures:
    """Mix stretches of recordings at random, and let a backbone listen.

    Mixing makes many out of few; a backbone that heard millions of recordings says of a
    mixture what it says of no other, so that there is much to learn from it.

    Args:
        recordings: what is mixed.
        front_end: of the network that is to learn.
        backbone: its embedding and tags are kept.
        n_mixtures: how many.
        seed: of everything that is random.

    Raises:
        TrainingDataError: if none of the recordings can be read.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(recordings))
    groups = [order[start : start + GROUP] for start in range(0, len(order), GROUP)]
    counts = np.diff(np.linspace(0, n_mixtures, len(groups) + 1).astype(int))
    n_bands, n_frames = count_bands(front_end.mel), front_end.segment.segment_frames
    segments = np.empty((n_mixtures, n_bands, n_frames), np.float16)
    heard: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    mixer = _Mixer(front_end, backbone.card.front_end)
    progress = tqdm(total=n_mixtures, desc="mixtures", disable=None, leave=False)
    with progress:
        for group, count in zip(groups, counts, strict=True):
            members = [recordings[index] for index in group]
            for own, others in mixer.mixtures(members, int(count), rng):
                segments[len(heard)] = own
                heard.append(_understood(backbone, others))
                progress.update()
    embeddings, tags = map(np.stack, zip(*heard, strict=True))
    return Mixtures(segments, embeddings, tags)


@dataclass(frozen=True)
class _Mixer:
    """Mixes in the waveforms of both front ends alike."""

    own: FrontEnd
    other: FrontEnd

    @property
    def seconds(self) -> float:
        """Length of a segment of the network's."""
        mel = self.own.mel
        n_hops = self.own.segment.segment_frames - 1
        n_samples = n_hops * mel.hop_samples + mel.frame_samples
        return n_samples / self.own.waveform.sample_rate_hz

    def mixtures(
        self, recordings: Sequence[Recording], n: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Yield mel frames of both front ends [shape=(n_mels, n_frames)]."""
        both = (self.own, self.other)
        # A sample more than needed, whatever is rounded where.
        stretches = read_stretches(recordings, both, self.seconds + 0.01)
        shares = drawing_shares(stretches)
        for _ in range(n):
            n_parts = 1 if rng.random() < ALONE else 2
            chosen = rng.choice(len(stretches), n_parts, p=shares)
            places = rng.random(n_parts)
            gains = _LEVEL * 10 ** (rng.uniform(-GAIN_DB, GAIN_DB, n_parts) / 20)
            parts = [stretches[index] for index in chosen]
            own, other = (self._mixed(parts, places, gains, side) for side in (0, 1))
            yield _standardised(own), other

    def _mixed(
        self,
        parts: Sequence[Stretch],
        places: NDArray[np.float64],
        gains: NDArray[np.float64],
        side: int,
    ) -> NDArray[np.float32]:
        """Return the mel frames of a sum, for one of the front ends."""
        front_end = (self.own, self.other)[side]
        rate_hz = front_end.waveform.sample_rate_hz
        n_samples = int(np.ceil(self.seconds * rate_hz))
        mixed = np.zeros(n_samples, np.float32)
        for part, place, gain in zip(parts, places, gains, strict=True):
            waveform = part.waveforms[side]
            start = int(place * (len(waveform) - n_samples))
            piece = waveform[start : start + n_samples]
            mixed += np.float32(gain / max(float(piece.std()), 1e-4)) * piece
        frames = mel_frames_from_waveform(mixed, rate_hz, front_end.mel)
        wanted = front_end.segment.segment_frames
        return repeat_to_length(frames, wanted)[:, :wanted]


def _standardised(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    standardised: NDArray[np.float32] = (frames - frames.mean()) / max(frames.std(), 1e-3)
    return standardised


def _understood(
    backbone: Model, frames: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the embedding and the tags of one segment."""
    said = backbone.scorer.score(Segments(frames[None], np.zeros(1, np.int64)))
    tags = activate(said.logits[0], 1.0, multi_label=True)
    return said.embedding[0], tags
