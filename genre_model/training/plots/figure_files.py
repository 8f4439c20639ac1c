"""Figures on disk: every plot as PNG for looking at, as SVG for printing.

Matplotlib is imported when the first figure is drawn, so that importing plots costs
nothing. Its settings are changed while one plot is drawn only, and pyplot, which keeps
figures for the whole process, is not used.
"""

from __future__ import annotations

import contextlib
import io
import unicodedata
import warnings
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from genre_model.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

#: On top of matplotlib's defaults, not of the user's own ``matplotlibrc``.
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.titlesize": 12,
    "legend.fontsize": 9,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 120,
    "svg.fonttype": "none",  # text stays text: searchable, and small files
    "svg.hashsalt": "genre_model",  # or the ids within differ from run to run
    "text.parse_math": False,  # a genre may be called "A$AP$"
}
#: Not the date, not the version: the same plot gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
#: How many letters of a title fit into an inch, and how high a line of it is.
LETTERS_PER_INCH, LINE_IN = 9.5, 0.2


@contextlib.contextmanager
def plot_style() -> Iterator[None]:
    """Draw in the style of this package within; also a decorator, ``@plot_style()``."""
    from matplotlib import style

    with style.context(["default", STYLE]):
        yield


def new_figure(title: str, width_in: float, height_in: float) -> Figure:
    """Return an empty figure; it grows when its title needs more than one line."""
    from matplotlib.figure import Figure

    broken = wrapped(title, int(width_in * LETTERS_PER_INCH))
    height_in += LINE_IN * broken.count("\n")
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.suptitle(broken)
    return figure


def save_plot(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as PNG and as SVG.

    Args:
        figure: what was drawn.
        path: with ``.png`` or ``.svg`` or without; both files get this name.

    Returns:
        The two files. The same figure gives the same bytes, as long as matplotlib and
        its FreeType are the same.
    """
    written = []
    for kind, metadata in METADATA.items():
        content = io.BytesIO()
        with plot_style(), warnings.catch_warnings():
            # Scripts that DejaVu lacks are boxes in the PNG; the SVG has the letters.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure.savefig(content, format=kind, metadata=metadata)
        written.append(_with_suffix(path, f".{kind}"))
        write_atomically(written[-1], content.getvalue())
    return written


def wrapped(text: str, n_letters: int) -> str:
    """Break text into lines of at most that many letters; wide letters count twice."""
    n_columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    width = max(1, n_letters * len(text) // max(1, n_columns))
    return "\n".join(wrap(text, width)) or text


def _with_suffix(path: Path, suffix: str) -> Path:
    # Not Path.with_suffix alone, which would cut "model.v2" down to "model".
    is_ours = path.suffix.lower() in {f".{kind}" for kind in METADATA}
    return path.with_name((path.stem if is_ours else path.name) + suffix)
