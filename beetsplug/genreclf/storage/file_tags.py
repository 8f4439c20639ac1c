"""Reads and writes the genre in a file, and no other tag.

``Item.write()`` would write every tag that the library holds, also those that the user
keeps out of files on purpose, with ``beet modify -W`` say. No undo could take them out
again.
"""

from __future__ import annotations

import errno
import logging
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import beets
import mutagen
from beets import plugins
from beets.library import FileOperationError, Item
from mediafile import MediaFile, UnreadableFileError
from mutagen import id3
from mutagen.apev2 import APETextValue, APEv2

import genre_model
from beetsplug.genreclf.storage.atomic_edit import atomic_edit
from beetsplug.genreclf.storage.file_copy import ChangedMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: A WAV or AIFF file that ends within its audio takes a tag, which nobody finds there.
UNREADABLE = "its genre could not be read back; the file seems to be cut short"
#: As beets does when it shows changes.
FLOAT_TOLERANCE = 0.01


# mediafile logs what it raises as well, with no name of a file, and what nobody handles
# goes to the terminal.
logging.getLogger("mediafile").addHandler(logging.NullHandler())


class DiskFullError(OSError):
    """There is no room for an edit."""


class ReadOnlyError(OSError):
    """The disk takes no edit."""


class ForbiddenError(OSError):
    """The file, or its folder, takes no edit by this user."""


ERRORS = {
    errno.ENOSPC: DiskFullError,
    errno.EDQUOT: DiskFullError,
    errno.EROFS: ReadOnlyError,
    errno.EACCES: ForbiddenError,
    errno.EPERM: ForbiddenError,
}


def read_file_genres(item: Item) -> list[str]:
    """Return the genres in the file of a track.

    Raises:
        FileOperationError: if it cannot be read.
    """
    return _genres_of(_open(item))


def read_hidden_genres(item: Item) -> list[str]:
    """Return the genres in tags of a track's file that beets does not read.

    These are APEv2 in MP3 files and the INFO chunk of WAV files, which other programs read.
    What cannot be read says nothing.
    """
    try:
        if item.format == "MP3":
            value = APEv2(item.filepath).get("Genre")
            found = list(value) if isinstance(value, APETextValue) else []
        elif item.format == "WAVE":
            found = [genre_model.genre_by_ffmpeg(item.filepath)]
        else:
            return []
    except (mutagen.MutagenError, genre_model.GenreModelError, OSError):
        return []
    return [genre for genre in found if genre.strip()]


def write_file_genres(
    item: Item,
    genres: Sequence[str],
    *,
    before: Sequence[str] | None = None,
    safe: bool = True,
) -> bool:
    """Write genres into the file of a track; none at all removes the tag.

    Other plugins are told, as of any write, and may change what is written. Where one
    keeps genres out of files, as ``zero`` does, the file is left alone.

    Args:
        item: whose file it is.
        genres: to write.
        before: the genres in the file when this was decided; None reads them.
        safe: edit a copy, which then takes the place of the file.

    Returns:
        True if the file holds these genres now.

    Raises:
        FileOperationError: if the file cannot be read or written, or holds something else
            by now; edited through a copy, it is as before then.
    """
    if before is None:
        before = read_file_genres(item)
    tags = {"genres": list(genres) or None}
    plugins.send("write", item=item, path=item.path, tags=tags)
    wanted = tags.get("genres") or []
    if genres and not wanted:
        return False
    if wanted != list(before):
        try:
            _save(item, wanted, before, safe=safe)
        except FileOperationError:
            # Another run on the same library may have written just this.
            if wanted != read_file_genres(item):
                raise
        plugins.send("after_write", item=item, path=item.path)
    return wanted == list(genres)


def put_back_file_genres(item: Item, genres: Sequence[str], *, safe: bool = True) -> None:
    """Undo :func:`write_file_genres`, unless another process wrote after it.

    Nobody is told.

    Raises:
        FileOperationError: if the file cannot be read or written.
    """
    current = read_file_genres(item)
    if current != list(genres) and current in ([], item.genres):
        _save(item, genres, current, safe=safe)


def mtime_is_current(item: Item) -> bool:
    """Return True if the file has not changed since the library last looked.

    To be asked before the genres are set, which makes beets forget the time.
    """
    try:
        return bool(item.mtime >= item.current_mtime())
    except OSError:
        return False


