"""What a library holds, file by file and row by row, read without beets or mediafile."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import mutagen
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

#: Tags, or columns and flexible attributes, by name.
Values = dict[str, Any]

#: Tables of the database, that of their flexible attributes, and what names a row.
TABLES = (("items", "item_attributes", "path"), ("albums", "album_attributes", "album"))


class State(NamedTuple):
    """What there is of a library.

    Attributes:
        tags: every tag of each file, by the path within the music folder.
        rows: every column and flexible attribute but the time of the file, by the path
            of the track or the name of the album.
    """

    tags: dict[str, Values]
    rows: dict[str, Values]

    def only(self, names: Collection[str]) -> State:
        """Leave out all but some files and rows."""
        return State(
            {name: values for name, values in self.tags.items() if name in names},
            {name: values for name, values in self.rows.items() if name in names},
        )


def state_of(database: Path, music: Path) -> State:
    """Read all of a library."""
    paths = sorted(path for path in music.rglob("*") if path.is_file())
    return State(
        {path.relative_to(music).as_posix(): tags_in(path) for path in paths},
        rows_in(database),
    )


def tags_in(path: Path) -> Values:
    """Return every tag of a file, as mutagen gives it.

    Empty ones are none: in MP4 and APEv2 tags beets leaves one where it writes no genre.
    """
    file = mutagen.File(path)
    keys = [] if file.tags is None else list(file.tags.keys())
    tags = {key: file.tags[key] for key in keys if str(file.tags[key]) not in ("", "[]")}
    pictures = [picture.write() for picture in getattr(file, "pictures", ())]
    # Vorbis comments call the same tag GENRE and genre.
    named = {key.lower(): repr(value) for key, value in tags.items()}
    return named | {"pictures": pictures}


def rows_in(database: Path) -> dict[str, Values]:
    """Return tracks and albums with all they have, but for the time of the file."""
    rows: dict[str, Values] = {}
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        for table, attributes, name in TABLES:
            flexible: defaultdict[int, Values] = defaultdict(dict)
            for entity, key, value in connection.execute(
                f"SELECT entity_id, key, value FROM {attributes}"  # noqa: S608
            ):
                flexible[entity][f"flexible {key}"] = value
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
                values = dict(row) | flexible[row["id"]]
                values.pop("mtime", None)
                rows[os.fsdecode(values[name])] = values
    return rows


def differences(
    before: State, after: State, *, apart_from: Collection[str] = ()
) -> list[str]:
    """Say in one line each what is not equal.

    Args:
        before: what was there.
        after: what is there now.
        apart_from: columns that may differ.
    """
    return [
        *_differences("file", before.tags, after.tags, ()),
        *_differences("row", before.rows, after.rows, apart_from),
    ]


def _differences(
    what: str,
    before: Mapping[str, Values],
    after: Mapping[str, Values],
    apart_from: Collection[str],
) -> list[str]:
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            lines.append(f"{what} {name}: {'gone' if name in before else 'new'}")
            continue
        old, new = before[name], after[name]
        lines += [
            f"{what} {name}: {key} was {old.get(key)!r}, is {new.get(key)!r}"
            for key in sorted(old.keys() | new.keys())
            if key not in apart_from and old.get(key) != new.get(key)
        ]
    return lines


def add_odd_tags(path: Path) -> None:
    """Add tags that beets knows nothing of, and a comment in another language."""
    file = mutagen.File(path)
    tags: Any = file.tags
    if isinstance(file.tags, ID3):
        frames: Any = mutagen.id3
        tags.add(frames.TXXX(encoding=1, desc="MOOD", text=["calm", "{odd}"]))
        tags.add(frames.COMM(encoding=1, lang="deu", desc="Notiz", text="schön"))
        tags.add(frames.PRIV(owner="someone", data=b"\x00\xff\x01"))
    elif isinstance(file.tags, MP4Tags):
        tags["----:com.example:MOOD"] = [b"calm", b"{odd}"]
    else:
        tags["MOOD"] = ["calm", "{odd}"]
    file.save()
