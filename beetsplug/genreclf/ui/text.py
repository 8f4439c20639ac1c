"""Text for the terminal, without control characters."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from beets import ui

from beetsplug.genreclf.compat import UserError

if TYPE_CHECKING:
    from beets.library import Item

#: Spaces of other widths, such as Japanese titles have.
SPACES = "Zs"
#: Joiners of letters and of pictures: no terminal obeys them, and languages need them.
JOINERS = "\u200c\u200d"


def say(text: str) -> None:
    """Print lines."""
    ui.print_("\n".join(map(visible, text.split("\n"))))


def visible(text: str) -> str:
    """Replace control characters, line breaks among them, and what cannot be shown.

    Titles come from files, names of files and of models from strangers.
    """
    return "".join(c if _is_harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _is_harmless(c: str) -> bool:
    return c.isprintable() or c in JOINERS or unicodedata.category(c) == SPACES


def user_error(text: str) -> UserError:
    """Return an error that beets prints in one line, and exits with."""
    return UserError(visible(" ".join(text.splitlines())))


def track_name(item: Item) -> str:
    """Return artist and title in one line; without a title, folder and file."""
    path = item.filepath
    title = item.title or f"{path.parent.name}/{path.name}"
    return visible(f"{item.artist} - {title}" if item.artist else title)


def tracks_have(n_tracks: int) -> str:
    """Return the beginning of a sentence about a number of tracks."""
    return "1 track has" if n_tracks == 1 else f"{n_tracks} tracks have"
