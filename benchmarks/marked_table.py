"""Tables within pages, replaced by the benchmark that prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put_into(page: Path, name: str, text: str) -> None:
    """Replace the text between the marks of that name in a Markdown page.

    The marks are ``<!-- NAME -->`` and ``<!-- end of NAME -->``.

    Raises:
        SystemExit: if the page has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before = page.read_text("utf-8")
    marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    after, n_places = marked.subn(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", before)
    if n_places != 1:  # what was measured is on the terminal already
        raise SystemExit(f"{page}: {begin} ... {end} is there {n_places} times, not once")
    page.write_text(after, "utf-8")
