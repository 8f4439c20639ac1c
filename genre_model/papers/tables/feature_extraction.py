"""Audio files to a table of the features of Kaggle's GTZAN, as they were in 2020.

Two habits of the librosa of that time (before 0.10) are kept, or all columns but tempo and
zero-crossing rate would differ in the third or fourth digit: frames at both ends are
padded by reflection, and the harmonic and the percussive part are silent after the last
whole hop. ``benchmarks/feature_parity.py`` compares column for column.
"""

from __future__ import annotations

import csv
import json
import logging
import os
from functools import partial
from importlib.metadata import version
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genre_model.atomic_file import write_atomically
from genre_model.audio.waveform import AudioFile, is_silent
from genre_model.batch import for_each_file
from genre_model.errors import (
    GenreModelError,
    SilentError,
    TooShortError,
    TrainingDataError,
)
from genre_model.features.config import WaveformConfig
from genre_model.papers.tables.feature_table import (
    BEFORE_TEMPO,
    COLUMNS,
    MFCC,
    N_MFCC,
    SAMPLE_RATE_HZ,
)
from genre_model.personal.embedding_store import file_identity
from genre_model.training.data.gtzan import GENRE_OF_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.personal.settings import Watcher
    from genre_model.training.data.gtzan import LabelledTrack

    #: A line of the table.
    Row = list[str | float]

try:
    # librosa loads its modules when they are used; this one compiles with numba.
    import librosa.core.notation
except RuntimeError as error:
    raise GenreModelError(
        f"librosa cannot be loaded ({error}): set NUMBA_CACHE_DIR to a folder that you may "
        "write to"
    ) from error

#: Raised by one whenever the code computes other numbers than before.
FEATURES_VERSION = 1
JOURNAL_SUFFIX = ".computed.jsonl"
FOLDER_OF_GENRE = {genre: folder for folder, genre in GENRE_OF_FOLDER.items()}
HOP_SAMPLES = 512
#: Enough frames for a tempo.
MIN_SECONDS = 1.0
PADDING: Literal["reflect"] = "reflect"

log = logging.getLogger(__name__)


def write_features(
    tracks: Sequence[LabelledTrack],
    out: Path,
    *,
    segment_seconds: float | None = None,
    n_threads: int | None = None,
    watcher: Watcher,
) -> int:
    """Compute the features of tracks and write them as Kaggle does.

    A run that was killed goes on where it stopped; until everything is there, the rows
    are in a journal beside the table.

    Args:
        tracks: of a GTZAN folder, as audio.
        out: the CSV file, whole or not there at all.
        segment_seconds: cut tracks into segments of this length; None takes them whole.
        n_threads: files worked on at once; None is the usual number.
        watcher: is told of progress, and of each file that cannot be read.

    Returns:
        How many files have no row.

    Raises:
        TrainingDataError: if none has.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    settings = (FEATURES_VERSION, version("librosa"), segment_seconds)
    journal = _Journal(out.with_name(out.name + JOURNAL_SUFFIX), settings)
    track_of = {track.path: track for track in tracks}
    work = partial(_rows_of_file, track_of, journal, segment_seconds)
    watcher.expect(len(tracks))
    rows: list[Row] = []
    n_failed = 0
    for outcome in for_each_file(work, track_of, n_threads=n_threads):
        if outcome.result is None:
            n_failed += 1
            watcher.warning(str(outcome.error))
        else:
            journal.keep(outcome.path, outcome.result)
            rows += outcome.result
        watcher.advance()
    if not rows:
        raise TrainingDataError("none of the tracks could be read; no table was written")
    write_atomically(out, _csv_of(rows))
    if not n_failed:  # or after the repair of a file all others would be computed again
        journal.path.unlink(missing_ok=True)
    return n_failed


class _Journal:
    """A file with one line of JSON per computed audio file: its key and its rows."""

    def __init__(self, path: Path, settings: tuple[Any, ...]) -> None:
        self.path, self.settings = path, settings
        text = path.read_text("utf-8", "replace") if path.exists() else ""
        entries = filter(None, map(_entry, text.splitlines()))
        self._rows_of: dict[str, list[Row]] = dict(entries)

    def rows(self, audio_path: Path) -> list[Row] | None:
        """Return the rows of an audio file as it is now, if they are known."""
        return self._rows_of.get(self._key(audio_path))

    def keep(self, audio_path: Path, rows: list[Row]) -> None:
        """Append the rows of an audio file, unless they are known."""
        key = self._key(audio_path)
        if key in self._rows_of:
            return
        self._rows_of[key] = rows
        with self.path.open("a", encoding="utf-8") as file:
            # A line of its own, even after one that a kill has torn.
            file.write("\n" + json.dumps([key, rows]))
            file.flush()
            os.fsync(file.fileno())

    def _key(self, audio_path: Path) -> str:
        """Identify the settings and the file, which may change between two runs."""
        return repr((*self.settings, file_identity(audio_path)))


def _entry(line: str) -> tuple[str, list[Row]] | None:
    try:
        key, rows = json.loads(line)
    except (ValueError, TypeError):
        return None
    return key, rows


def _rows_of_file(
    track_of: dict[Path, LabelledTrack],
    journal: _Journal,
    segment_seconds: float | None,
    path: Path,
) -> list[Row]:
    if (known := journal.rows(path)) is not None:
        return known
    with AudioFile(path, WaveformConfig(SAMPLE_RATE_HZ)) as audio:
        samples = audio.read_all()
    try:
        return _rows(track_of[path], samples, segment_seconds)
    except (TooShortError, SilentError) as error:
        raise type(error)(f"{path}: {error}") from error


def _rows(
    track: LabelledTrack, samples: NDArray[np.float32], segment_seconds: float | None
) -> list[Row]:
    if segment_seconds is None:
        return [_row(track, "", samples)]
    rows = []
    for number, piece in enumerate(_pieces(samples, segment_seconds)):
        if is_silent(piece):
            log.warning("left out segment %d of %s: it is silent", number, track.track_id)
        else:
            rows.append(_row(track, f".{number}", piece))
    if not rows:
        raise TooShortError(f"not one segment of {segment_seconds:g} s can be heard")
    return rows


def _pieces(
    samples: NDArray[np.float32], segment_seconds: float
) -> Iterator[NDArray[np.float32]]:
    """Cut as Kaggle's table was: each segment lacks its last sample; no rest is kept."""
    step = round(segment_seconds * SAMPLE_RATE_HZ)
    for start in range(0, len(samples) - step + 2, step):
        yield samples[start : start + step - 1]


