"""What the commands share: flags, queries and exit statuses.

``beet`` imports the commands at every start, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optparse

    from beets.library import Item, Library

#: Exit status after Ctrl-C, as of shells.
INTERRUPTED = 130


def add_switch(
    parser: optparse.OptionParser, *flags: str, text: str, off: str | None = None
) -> None:
    """Add a flag that takes no value; its value is None where it is not given.

    Args:
        parser: of the command.
        flags: such as ``-p`` and ``--pretend``.
        text: shown by ``--help``.
        off: the long flag that this one undoes; it sets that one to False.
    """
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


def matching(lib: Library, args: list[str], *, albums: bool) -> deque[Item]:
    """Return the tracks that a query matches, or those of the albums that it matches."""
    if albums:
        return deque(item for album in lib.albums(args) for item in album.items())
    return deque(lib.items(args))


def nothing_matches(args: list[str], *, albums: bool) -> str:
    """Return the warning that a query matches nothing."""
    if args:
        return f"no {'album' if albums else 'track'} matches {' '.join(args)}"
    return "the library has no album" if albums else "the library is empty"


def failed_tracks(n_failed: int) -> str:
    """Return the error that ends a command after warnings about tracks."""
    failed = "1 track" if n_failed == 1 else f"{n_failed} tracks"
    return f"{failed} failed; the warnings say why"
