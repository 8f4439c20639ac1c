"""The audio that a student learns from, and excerpts mixed from it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.audio.waveform import AudioFile, is_silent
from genre_model.backbone import tagger_networks
from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.features.config import WaveformConfig
from genre_model.label_spelling import spelling_key
from genre_model.personal.labelled_files import read_labelled_csv, read_labelled_folder
from genre_model.training.data.gtzan import track_id_of_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: The label of speech, noise and other sounds that have no genre.
NOT_MUSIC = "not music"
#: Shares of excerpts that come from recordings with a genre, and of those without music.
LABELLED_SHARE, NOT_MUSIC_SHARE = 0.55, 0.06
#: Share of the excerpts of music that mix two recordings.
MIXED_SHARE = 0.5
#: The parts of a mixture differ in level by at most twice this.
GAIN_DB = 6.0
#: Recordings play at these multiples of 400 Hz in place of 16 kHz: 12 % slower to 15 %
#: faster. Other steps would need long resampling filters.
RATE_STEP_HZ, RATE_STEPS = 400, range(35, 47)
#: One piece of music in this many is held out, to compare the student with its teachers.
HELD_OUT_EVERY = 20
MIN_SECONDS = 1.5
_PART_NUMBER = re.compile(r"-\d$")
LEVEL = 0.1
N_TRIES = 50
TAGGER_RATE_HZ = tagger_networks.FRONT_END.waveform.sample_rate_hz

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """An audio file, and its genre, ``NOT_MUSIC``, or an empty text if that is unknown."""

    path: Path
    label: str = ""


class Excerpt(NamedTuple):
    """A piece of audio, of one recording or mixed from two.

    Attributes:
        waveforms: at 16 kHz and at 32 kHz, as the teachers take them
            [shape=(n_samples,), shape=(2 * n_samples,)].
        labels: share of each label in the power; unknown labels count for nothing.
    """

    waveforms: tuple[NDArray[np.float32], NDArray[np.float32]]
    labels: dict[str, float]


def find_recordings(
    music: Sequence[Path],
    labelled: Sequence[Path],
    genres: Sequence[str],
    left_out: Collection[str] = (),
) -> list[Recording]:
    """List the audio to learn from.

    Args:
        music: folders of music without labels.
        labelled: folders with one folder for each genre, or CSV files with the columns
            ``path`` and ``label``.
        genres: that labels may name, besides ``NOT_MUSIC``.
        left_out: ids of GTZAN's tracks, which are compared with the names of files.

    Raises:
        TrainingDataError: if a folder holds no audio, or a label is unknown.
    """
    recordings = [Recording(path) for folder in music for path in _audio_below(folder)]
    known = {spelling_key(name): name for name in (*genres, NOT_MUSIC)}
    for source in labelled:
        read = read_labelled_folder if source.is_dir() else read_labelled_csv
        for file in read(source, log.warning):
            label = known.get(spelling_key(file.labels[0]))
            if label is None:
                raise TrainingDataError(
                    f"{source}: no teacher knows the genre {file.labels[0]!r}; there is "
                    f"{', '.join(known.values())}"
                )
            recordings.append(Recording(file.path, label))
    return [one for one in recordings if track_id_of_name(one.path.name) not in left_out]


def split_recordings(
    recordings: Sequence[Recording],
) -> tuple[list[Recording], list[Recording]]:
    """Return the recordings to learn from, and the music that is held out.

    Whole pieces are held out: files whose names differ only in one last digit, such as
    ``song-0.opus`` and ``song-1.opus``, are parts of one piece.

    Raises:
        TrainingDataError: if there are too few.
    """
    music = [one for one in recordings if one.label != NOT_MUSIC]
    pieces = list(dict.fromkeys(map(_piece, music)))
    held_out = set(pieces[::HELD_OUT_EVERY])
    learned = [one for one in recordings if _piece(one) not in held_out]
    if not (learned and music):
        raise TrainingDataError(
            f"{len(recordings)} recordings are too few: give more --music or --labelled"
        )
    return learned, [one for one in music if _piece(one) in held_out]


def _piece(recording: Recording) -> tuple[Path, str]:
    path = recording.path
    return path.parent, _PART_NUMBER.sub("", path.stem)


class ExcerptSampler:
    """Draws excerpts of a length in seconds from random recordings."""

    def __init__(self, recordings: Sequence[Recording], seconds: float) -> None:
        self._recordings = recordings
        self._shares = drawing_shares(recordings)
        self._is_music = np.array([one.label != NOT_MUSIC for one in recordings])
        self._n_samples = round(seconds * TAGGER_RATE_HZ)

    def draw(self, rng: np.random.Generator) -> Excerpt:
        """Draw one recording, or a mixture of two; refuse many unusable ones in turn."""
        for _ in range(N_TRIES):
            index = int(rng.choice(len(self._recordings), p=self._shares))
            chosen = [index]
            if self._is_music[index] and rng.random() < MIXED_SHARE:
                shares = self._shares * self._is_music
                chosen.append(
                    int(rng.choice(len(self._recordings), p=shares / shares.sum()))
                )
            parts = [self._read(self._recordings[place], rng) for place in chosen]
            read = [part for part in parts if part is not None]
            if len(read) == len(parts):
                return _mixed(read, rng)
        raise TrainingDataError(
            f"{N_TRIES} recordings in turn are silent or cannot be read, such as "
            f"{self._recordings[index].path}"
        )

    def read(self, recording: Recording) -> Excerpt | None:
        """Read the beginning of a recording as it is; None if it is silent or damaged."""
        return self._part(recording, TAGGER_RATE_HZ, 0.0)

    def _read(self, recording: Recording, rng: np.random.Generator) -> Excerpt | None:
        rate_hz = RATE_STEP_HZ * int(rng.integers(RATE_STEPS.start, RATE_STEPS.stop))
        return self._part(recording, rate_hz, float(rng.random()))

    def _part(self, recording: Recording, rate_hz: int, place: float) -> Excerpt | None:
        """Read an excerpt at ``rate_hz``, and take it for one at 16 kHz."""
        n_samples = self._n_samples
        try:
            low = _read_waveform(recording.path, rate_hz, n_samples, place)
            high = _read_waveform(recording.path, 2 * rate_hz, 2 * n_samples, place)
        except GenreModelError as error:
            log.warning("skipped %s", error)
            return None
        too_short = len(low) < MIN_SECONDS * TAGGER_RATE_HZ
        if too_short or is_silent(low) or is_silent(high):
            return None
        labels = {recording.label: 1.0} if recording.label else {}
        return Excerpt((np.resize(low, n_samples), np.resize(high, 2 * n_samples)), labels)


def drawing_shares(recordings: Sequence[Recording]) -> NDArray[np.float64]:
    """Return how often each recording is drawn [shape=(n_recordings,), sum 1].

    Genres have equal shares, and so have the recordings of one genre.
    """
    sizes = Counter(one.label for one in recordings)
    share_of = {"": 1 - LABELLED_SHARE - NOT_MUSIC_SHARE, NOT_MUSIC: NOT_MUSIC_SHARE}
    of_genre = LABELLED_SHARE / max(1, len(sizes.keys() - share_of.keys()))
    weights = np.array(
        [share_of.get(one.label, of_genre) / sizes[one.label] for one in recordings]
    )
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _mixed(parts: Sequence[Excerpt], rng: np.random.Generator) -> Excerpt:
    """Add excerpts, each at a random level."""
    gains = 10 ** (rng.uniform(-GAIN_DB, GAIN_DB, len(parts)) / 20)
    gains /= np.sqrt(np.square(gains).sum())
    labels: dict[str, float] = {}
    for part, gain in zip(parts, gains, strict=True):
        for label in part.labels:
            labels[label] = labels.get(label, 0.0) + float(gain) ** 2
    scales = [
        np.float32(LEVEL * gain / max(float(part.waveforms[0].std()), 1e-4))
        for part, gain in zip(parts, gains, strict=True)
    ]
    sides = zip(*(part.waveforms for part in parts), strict=True)
    low, high = (
        np.sum([scale * one for scale, one in zip(scales, side, strict=True)], axis=0)
        for side in sides
    )
    return Excerpt((low, high), labels)


def _read_waveform(
    path: Path, rate_hz: int, n_samples: int, place: float
) -> NDArray[np.float32]:
    with AudioFile(path, WaveformConfig(rate_hz)) as audio:
        room = max(0.0, audio.duration_seconds - n_samples / rate_hz)
        return audio.read(place * room, n_samples)


def _audio_below(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise TrainingDataError(f"--music: {folder} is no folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise TrainingDataError(f"--music: there is no audio in {folder}")
    return found
