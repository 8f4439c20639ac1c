"""Feature tables: the CSV files with one row of numbers per track or segment."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES, SEGMENT_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 22050
#: Kaggle's names of the table of whole clips, and that of their segments.
FILE_NAMES = {30: "features_30_sec.csv", 3: "features_3_sec.csv"}
#: Where a table lies, seen from the GTZAN folder.
TABLE_FOLDERS = (".", "Data", "..")
#: ``blues.00000.wav``, or ``blues.00000.3.wav`` for the fourth segment.
FILE_NAME = re.compile(r"(?P<track>[^.]+\.\d+)(\.(?P<segment>\d+))?\.\w+")
LABELS = {folder: GENRES.index(genre) for folder, genre in GENRE_OF_FOLDER.items()}

N_MFCC = 20
#: Frame-wise features, in the order of the table; each has a mean and a variance.
BEFORE_TEMPO = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
MFCC = tuple(f"mfcc{number}" for number in range(1, N_MFCC + 1))


def _moments(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}_{moment}" for name in names for moment in ("mean", "var"))


#: The 57 features.
FEATURE_NAMES = (*_moments(BEFORE_TEMPO), "tempo", *_moments(MFCC))
#: Every column of the file.
COLUMNS = ("filename", "length", *FEATURE_NAMES, "label")


@dataclass(frozen=True)
class FeatureTable:
    """Features of tracks, or of the segments of tracks.

    Attributes:
        row_ids: ``blues.00000`` for a whole track, ``blues.00000#3`` for a segment.
        track_ids: of each row; segments of one track have the same.
        labels: index into ``gtzan.GENRES`` [shape=(n_rows,)].
        names: of the features.
        values: [shape=(n_rows, n_features)].
        seconds: length of a row's audio, 30 or 3 in Kaggle's tables.
    """

    row_ids: tuple[str, ...]
    track_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    seconds: int

    @property
    def is_segmented(self) -> bool:
        """Whether rows are segments of tracks."""
        return self.row_ids != self.track_ids

    def rows_named(self, ids: Collection[str]) -> FeatureTable:
        """Return the rows with these row or track ids, in the order of the table."""
        wanted = set(ids)
        pairs = enumerate(zip(self.row_ids, self.track_ids, strict=True))
        return self.rows([place for place, pair in pairs if not wanted.isdisjoint(pair)])

    def rows(self, places: Sequence[int]) -> FeatureTable:
        """Return some rows, in the given order."""
        chosen = list(places)
        return replace(
            self,
            row_ids=tuple(self.row_ids[place] for place in chosen),
            track_ids=tuple(self.track_ids[place] for place in chosen),
            labels=self.labels[chosen],
            values=self.values[chosen],
        )

    def columns(self, wanted: Callable[[str], bool]) -> FeatureTable:
        """Return the features with a name that is wanted.

        Raises:
            TrainingDataError: if there are none.
        """
        kept = [place for place, name in enumerate(self.names) if wanted(name)]
        if not kept:
            raise TrainingDataError("the feature table has none of the wanted columns")
        names = tuple(self.names[place] for place in kept)
        return replace(self, names=names, values=self.values[:, kept])


def is_mfcc(name: str) -> bool:
    """Return True if a feature is a moment of an MFCC."""
    return name.startswith("mfcc")


def find_feature_table(data_dir: Path, seconds: int = 30) -> Path:
    """Return the path of Kaggle's table in or beside a GTZAN folder.

    Args:
        data_dir: the folder, or the table itself.
        seconds: 30 for whole clips, 3 for their segments.

    Raises:
        TrainingDataError: if there is none, or the table has other segments.
    """
    if data_dir.is_file():
        if (found := read_feature_table(data_dir).seconds) != seconds:
            raise TrainingDataError(
                f"{data_dir} has rows of {found} s, but a table of {seconds} s is wanted: "
                "give that one, or the folder of both"
            )
        return data_dir
    if seconds not in FILE_NAMES:
        raise TrainingDataError(
            f"there is a table of 30 s and one of 3 s, not of {seconds}"
        )
    for folder in TABLE_FOLDERS:
        if (path := data_dir / folder / FILE_NAMES[seconds]).is_file():
            return path
    raise TrainingDataError(
        f"no {FILE_NAMES[seconds]} in {data_dir}, its folder Data or the folder above; it "
        "comes with Kaggle's GTZAN, and 'genre-model features' computes it from audio"
    )


def read_feature_table(path: Path) -> FeatureTable:
    """Read Kaggle's table, or one that ``genre-model features`` wrote.

    Raises:
        TrainingDataError: naming file, row and column of what is wrong.
    """
    lines = _read_lines(path)
    if not lines:
        raise TrainingDataError(f"{path} has no rows; expected one per track or segment")
    ids = [_ids_of(row["filename"], where) for where, row in lines]
    row_ids, track_ids = zip(*ids, strict=True)
    _check_ids(path, row_ids, track_ids)
    lengths = [_number(row, "length", where) for where, row in lines]
    return FeatureTable(
        row_ids=row_ids,
        track_ids=track_ids,
        labels=np.array([_label(row["label"], where) for where, row in lines], np.int64),
        names=FEATURE_NAMES,
        values=np.array([[_number(row, c, w) for c in FEATURE_NAMES] for w, row in lines]),
        seconds=round(float(np.median(lengths)) / SAMPLE_RATE_HZ),
    )


def _read_lines(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Return each row with the words that name its place."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            _check_columns(path, reader.fieldnames or ())
            lines = [(f"{path}, line {reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingDataError(f"cannot read the feature table {path}: {error}") from error
    for where, row in lines:
        if None in row:  # the csv module's name for the rest of a line
            raise TrainingDataError(f"{where} has more values than there are columns")
    return lines


def _check_columns(path: Path, found: Iterable[str]) -> None:
    if missing := [name for name in COLUMNS if name not in set(found)]:
        raise TrainingDataError(
            f"{path} has no column {', '.join(missing)}; expected those of Kaggle's "
            f"{FILE_NAMES[30]}: {', '.join(COLUMNS[:4])}, ..., {COLUMNS[-1]}"
        )


def _check_ids(path: Path, row_ids: Sequence[str], track_ids: Sequence[str]) -> None:
    row_id, n_rows = Counter(row_ids).most_common(1)[0]
    if n_rows > 1:
        raise TrainingDataError(f"{path} has {n_rows} rows of {row_id}; expected one")
    n_whole = sum(a == b for a, b in zip(row_ids, track_ids, strict=True))
    if 0 < n_whole < len(row_ids):
        raise TrainingDataError(
            f"{path} mixes {n_whole} rows of whole tracks with rows of segments"
        )


def _ids_of(file_name: str, where: str) -> tuple[str, str]:
    """Return the id of a row, and that of its track."""
    if (match := FILE_NAME.fullmatch(file_name)) is None:
        raise TrainingDataError(
            f"{where}, column filename: {file_name!r} is not of the form blues.00000.wav "
            "or blues.00000.0.wav"
        )
    track_id, segment = match["track"], match["segment"]
    return (track_id if segment is None else f"{track_id}{SEGMENT_MARK}{segment}"), track_id


def _label(text: str, where: str) -> int:
    if text not in LABELS:
        raise TrainingDataError(
            f"{where}, column label: unknown genre {text!r}; there is {', '.join(LABELS)}"
        )
    return LABELS[text]


def _number(row: dict[str, str], column: str, where: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TrainingDataError(f"{where}, column {column}: {row[column]!r} is no number")
    return value
