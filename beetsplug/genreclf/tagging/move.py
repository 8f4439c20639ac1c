"""Files whose path depends on the genre follow it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from beets import util

from beetsplug.genreclf.ui.text import track_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from beets.library import Album, Item, Library

    from beetsplug.genreclf.ui.reporter import Reporter


def move_tracks(
    lib: Library,
    item_ids: Iterable[int],
    album_ids: Iterable[int],
    reporter: Reporter,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Move tracks and whole albums to where their path formats want them.

    As ``beet modify`` does, it moves only what lies in the folder of the library.

    Args:
        lib: the library.
        item_ids: tracks whose genre changed.
        album_ids: albums whose genre changed; all of their tracks, and the art, move.
        reporter: told of every file that could not be moved.
        should_stop: asked before each track and each album; what is left is said.

    Returns:
        How many files could not be moved; the library knows them where they are.
    """
    moved_albums = set(album_ids)
    failures = 0
    moves: list[Callable[[], int]] = []
    for item in filter(None, map(lib.get_item, item_ids)):
        if item.album_id is None:
            moves.append(partial(_move, lib, item, reporter))
        else:
            moved_albums.add(item.album_id)
    albums = filter(None, map(lib.get_album, sorted(moved_albums)))
    moves.extend(partial(_move_album, lib, album, reporter) for album in albums)
    for move in moves:
        if should_stop():
            reporter.warning("not all files were moved; beet move does the rest")
            break
        failures += move()
    return failures


def _move_album(lib: Library, album: Album, reporter: Reporter) -> int:
    inside = [item for item in album.items() if _is_inside(lib, item)]
    failures = sum(_move(lib, item, reporter) for item in inside)
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


def _move(lib: Library, item: Item, reporter: Reporter) -> int:
    """Move one file; return 1 if it could not be."""
    if not _is_inside(lib, item):
        return 0
    if not item.filepath.exists():
        # Said here, because what beets says depends on its version.
        reporter.warning(f"{track_name(item)} not moved: {item.filepath} is missing")
        return 1
    try:
        # The art of an album follows once, after all of its tracks.
        item.move(with_album=False)
    except (util.FilesystemError, OSError) as error:
        reporter.warning(f"{track_name(item)} not moved: {error}")
        return 1
    return 0
