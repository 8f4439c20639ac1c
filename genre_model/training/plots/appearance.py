"""What tells one line, point or bar from another, also without seeing colours.

The colours are those of Okabe & Ito (2008, "Color Universal Design"), which people with
each kind of colour blindness tell apart. No plot relies on them alone: every colour
comes with a marker, a line style or a hatch of its own.
"""

from __future__ import annotations

from typing import Any

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, BLACK = "#E69F00", "#56B4E9", "#F0E442", "#000000"
GREY, WINE = "#999999", "#882255"

#: Yellow and white are missing: as a thin line on white paper nobody sees them.
LINE_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY)
LINE_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
FILLS = (BLUE, ORANGE, GREEN, YELLOW, VERMILION, SKY, BLACK, PURPLE, WINE, GREY)
HATCHES = ("", "///", "...", "xx", "\\\\\\", "oo")

#: From 0 upwards, and around 0: both keep their order of lightness for everybody.
SEQUENTIAL_MAP, DIVERGING_MAP = "cividis", "PuOr"


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
    pale = ("#7FB8D8", "#F2C14E", "#8CCFB9", "#E6E6E6", "#E8B9D3", "#F0A878")
    return {
        "facecolor": pale[index % len(pale)],
        "hatch": HATCHES[index % len(HATCHES)],
        "edgecolor": BLACK,
        "linewidth": 0.8,
    }
