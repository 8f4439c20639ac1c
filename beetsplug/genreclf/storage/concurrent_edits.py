"""Edits by other programs that went into a file just when its copy took its place.

``beet modify``, say, has opened the file, and writes into what is no file any more. It then
tells the library of the edit, and takes the file for written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets.library import FileOperationError

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.storage.file_tags import read_file_genres
from beetsplug.genreclf.storage.file_writer import Written

if TYPE_CHECKING:
    from beets.library import Item, Library

    from beetsplug.genreclf.storage.file_writer import FileWriter


def rewrite_lost_edits(lib: Library, writer: FileWriter) -> int:
    """Look again at every track that was written, and write what the library got since.

    Returns:
        How many files could not be written.
    """
    n_failed = 0
    for item_id, standing in list(writer.written.items()):
        item = lib.get_item(item_id)
        if item is not None and provenance.joined(item.genres) != standing.library:
            written = rewrite_lost_edit(item, standing.file, standing.since, writer)
            n_failed += written is Written.FAILED
    return n_failed


def rewrite_lost_edit(
    item: Item, ours: str, since: int, writer: FileWriter
) -> Written | None:
    """Write the genres of a track into its file, if beets believes that they are there.

    Whoever keeps a genre out of the file on purpose, with ``beet modify -W``, keeps beets
    from believing that.

    Args:
        item: as it is in the library.
        ours: what its file got from us last, as one text.
        since: time of the file, in seconds, when it first got something from us; who
            believes to have written it after us believes in no earlier time.
        writer: of the file.

    Returns:
        The outcome; None if there was nothing to write.
    """
    if provenance.track_is_ours(item) or item.mtime < since:
        return None
    try:
        writer.prepare(item.filepath)
        in_file = read_file_genres(item)
    except FileOperationError:  # whoever needs the file says so
        return None
    if provenance.joined(in_file) != ours or ours == provenance.joined(item.genres):
        return None
    written = writer.write(
        item,
        item.genres,
        in_step=True,
        otherwise=f"{', '.join(item.genres) or 'no genre'} in the library only",
        before=in_file,
    )
    item.store()
    return written


def waits_for_revert(item: Item) -> bool:
    """Return True if ``--revert -W`` restored the library, and the file waits for it.

    The file is to be given back by the next ``--revert``, not to get the library's genre.
    """
    previous = item.get("genreclf_previous", with_album=False)
    return previous is not None and provenance.joined(item.genres) == previous
