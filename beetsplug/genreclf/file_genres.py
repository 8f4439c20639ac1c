"""The genre in a file: read, or written without touching any other tag.

``Item.write()`` would write every tag that the library holds. Whoever keeps other tags
out of the files on purpose, with ``beet modify -W`` say, would lose them to us, and no
undo could bring them back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import beets
from beets import plugins
from beets.library import FileOperationError
from mediafile import MediaFile, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item


def read_file_genres(item: Item) -> list[str]:
    """Return the genres that stand in the file of a track.

    Raises:
        FileOperationError: if it cannot be read.
    """
    return _genres_of(_open(item))


def write_file_genres(item: Item, genres: Sequence[str]) -> None:
    """Write genres into the file of a track; none at all removes the tag.

    Other plugins are told, as of any write, and may change what is written: ``zero``
    keeps genres out of files.

    Raises:
        FileOperationError: if the file cannot be read or written; it is as before then.
    """
    media_file = _open(item)
    tags = {"genres": list(genres) or None}
    plugins.send("write", item=item, path=item.path, tags=tags)
    wanted = tags.get("genres") or None
    if (wanted or []) == _genres_of(media_file):
        return
    media_file.update({"genres": wanted})
    try:
        media_file.save()
    except UnreadableFileError as error:
        raise FileOperationError(item.path, error) from error
    plugins.send("after_write", item=item, path=item.path)


def is_in_step(item: Item) -> bool:
    """Say whether the file has not changed since the library last looked.

    To be asked before the genres are set, which makes beets forget the time.
    """
    try:
        return bool(item.mtime >= item.current_mtime())
    except OSError:
        return False


def takes_one_genre(item: Item) -> bool:
    """Say whether several genres would come back from the file as one.

    ID3v2.3 joins them with a slash. Of all formats only MP3 heeds the setting.
    """
    return item.format == "MP3" and beets.config["id3v23"].get(bool)


def _open(item: Item) -> MediaFile:
    try:
        return MediaFile(item.filepath, id3v23=beets.config["id3v23"].get(bool))
    except (UnreadableFileError, OSError) as error:
        raise FileOperationError(item.path, error) from error


def _genres_of(media_file: MediaFile) -> list[str]:
    return [genre for genre in media_file.genres or () if genre.strip()]
