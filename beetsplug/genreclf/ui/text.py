"""Text for people, without anything that a terminal would obey."""

from __future__ import annotations

import unicodedata

from beets import ui

from beetsplug.genreclf.compat import UserError

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
