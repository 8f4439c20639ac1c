"""Files with labels of the user: from folders named after genres, or from a CSV table."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.errors import TrainingDataError
from genre_model.personal.track_tags import FileTags, known_artist, read_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELIMITERS = (",", ";", "\t")
REQUIRED = ("path", "label")
LABEL_SEPARATOR = ";"
#: Missing files that are named.
N_NAMED = 3


@dataclass(frozen=True)
class LabelledFile:
    """A track and its genres.

    Attributes:
        key: identifies the track in its collection, such as an id of a library.
        path: of the audio.
        labels: genres, the main one first, as the user spells them.
        name: what reports call the track.
        artist: of the album, or of the track if the album has many artists; empty if
            unknown.
        album: identifies the album; empty if there is none.
        seconds: length according to the file's header; 0 if unknown.
    """

    key: str
    path: Path
    labels: tuple[str, ...]
    name: str
    artist: str = ""
    album: str = ""
    seconds: float = 0.0


def read_labelled(data: Path, warn: Callable[[str], None]) -> list[LabelledFile]:
    """Read labels from a folder or from a table."""
    read = read_labelled_folder if data.is_dir() else read_labelled_csv
    return read(data, warn)


def read_labelled_folder(root: Path, warn: Callable[[str], None]) -> list[LabelledFile]:
    """Label each track with the name of the folder directly below ``root``.

    Tracks may lie deeper: ``genre/artist/album/track``. Artist and album come from the
    tags, or else from these folders. Links are followed; a track that is in the folders
    of several genres gets all of their labels.

    Returns:
        Files sorted by key, which is the path below ``root``.

    Raises:
        TrainingDataError: if there is no audio in any folder.
        OSError: if ``root`` cannot be listed.
    """
    root = root.absolute()
    labels_of: dict[str, list[str]] = {}
    placed: dict[str, tuple[Path, Path]] = {}
    entries = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    for genre_folder in filter(Path.is_dir, entries):
        label = unicodedata.normalize("NFC", genre_folder.name)
        for path in _audio_below(genre_folder, root, warn):
            real = os.path.realpath(path)
            labels_of.setdefault(real, []).append(label)
            placed.setdefault(real, (genre_folder, path))
    if n_loose := sum(_is_audio(path) and not path.is_dir() for path in entries):
        warn(f"{root}: {n_loose} tracks lie in no genre's folder; left out")
    if not placed:
        raise TrainingDataError(
            f"{root}: no audio; a folder for each genre is expected, tracks within"
        )
    files = [
        _file_in_folder(path, genre_folder, root, tuple(labels_of[real]))
        for real, (genre_folder, path) in placed.items()
    ]
    return sorted(files, key=lambda file: file.key)


def _audio_below(
    genre_folder: Path, root: Path, warn: Callable[[str], None]
) -> Iterator[Path]:
    """List audio of a genre, each real folder once however many links lead to it."""
    real_root = Path(os.path.realpath(root))
    seen: set[Path] = set()

    def is_new(folder: Path) -> bool:
        real = Path(os.path.realpath(folder))
        # A link to a folder that holds all genres would give each track every label.
        if folder.name.startswith(".") or real in seen or real_root.is_relative_to(real):
            return False
        seen.add(real)
        return True

    def on_error(error: OSError) -> None:
        warn(f"{error.filename}: {error.strerror}; left out")

    if not is_new(genre_folder):
        return
    for folder, names_of_folders, names in os.walk(
        genre_folder, onerror=on_error, followlinks=True
    ):
        here = Path(folder)
        names_of_folders[:] = [n for n in sorted(names_of_folders) if is_new(here / n)]
        yield from filter(_is_audio, (here / name for name in sorted(names)))


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")


def _file_in_folder(
    path: Path, genre_folder: Path, root: Path, labels: tuple[str, ...]
) -> LabelledFile:
    tags = read_tags(path)
    folders = path.relative_to(genre_folder).parts[:-1]
    album_folder = f"folder {'/'.join(folders[:2])}" if len(folders) > 1 else ""
    return LabelledFile(
        key=path.relative_to(root).as_posix(),
        path=path,
        labels=labels,
        name=tags.track_name(path),
        artist=tags.main_artist or (known_artist(folders[0]) if folders else ""),
        album=tags.album_identity("/".join(folders)) or album_folder,
        seconds=tags.seconds,
    )


class _Row(NamedTuple):
    """A line of a table; ``line`` counts from 1, the last one of a cell over several."""

    line: int
    path: str
    file: Path
    labels: tuple[str, ...]
    artist: str
    album: str


def read_labelled_csv(table: Path, warn: Callable[[str], None]) -> list[LabelledFile]:
    """Read labels from a table with columns ``path`` and ``label``.

    Columns ``artist`` (or ``group``) and ``album`` may follow, in any order; without them
    artist and album come from the tags. Commas, semicolons or tabs separate columns,
    semicolons several labels of one track.

    Args:
        table: UTF-8; its paths are relative to its own folder.
        warn: is called with the files that are missing.

    Returns:
        Files in the order of the table; their keys are the paths as written there.

    Raises:
        TrainingDataError: naming file and line.
        OSError: if the table cannot be read.
    """
    rows = _without_duplicates(table, _rows(table, _text(table)))
    if not rows:
        raise TrainingDataError(f"{table}: holds no tracks")
    # os.path.isfile never raises, unlike Path.is_file.
    missing = [row for row in rows if not os.path.isfile(row.file)]  # noqa: PTH113
    if missing:
        named = ", ".join(f"{row.path} (line {row.line})" for row in missing[:N_NAMED])
        more = f" and {len(missing) - N_NAMED} more" if len(missing) > N_NAMED else ""
        told = f"{table}: {len(missing)} of {len(rows)} files are missing: {named}{more}"
        if len(missing) == len(rows):
            raise TrainingDataError(told)
        warn(told)
    return [_file_in_table(row) for row in rows if row not in missing]


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
    """Return the delimiter with which the header has the required columns."""
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
    if "group" in names and "artist" not in names:
        names[names.index("group")] = "artist"
    return names


def _row(table: Path, where: str, line: int, values: dict[str, str]) -> _Row:
    path = values.get("path", "")
    labels = [label.strip() for label in values.get("label", "").split(LABEL_SEPARATOR)]
    if not path or "\0" in path:
        raise TrainingDataError(f"{where}: the path is {'no path' if path else 'empty'}")
    if not any(labels):
        raise TrainingDataError(f"{where}: the label is empty")
    named = tuple(unicodedata.normalize("NFC", label) for label in labels if label)
    file = table.absolute().parent / path
    return _Row(line, path, file, named, values.get("artist", ""), values.get("album", ""))


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


def _file_in_table(row: _Row) -> LabelledFile:
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
