"""Files whose path depends on the genre follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import util

from beetsplug.genreclf.naming import track_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.reporter import Reporter


def move_tracks(
    lib: Library, item_ids: Iterable[int], album_ids: Iterable[int], reporter: Reporter
) -> int:
    """Move tracks and whole albums to where their path formats want them.

    As ``beet modify`` does, it moves only what lies in the folder of the library.

    Args:
        lib: the library.
        item_ids: tracks whose genre changed.
        album_ids: albums whose genre changed; all of their tracks, and the art, move.
        reporter: told of every file that could not be moved.

    Returns:
        How many files could not be moved; the library knows them where they are.
    """
    moved_albums = set(album_ids)
    failures = 0
    for item_id in item_ids:
        item = lib.get_item(item_id)
        if item is not None and item.album_id is not None:
            moved_albums.add(item.album_id)
        elif item is not None:
            failures += not _move(lib, item, reporter)
    for album_id in sorted(moved_albums):
        album = lib.get_album(album_id)
        if album is not None:
            failures += _move_album(lib, album, reporter)
    return failures


def _move_album(lib: Library, album: Album, reporter: Reporter) -> int:
    inside = [item for item in album.items() if _is_inside(lib, item)]
    failures = sum(not _move(lib, item, reporter) for item in inside)
    if inside:
        try:
            album.move_art()
        except (util.FilesystemError, OSError) as error:
            reporter.warning(f"art of {album.album} not moved: {error}")
            failures += 1
        album.store(inherit=False)
    return failures


def _is_inside(lib: Library, item: Item) -> bool:
    return lib.directory in util.ancestry(item.path)


def _move(lib: Library, item: Item, reporter: Reporter) -> bool:
    if not _is_inside(lib, item):
        return True
    if not item.filepath.exists():
        # Said here, because what beets says depends on its version.
        reporter.warning(f"{track_name(item)} not moved: {item.filepath} is missing")
        return False
    try:
        # The art of an album follows once, after all of its tracks.
        item.move(with_album=False)
    except (util.FilesystemError, OSError) as error:
        reporter.warning(f"{track_name(item)} not moved: {error}")
        return False
    return True
