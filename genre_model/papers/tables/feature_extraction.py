"""Audio files to a feature table in a CSV file."""

from __future__ import annotations

import csv
import logging
from functools import partial
from importlib.metadata import version
from io import StringIO
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.audio.waveform import AudioFile, is_silent
from genre_model.batch import for_each_file
from genre_model.errors import SilentError, TooShortError, TrainingDataError
from genre_model.features.config import WaveformConfig
from genre_model.papers.tables.audio_features import audio_features
from genre_model.papers.tables.feature_journal import FeatureJournal
from genre_model.papers.tables.feature_names import COLUMNS
from genre_model.papers.tables.feature_table import SAMPLE_RATE_HZ
from genre_model.training.data.gtzan import GENRE_OF_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from genre_model.batch import FileOutcome
    from genre_model.papers.tables.feature_journal import Row
    from genre_model.personal.settings import Watcher
    from genre_model.training.data.gtzan import LabelledTrack

#: Raised by one whenever the code computes other numbers than before.
FEATURES_VERSION = 1
JOURNAL_SUFFIX = ".computed.jsonl"
FOLDER_OF_GENRE = {genre: folder for folder, genre in GENRE_OF_FOLDER.items()}

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
        watcher: hears of progress, and of each file that cannot be read.

    Returns:
        How many files have no row.

    Raises:
        TrainingDataError: if none has.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    journal = _journal(out, segment_seconds)
    track_of = {track.path: track for track in tracks}
    work = partial(_rows_or_known, track_of, journal, segment_seconds)
    watcher.expect(len(tracks))
    tried = [
        _kept(outcome, journal, watcher)
        for outcome in for_each_file(work, track_of, n_threads=n_threads)
    ]
    n_failed = tried.count(None)
    rows = [row for rows_of_file in tried for row in rows_of_file or ()]
    if not rows:
        raise TrainingDataError("none of the tracks could be read; no table was written")
    write_atomically(out, _csv_of(rows))
    if not n_failed:  # or whoever repairs a file would wait for all the others again
        journal.remove()
    return n_failed


def _journal(out: Path, segment_seconds: float | None) -> FeatureJournal:
    settings = {
        "version": FEATURES_VERSION,
        "librosa": version("librosa"),
        "segment_seconds": segment_seconds,
    }
    return FeatureJournal(out.with_name(out.name + JOURNAL_SUFFIX), settings)


def _kept(
    outcome: FileOutcome[list[Row]], journal: FeatureJournal, watcher: Watcher
) -> list[Row] | None:
    """Return the rows of a file, once they are in the journal; None if it has none."""
    if outcome.result is None:
        watcher.warning(str(outcome.error))
    elif journal.rows(outcome.path) is None:
        journal.append(outcome.path, outcome.result)
    watcher.advance()
    return outcome.result


def _rows_or_known(
    track_of: dict[Path, LabelledTrack],
    journal: FeatureJournal,
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
    rows = list(_segment_rows(track, _pieces(samples, segment_seconds)))
    if not rows:
        raise TooShortError(f"not one segment of {segment_seconds:g} s can be heard")
    return rows


def _segment_rows(
    track: LabelledTrack, pieces: Iterable[NDArray[np.float32]]
) -> Iterator[Row]:
    for number, piece in enumerate(pieces):
        if is_silent(piece):
            log.warning("left out segment %d of %s: it is silent", number, track.track_id)
        else:
            yield _row(track, f".{number}", piece)


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
