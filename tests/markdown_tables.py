"""Tables in Markdown whose rows are test cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of all tables of a file, by the headers of their columns.

    The heading above a table is its ``section``; the first column is ``situation``.
    """
    rows, section, header = [], "", [""]
    for line in path.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif cells[:1] == ["situation"]:
            header = cells
        elif cells and not line.startswith("|-"):
            rows.append({"section": section} | dict(zip(header, cells, strict=True)))
    return rows