def _row(track: LabelledTrack, segment: str, samples: NDArray[np.float32]) -> Row:
    return [
        f"{track.track_id}{segment}{track.path.suffix}",
        len(samples),
        *audio_features(samples).tolist(),
        FOLDER_OF_GENRE[track.genre],
    ]


def _csv_of(rows: list[Row]) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def audio_features(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the 57 features of a waveform.

    Means and variances are over all frames, for harmony and perceptr over all samples:
    these are the two parts of the waveform that harmonic-percussive source separation
    gives (Fitzgerald 2010).

    Args:
        samples: mono at 22,050 Hz [shape=(n_samples,)].

    Returns:
        In the order of ``FEATURE_NAMES`` [shape=(57,)].

    Raises:
        TooShortError: if there is less than a second.
        SilentError: if there is nothing to hear.
    """
    if len(samples) < MIN_SECONDS * SAMPLE_RATE_HZ:
        raise TooShortError(
            f"{len(samples) / SAMPLE_RATE_HZ:.2f} s of audio; {MIN_SECONDS:g} s are needed"
        )
    if is_silent(samples):
        raise SilentError("nothing but silence")
    frames = _spectral_frames(samples) | _separated(samples)
    mfcc = librosa.feature.mfcc(
        y=samples, sr=SAMPLE_RATE_HZ, n_mfcc=N_MFCC, pad_mode=PADDING
    )
    return np.array(
        [
            *(moment for name in BEFORE_TEMPO for moment in _moments(frames[name])),
            _tempo_bpm(samples),
            *(moment for row in mfcc[: len(MFCC)] for moment in _moments(row)),
        ]
    )


def _moments(values: NDArray[np.float32]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.var(values))


def _spectral_frames(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    feature = librosa.feature
    options: dict[str, Any] = {"y": samples, "sr": SAMPLE_RATE_HZ, "pad_mode": PADDING}
    return {
        "chroma_stft": feature.chroma_stft(**options),
        "rms": feature.rms(y=samples, pad_mode=PADDING),
        "spectral_centroid": feature.spectral_centroid(**options),
        "spectral_bandwidth": feature.spectral_bandwidth(**options),
        "rolloff": feature.spectral_rolloff(**options),
        "zero_crossing_rate": feature.zero_crossing_rate(samples),
    }


def _separated(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the harmonic and the percussive part [shape=(n_samples,)]."""
    harmonic, percussive = librosa.effects.hpss(samples, pad_mode=PADDING)
    n_synthesised = len(samples) // HOP_SAMPLES * HOP_SAMPLES
    for part in (harmonic, percussive):
        part[n_synthesised:] = 0
    return {"harmony": harmonic, "perceptr": percussive}


def _tempo_bpm(samples: NDArray[np.float32]) -> float:
    strength = librosa.onset.onset_strength(
        y=samples, sr=SAMPLE_RATE_HZ, aggregate=np.median, pad_mode=PADDING
    )
    tempo, _ = librosa.beat.beat_track(onset_envelope=strength, sr=SAMPLE_RATE_HZ)
    return float(np.ravel(tempo)[0])
