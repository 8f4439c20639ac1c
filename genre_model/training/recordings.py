"""Stretches of music without labels, as two front ends want them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.audio_suffixes import AUDIO_SUFFIXES
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.waveform import is_silent, open_audio

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.training.gtzan import LabelledTrack

#: Length of a stretch; that of GTZAN's excerpts.
STRETCH_SECONDS = 30.0
#: Of a long file, so many: a mix of three hours must not outvote a library.
MOST_STRETCHES = 8
#: What files that nobody labelled count as.
UNLABELLED = "music"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """A file that a stretch may be cut from.

    Attributes:
        path: of the audio.
        group: its genre, if it has one, so that none outweighs the others.
    """

    path: Path
    group: str


@dataclass(frozen=True)
class Stretch:
    """The same seconds of a recording at two sample rates.

    Attributes:
        waveforms: mono, one for each front end [shape=(n_samples,), full scale 1].
        group: of the recording.
    """

    waveforms: tuple[NDArray[np.float32], ...]
    group: str


def find_recordings(
    tracks: Sequence[LabelledTrack], may_hear: Collection[str], music: Path | None
) -> list[Recording]:
    """List what may be listened to.

    Args:
        tracks: audio of GTZAN.
        may_hear: ids of those that a fold trains on.
        music: a folder of other music, if there is one.

    Raises:
        TrainingDataError: if the folder holds no audio, or nothing is left.
    """
    there = [
        Recording(track.path, track.genre) for track in tracks if track.track_id in may_hear
    ]
    others = [] if music is None else _audio_below(music)
    if not (there or others):
        raise TrainingDataError("none of the training tracks exists as audio; give --music")
    return [*there, *(Recording(path, UNLABELLED) for path in others)]


def _audio_below(folder: Path) -> list[Path]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise TrainingDataError(f"--music: there is no audio in {folder}")
    return paths


def read_stretches(
    recordings: Sequence[Recording], front_ends: Sequence[FrontEnd], least_seconds: float
) -> list[Stretch]:
    """Read recordings; those that cannot be read are reported, and left out.

    Args:
        recordings: files.
        front_ends: whose sample rates are wanted.
        least_seconds: shorter stretches are of no use.

    Raises:
        TrainingDataError: if none is left.
    """
    stretches = [
        stretch
        for recording in recordings
        for stretch in _stretches_or_none(recording, front_ends, least_seconds)
    ]
    if not stretches:
        raise TrainingDataError("none of the recordings could be read")
    return stretches


def _stretches_or_none(
    recording: Recording, front_ends: Sequence[FrontEnd], least_seconds: float
) -> list[Stretch]:
    try:
        return _stretches_of(recording, front_ends, least_seconds)
    except GenreModelError as error:
        log.warning("skipped %s", error)
        return []


def _stretches_of(
    recording: Recording, front_ends: Sequence[FrontEnd], least_seconds: float
) -> list[Stretch]:
    heard = [_waveforms(recording.path, front_end) for front_end in front_ends]
    rates = [front_end.waveform.sample_rate_hz for front_end in front_ends]
    return [
        Stretch(waveforms, recording.group)
        for waveforms in zip(*heard, strict=True)
        if all(
            len(one) >= least_seconds * rate and not is_silent(one)
            for one, rate in zip(waveforms, rates, strict=True)
        )
    ]


def _waveforms(path: Path, front_end: FrontEnd) -> list[NDArray[np.float32]]:
    """Read the stretches of a file, spread evenly over it."""
    n_samples = round(STRETCH_SECONDS * front_end.waveform.sample_rate_hz)
    with open_audio(path, front_end) as audio:
        n_whole = int(audio.duration_seconds // STRETCH_SECONDS)
        n = min(max(1, n_whole), MOST_STRETCHES)
        room = max(0.0, audio.duration_seconds - STRETCH_SECONDS)
        starts = np.linspace(0, room, n) if n > 1 else [room / 2]
        return [audio.read(float(start), n_samples) for start in starts]


def drawing_shares(stretches: Sequence[Stretch]) -> NDArray[np.float64]:
    """Return how often each stretch is drawn [shape=(n_stretches,), sum 1].

    A group's share is the square root of its size: half way between equal stretches and
    equal groups.
    """
    sizes = Counter(stretch.group for stretch in stretches)
    weights = np.array([sizes[stretch.group] ** -0.5 for stretch in stretches])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
