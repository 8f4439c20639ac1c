"""The look of all plots, and their files: PNG for looking at, SVG for printing.

The colours are those of Okabe & Ito (2008, "Color Universal Design"), which people with
each kind of colour blindness tell apart. No plot relies on them alone: every colour
comes with a marker, a line style or a hatch of its own.

Matplotlib is imported when the first figure is drawn. Its settings change only while one
plot is drawn, and pyplot, which keeps figures for the whole process, is not used.
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

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, BLACK = "#E69F00", "#56B4E9", "#F0E442", "#000000"
GREY, WINE = "#999999", "#882255"

#: Yellow and white are missing: as a thin line on white paper nobody sees them.
LINE_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY)
LINE_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
FILLS = (BLUE, ORANGE, GREEN, YELLOW, VERMILION, SKY, BLACK, PURPLE, WINE, GREY)
PALE_FILLS = ("#7FB8D8", "#F2C14E", "#8CCFB9", "#E6E6E6", "#E8B9D3", "#F0A878")
HATCHES = ("", "///", "...", "xx", "\\\\\\", "oo")

#: From 0 upwards, and around 0: both keep their order of lightness for everybody.
SEQUENTIAL_MAP, DIVERGING_MAP = "cividis", "PuOr"

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
#: Without date and version: the same plot gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
#: How many letters of a title fit into an inch, and how high a line of it is.
LETTERS_PER_INCH, LINE_IN = 9.5, 0.2


def line_look(index: int) -> dict[str, Any]:
    """Return how the line of that index is drawn, as keywords of ``Axes.plot``."""
    return {
        "color": LINE_COLOURS[index % len(LINE_COLOURS)],
        "linestyle": LINE_STYLES[index % len(LINE_STYLES)],
        "marker": MARKERS[index % len(MARKERS)],
    }


def point_look(index: int) -> dict[str, Any]:
    """Return how points of that index are drawn, as keywords of ``Axes.scatter``.

    Colour and marker together are different for the first hundred.
    """
    turn, place = divmod(index, len(FILLS))
    return {
        "facecolor": FILLS[place],
        "marker": MARKERS[(place + turn) % len(MARKERS)],
        "edgecolor": BLACK,
    }


def bar_look(index: int) -> dict[str, Any]:
    """Return how the bars of that index are drawn, as keywords of ``Axes.bar``."""
    return {
        "facecolor": PALE_FILLS[index % len(PALE_FILLS)],
        "hatch": HATCHES[index % len(HATCHES)],
        "edgecolor": BLACK,
        "linewidth": 0.8,
    }


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
