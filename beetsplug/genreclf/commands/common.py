"""What the commands share: flags, queries and exit statuses.

``beet`` imports the commands at every start, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from beetsplug.genreclf.ui.reporter import LogReporter

if TYPE_CHECKING:
    import optparse
    from collections.abc import Mapping

    from beets.library import Item, Library
    from beets.logging import BeetsLogger

#: Exit status after Ctrl-C, as of shells.
INTERRUPTED = 130


def add_switch(
    parser: optparse.OptionParser, *flags: str, text: str, off: str | None = None
) -> None:
    """Add a flag without a value: True, or False for the flag that it turns ``off``."""
    name = (off or flags[-1]).removeprefix("--").replace("-", "_")
    action = "store_true" if off is None else "store_false"
    parser.add_option(*flags, dest=name, action=action, default=None, help=text)


def add_number(
    parser: optparse.OptionParser, *flags: str, text: str, kind: str = "int"
) -> None:
    """Add a flag that takes a number."""
    parser.add_option(*flags, type=kind, help=text)


def given_flags(opts: optparse.Values) -> dict[str, Any]:
    """Return the flags that were given, by name."""
    return {name: value for name, value in vars(opts).items() if value is not None}


def matching(
    lib: Library, args: list[str], flags: Mapping[str, Any], log: BeetsLogger
) -> deque[Item]:
    """Return the tracks that a query, or with ``-a`` their albums, match; warn if none."""
    if flags.get("albums"):
        items = deque(item for album in lib.albums(args) for item in album.items())
        kind, nothing = "album", "the library has no album"
    else:
        items = deque(lib.items(args))
        kind, nothing = "track", "the library is empty"
    if not items:
        LogReporter(log).warning(f"no {kind} matches {' '.join(args)}" if args else nothing)
    return items


def failed_tracks(n_failed: int) -> str:
    """Return the error that ends a command after warnings about tracks."""
    failed = "1 track" if n_failed == 1 else f"{n_failed} tracks"
    return f"{failed} failed; the warnings say why"
