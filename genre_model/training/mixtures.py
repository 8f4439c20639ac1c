"""Mixtures of music, as a network hears them and as a backbone understands them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from genre_model.errors import TrainingDataError
from genre_model.mel_frames import count_bands, mel_frames_from_waveform
from genre_model.segment_probabilities import activate
from genre_model.segments import Segments, repeat_to_length
from genre_model.training.random_crops import standardise_track
from genre_model.training.recordings import drawing_shares, read_stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.model_file import Model
    from genre_model.training.recordings import Recording, Stretch

#: Stretches in memory at once, about 6 MB each, and the mixtures that are made of them.
GROUP, MIXTURES_OF_GROUP = 64, 1000
#: Share of the mixtures that are of one recording only.
ALONE = 0.3
#: Each part is this much louder or softer than the others, at most.
GAIN_DB = 6.0
#: Of less, nobody can say what is heard.
LEAST_SECONDS = 1.0
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
        TrainingDataError: if none of the recordings is of use, or the network's segments
            are longer than the backbone's.
    """
    mixer = _Mixer(front_end, backbone.card.front_end, list(recordings))
    rng = np.random.default_rng(seed)
    n_groups = -(-n_mixtures // MIXTURES_OF_GROUP)
    counts = np.diff(np.linspace(0, n_mixtures, n_groups + 1).astype(int))
    n_bands, n_frames = count_bands(front_end.mel), front_end.segment.segment_frames
    segments = np.empty((n_mixtures, n_bands, n_frames), np.float16)
    heard: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    progress = tqdm(total=n_mixtures, desc="mixtures", disable=None, leave=False)
    with progress:
        for count in counts:
            for own, others in mixer.mixtures(int(count), rng):
                segments[len(heard)] = own
                heard.append(_understood(backbone, others))
                progress.update()
    embeddings, tags = map(np.stack, zip(*heard, strict=True))
    return Mixtures(segments, embeddings, tags)


class _Mixer:
    """Mixes in the waveforms of both front ends alike."""

    def __init__(self, own: FrontEnd, other: FrontEnd, recordings: list[Recording]) -> None:
        self._front_ends = (own, other)
        self._recordings = recordings
        self._seconds = _segment_seconds(own)
        longest = _segment_seconds(other)
        if not LEAST_SECONDS <= self._seconds <= longest:
            raise TrainingDataError(
                f"segments of {self._seconds:.1f} s cannot be pretrained: they must be of "
                f"{LEAST_SECONDS:g} to {longest:.0f} s, which is what the backbone hears"
            )

    def mixtures(
        self, n: int, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Yield mel frames of both front ends [shape=(n_mels, n_frames)]."""
        stretches = self._stretches(rng)
        for _ in range(n):
            n_parts = 1 if rng.random() < ALONE or len(stretches) < 2 else 2
            chosen = rng.choice(len(stretches), n_parts, replace=False)
            places = rng.random(n_parts)
            gains = _LEVEL * 10 ** (rng.uniform(-GAIN_DB, GAIN_DB, n_parts) / 20)
            parts = [stretches[index] for index in chosen]
            own, other = (self._mixed(parts, places, gains, side) for side in (0, 1))
            yield standardise_track(own), other

    def _stretches(self, rng: np.random.Generator) -> list[Stretch]:
        """Read a stretch of as many recordings as fit; forget those that are of no use."""
        while self._recordings:
            shares = drawing_shares(self._recordings)
            n = min(GROUP, len(shares))
            drawn = rng.choice(len(shares), n, replace=False, p=shares)
            places = rng.random(n)
            # A sample more than needed, whatever is rounded where.
            least = self._seconds + 0.01
            read = {
                int(index): read_stretch(
                    self._recordings[index], self._front_ends, least, place
                )
                for index, place in zip(drawn, places, strict=True)
            }
            useless = {index for index, stretch in read.items() if stretch is None}
            self._recordings = [
                one for index, one in enumerate(self._recordings) if index not in useless
            ]
            if stretches := [stretch for stretch in read.values() if stretch is not None]:
                return stretches
        raise TrainingDataError("none of the recordings is long enough, and can be read")

    def _mixed(
        self,
        parts: Sequence[Stretch],
        places: NDArray[np.float64],
        gains: NDArray[np.float64],
        side: int,
    ) -> NDArray[np.float32]:
        """Return the mel frames of a sum, for one of the front ends."""
        front_end = self._front_ends[side]
        rate_hz = front_end.waveform.sample_rate_hz
        n_samples = int(np.ceil(self._seconds * rate_hz))
        mixed = np.zeros(n_samples, np.float32)
        for part, place, gain in zip(parts, places, gains, strict=True):
            waveform = part.waveforms[side]
            start = int(place * (len(waveform) - n_samples))
            piece = waveform[start : start + n_samples]
            mixed += np.float32(gain / max(float(piece.std()), 1e-4)) * piece
        frames = mel_frames_from_waveform(mixed, rate_hz, front_end.mel)
        wanted = front_end.segment.segment_frames
        return repeat_to_length(frames, wanted)[:, :wanted]


def _segment_seconds(front_end: FrontEnd) -> float:
    mel = front_end.mel
    n_hops = front_end.segment.segment_frames - 1
    n_samples = n_hops * mel.hop_samples + mel.frame_samples
    return n_samples / front_end.waveform.sample_rate_hz


def _understood(
    backbone: Model, frames: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the embedding and the tags of one segment."""
    said = backbone.scorer.score(Segments(frames[None], np.zeros(1, np.int64)))
    tags = activate(said.logits[0], 1.0, multi_label=True)
    return said.embedding[0], tags
