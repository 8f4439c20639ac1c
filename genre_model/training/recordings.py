"""Stretches of music without labels, as two front ends want them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.audio_suffixes import AUDIO_SUFFIXES
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.training.gtzan import track_id_of_name
from genre_model.waveform import is_silent, open_audio

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.training.gtzan import LabelledTrack

#: Length of a stretch; that of GTZAN's excerpts.
STRETCH_SECONDS = 30.0
#: What files that nobody labelled count as.
UNLABELLED = "music"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """A file that a stretch may be cut from.

    Attributes:
        path: of the audio.
        group: its genre, if it has one, so that none outweighs the others.
        track_id: of a track of GTZAN.
    """

    path: Path
    group: str
    track_id: str | None = None


@dataclass(frozen=True)
class Stretch:
    """The same seconds of a recording at two sample rates.

    Attributes:
        waveforms: mono, one for each front end [shape=(n_samples,), full scale 1].
    """

    waveforms: tuple[NDArray[np.float32], ...]


def find_recordings(
    tracks: Sequence[LabelledTrack], may_hear: Collection[str], music: Path | None
) -> list[Recording]:
    """List what may be listened to.

    Args:
        tracks: audio of GTZAN.
        may_hear: ids of those that a fold trains on.
        music: a folder of other music, if there is one. What is called like a track of
            GTZAN is left out: it may be one that tests.

    Raises:
        TrainingDataError: if the folder holds no audio, or nothing is left.
    """
    there = [
        Recording(track.path, track.genre, track.track_id)
        for track in tracks
        if track.track_id in may_hear
    ]
    others = [] if music is None else _other_music(music)
    if not (there or others):
        raise TrainingDataError("none of the training tracks exists as audio; give --music")
    return [*there, *(Recording(path, UNLABELLED) for path in others)]


def _other_music(folder: Path) -> list[Path]:
    """List the audio below a folder; links to folders are not followed."""
    if not folder.is_dir():
        raise TrainingDataError(f"--music: {folder} is no folder")
    found = sorted(path for path in folder.rglob("*") if _is_audio(path))
    of_gtzan = [path for path in found if track_id_of_name(path.name)]
    if of_gtzan:
        log.warning(
            "--music: %d files are called like tracks of GTZAN, such as %s, and left out",
            len(of_gtzan),
            of_gtzan[0],
        )
    left = sorted(set(found) - set(of_gtzan))
    if not left:
        raise TrainingDataError(f"--music: there is no other audio in {folder}")
    return left


def _is_audio(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in AUDIO_SUFFIXES and not hidden and path.is_file()


def identity_of(recordings: Sequence[Recording]) -> list[str]:
    """Return names and sizes: other files make other mixtures."""
    return sorted(f"{one.path.name} {one.path.stat().st_size}" for one in recordings)


def drawing_shares(recordings: Sequence[Recording]) -> NDArray[np.float64]:
    """Return how often each recording is drawn [shape=(n_recordings,), sum 1].

    A group's share is the square root of its size: half way between equal recordings
    and equal groups.
    """
    sizes = Counter(recording.group for recording in recordings)
    weights = np.array([sizes[recording.group] ** -0.5 for recording in recordings])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def read_stretch(
    recording: Recording,
    front_ends: Sequence[FrontEnd],
    least_seconds: float,
    place: float,
) -> Stretch | None:
    """Read a stretch; a file that cannot be read is reported, and None.

    Args:
        recording: the file.
        front_ends: whose sample rates are wanted.
        least_seconds: a shorter one is of no use, as a silent one, and None, too.
        place: where in the file, from 0 to 1.
    """
    try:
        waveforms = [_waveform(recording.path, one, place) for one in front_ends]
    except GenreModelError as error:
        log.warning("skipped %s", error)
        return None
    rates = [front_end.waveform.sample_rate_hz for front_end in front_ends]
    is_of_use = all(
        len(one) >= least_seconds * rate and not is_silent(one)
        for one, rate in zip(waveforms, rates, strict=True)
    )
    return Stretch(tuple(waveforms)) if is_of_use else None


def _waveform(path: Path, front_end: FrontEnd, place: float) -> NDArray[np.float32]:
    n_samples = round(STRETCH_SECONDS * front_end.waveform.sample_rate_hz)
    with open_audio(path, front_end) as audio:
        room = max(0.0, audio.duration_seconds - STRETCH_SECONDS)
        return audio.read(place * room, n_samples)
