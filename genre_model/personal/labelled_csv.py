"""Labelled tracks from a table in a text file."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.personal.file_tags import FileTags, read_tags
from genre_model.personal.labelled_files import LabelledFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DELIMITERS = (",", ";", "\t")
REQUIRED = ("path", "label")
ARTIST = "artist"
#: Another name of that column.
GROUP = "group"
LABEL_SEPARATOR = ";"
#: Missing files that are named.
N_NAMED = 3


@dataclass(frozen=True)
class _Row:
    """A line of the table.

    Attributes:
        line: its number, from 1; the last one if a quoted cell goes over several.
        path: as it is written.
        file: what it means.
        labels: the main one first.
        artist: empty if there is no such column, or nothing in it.
        album: the same for the album.
    """

    line: int
    path: str
    file: Path
    labels: tuple[str, ...]
    artist: str
    album: str


def read_labelled_csv(table: Path, warn: Callable[[str], None]) -> list[LabelledFile]:
    """Label tracks as a table says.

    Its columns are ``path`` and ``label``, and perhaps ``artist`` (or ``group``) and
    ``album``, in any order; commas, semicolons or tabs are between them. Several labels
    of one track have semicolons between them. Where there is no artist, artist and album
    are what the tags say.

    Args:
        table: UTF-8; its paths are relative to its own folder.
        warn: is told of files that are missing.

    Returns:
        In the order of the table; their keys are the paths as written there.

    Raises:
        TrainingDataError: naming file and line.
        OSError: if the table cannot be read.
    """
    rows = _without_duplicates(table, _rows(table, _text(table)))
    if not rows:
        raise TrainingDataError(f"{table}: holds no tracks")
    missing = [row for row in rows if not _is_file(row.file)]
    if missing:
        named = ", ".join(f"{row.path} (line {row.line})" for row in missing[:N_NAMED])
        more = f" and {len(missing) - N_NAMED} more" if len(missing) > N_NAMED else ""
        told = f"{table}: {len(missing)} of {len(rows)} files are missing: {named}{more}"
        if len(missing) == len(rows):
            raise TrainingDataError(told)
        warn(told)
    lines = {row.line for row in missing}
    return [_labelled(row) for row in rows if row.line not in lines]


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 -- it never raises


def _text(table: Path) -> str:
    try:
        return table.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise TrainingDataError(f"{table}, line {line}: is not UTF-8") from error


def _rows(table: Path, text: str) -> Iterator[_Row]:
    delimiter = _delimiter(table, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader))
        for cells in reader:
            where = f"{table}, line {reader.line_num}"
            if len(cells) > len(columns):
                raise TrainingDataError(
                    f"{where}: {len(cells)} cells, and the header has {len(columns)}; put "
                    f'"quotes" around what holds {delimiter!r}'
                )
            if any(map(str.strip, cells)):
                values = dict(zip(columns, map(str.strip, cells), strict=False))
                yield _row(table, where, reader.line_num, values)
    except csv.Error as error:
        raise TrainingDataError(f"{table}, line {reader.line_num}: {error}") from error


def _delimiter(table: Path, text: str) -> str:
    """Return what the header is divided by."""
    header = text.splitlines()[:1]
    missing = {}
    for delimiter in DELIMITERS:
        columns = _columns(next(csv.reader(header, delimiter=delimiter), []))
        missing[delimiter] = [name for name in REQUIRED if name not in columns]
    best = min(DELIMITERS, key=lambda delimiter: len(missing[delimiter]))
    if missing[best]:
        raise TrainingDataError(
            f"{table}, line 1: no column {' or '.join(missing[best])}; the first line must "
            "name the columns: path, label and perhaps artist, album"
        )
    return best


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().lower() for name in header]
    if GROUP in names and ARTIST not in names:
        names[names.index(GROUP)] = ARTIST
    return names


def _row(table: Path, where: str, line: int, values: dict[str, str]) -> _Row:
    path = values.get("path", "")
    labels = [label.strip() for label in values.get("label", "").split(LABEL_SEPARATOR)]
    if not path or "\0" in path:
        raise TrainingDataError(f"{where}: the path is {'no path' if path else 'empty'}")
    if not any(labels):
        raise TrainingDataError(f"{where}: the label is empty")
    return _Row(
        line=line,
        path=path,
        file=table.absolute().parent / path,
        labels=tuple(unicodedata.normalize("NFC", label) for label in labels if label),
        artist=values.get(ARTIST, ""),
        album=values.get("album", ""),
    )


def _without_duplicates(table: Path, rows: Iterator[_Row]) -> list[_Row]:
    first: dict[str, _Row] = {}
    for row in rows:
        other = first.setdefault(os.path.realpath(row.file), row)
        if row.labels != other.labels:
            raise TrainingDataError(
                f"{table}, line {row.line}: {row.path} is {'; '.join(row.labels)} here and "
                f"{'; '.join(other.labels)} in line {other.line}"
            )
    return list(first.values())


def _labelled(row: _Row) -> LabelledFile:
    tags = read_tags(row.file)
    if row.artist:
        tags = FileTags(artist=row.artist, seconds=tags.seconds)
    if row.album:
        tags = replace(tags, album=row.album)
    return LabelledFile(
        key=row.path,
        path=row.file,
        labels=row.labels,
        name=tags.track_name(row.file),
        artist=tags.main_artist,
        album=tags.album_identity(str(row.file.parent)),
        seconds=tags.seconds,
    )