def beet_update_is_noop(item: Item) -> bool:
    """Return True if `beet update` would find nothing to do for a track.

    That is, also if beets forgot the time, as an import of albums as they are makes it
    do, or the file was touched, but library and file agree.
    """
    try:
        return mtime_is_current(item) or _agrees_with_file(item)
    except FileOperationError:
        return False


def note_mtime(item: Item) -> None:
    """Let the library believe that it knows the file as it is, if the file is there."""
    with suppress(OSError):
        item.mtime = item.current_mtime()


def takes_one_genre(item: Item) -> bool:
    """Return True if several genres would come back from the file as one.

    ID3v2.3 joins them with a slash. Of all formats only MP3 follows the setting.
    """
    return item.format == "MP3" and beets.config["id3v23"].get(bool)


def _agrees_with_file(item: Item) -> bool:
    in_file = Item.from_path(item.path)
    if not in_file.albumartist and item.albumartist == item.artist:
        # beets fills it in at an import, and lets it pass at an update.
        in_file.albumartist = item.albumartist
    fields = set(MediaFile.fields()) & set(item.keys())
    return all(_is_same(item[name], in_file[name]) for name in fields)


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < FLOAT_TOLERANCE
    return one == other


def _open(item: Item) -> MediaFile:
    try:
        return _media_file(item.filepath)
    except (UnreadableFileError, OSError) as error:
        raise FileOperationError(item.path, _plain(error, item.filepath)) from error


def _media_file(path: Path) -> MediaFile:
    return MediaFile(path, id3v23=beets.config["id3v23"].get(bool))


def _save(item: Item, genres: Sequence[str], before: Sequence[str], *, safe: bool) -> None:
    """Replace genres, if they are still those that were read."""
    edited = atomic_edit(item.filepath) if safe else nullcontext(item.filepath)
    path = item.filepath
    try:
        with edited as path:
            media_file = _media_file(path)
            # atomic_edit finds edits from now on; those before it are in the copy.
            if _genres_of(media_file) != list(before):
                raise ChangedMeanwhileError
            _edit(media_file, genres)
            if genres and not _genres_of(_media_file(path)):
                raise OSError(UNREADABLE)
    except (UnreadableFileError, mutagen.MutagenError, OSError) as error:
        raise FileOperationError(item.path, _plain(error, path)) from error


def _plain(error: Exception, path: Path) -> OSError:
    """Say what happened without the name of a file, which may be that of a copy."""
    system = _system_error(error)
    if system is None:
        return OSError(str(error).removeprefix(f"{path}: "))
    return ERRORS.get(system.errno or 0, OSError)(system.strerror)


def _system_error(error: BaseException | None) -> OSError | None:
    """Return what mutagen and mediafile have wrapped."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error
        wrapped = next((arg for arg in error.args if isinstance(arg, OSError)), None)
        error = wrapped or error.__cause__ or error.__context__
    return None


def _edit(media_file: MediaFile, genres: Sequence[str]) -> None:
    """Write through mediafile, which knows the tags of each format, but for ID3v2.3."""
    if media_file.type != "mp3" or not _save_id3v23(media_file.path, genres):
        # None removes the tag; an empty list would leave an empty one.
        media_file.update({"genres": list(genres) or None})
        media_file.save()


def _save_id3v23(path: str, genres: Sequence[str]) -> bool:
    """Write into an ID3 tag of version 2.3, and leave it one.

    mediafile makes it version 2.4, which loses frames that 2.4 does not have.

    Returns:
        False if the file has no such tag.
    """
    try:
        tags = id3.ID3(path, translate=False)
    except id3.ID3NoHeaderError:
        return False
    if tags.version[:2] != (2, 3):
        return False
    tags.delall("TCON")
    if genres:
        tags.add(id3.TCON(encoding=id3.Encoding.UTF16, text=list(genres)))
    # Several genres with the separator of version 2.4, which readers understand: a slash
    # would make them one.
    tags.save(path, v2_version=3, v23_sep=None)
    return True


def _genres_of(media_file: MediaFile) -> list[str]:
    return [genre for genre in media_file.genres or () if genre.strip()]
