"""The page of all rows, in Markdown."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from genre_model.papers.row_text import difference_text, protocol_text, value_text
from genre_model.papers.rows import all_rows

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement, Outcome
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

HEADER = (
    "| system | protocol | measure | paper | ours | difference | of | runs | parameters "
    "| training | data |\n|---|---|---|---|---|---|---|---|---|---|---|"
)

QUICK_WARNING = "QUICK: trainings are a few batches. What networks reach means nothing."


def page_of(done: list[tuple[Row, Outcome]], reproduction: Reproduction) -> str:
    """Lay all rows out as one page.

    Args:
        done: rows with what came of them.
        reproduction: data and thoroughness.
    """
    seconds = sum(outcome.seconds for _, outcome in done)
    training = _training_seconds(done)
    lines = [
        "# Papers, row by row",
        "",
        (
            "Written by `genre-model reproduce`; ± is the standard deviation over runs, in "
            "brackets is the 95 % Wilson interval for that number of tracks."
        ),
        "",
        (
            f"beets-genreclf {version('beets-genreclf')}; networks on "
            f"{reproduction.data_name}; {_minutes(training)} of training and "
            f"{_minutes(seconds)} of scoring."
        ),
    ]
    if reproduction.quick:
        lines += ["", f"**{QUICK_WARNING}**"]
    there = {row.id for row, _ in done}
    known = [row.id for row in all_rows() if row.kind != "absent"]
    if missing := [name for name in known if name not in there]:
        lines += ["", f"Not run with these settings: {', '.join(missing)}."]
    paper = ""
    for row, outcome in done:
        if row.paper != paper:
            paper = row.paper
            lines += ["", f"## {paper[:1].upper()}{paper[1:]}"]
        lines += ["", *_section(row, outcome)]
    return "\n".join(lines) + "\n"


def plot_page_of(done: list[tuple[Row, Outcome]], reproduction: Reproduction) -> str:
    """Show the plots of all rows on one page, which lies where their paths begin."""
    lines = ["# Plots, row by row", *["", f"**{QUICK_WARNING}**"] * reproduction.quick]
    for row, outcome in done:
        plots = [name for name in outcome.files if name.endswith(".png")]
        lines += ["", f"## {row.id}: {row.title}"] * bool(plots)
        for name in plots:
            stem = name.rpartition("/")[2].removesuffix(".png")
            lines += ["", f"![{stem}]({name})"]
    return "\n".join(lines) + "\n"


def _section(row: Row, outcome: Outcome) -> list[str]:
    lines = [f"### {row.id}: {row.title}", ""]
    if row.published:
        lines += [f"Paper: {row.published}.", ""]
    if row.note and row.kind != "absent":
        lines += [row.note, ""]
    if outcome.absent:
        lines += [f"Not reproduced: {outcome.absent}", ""]
    if outcome.measurements:
        lines += [HEADER, *map(_table_row, outcome.measurements), ""]
    lines += [f"* {finding}" for finding in outcome.findings]
    lines += [f"* Not run: {part}" for part in outcome.not_run]
    return lines if lines[-1] else lines[:-1]


def _table_row(one: Measurement) -> str:
    ours = value_text(one.measure, one.ours)
    if one.sd is not None:
        ours += f" ± {value_text(one.measure, one.sd)}"
    if one.low is not None:
        bounds = (value_text(one.measure, bound) for bound in (one.low, one.high))
        ours += f" ({' to '.join(bounds)})"
    cells = (
        one.name,
        protocol_text(one).replace("LEAKY", "**leaky**"),
        one.measure.replace("_", " "),
        value_text(one.measure, one.published),
        ours,
        difference_text(one),
        "" if one.n is None else f"{one.n} {one.unit}",
        str(one.seeds),
        "" if one.n_parameters is None else f"{one.n_parameters:,}",
        "" if one.seconds is None else f"{one.seconds:.0f} s",
        one.data,
    )
    return "| " + " | ".join(cells) + " |"


def _training_seconds(done: list[tuple[Row, Outcome]]) -> float:
    """Count trainings that several rows share once."""
    runs = {k: v for _, outcome in done for k, v in outcome.trainings.items()}
    return sum(runs.values())


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
