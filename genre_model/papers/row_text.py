"""Rows of the papers for a terminal, and as pages of Markdown."""

from __future__ import annotations

from importlib.metadata import version
from textwrap import fill
from typing import TYPE_CHECKING

from genre_model.papers.rows import all_rows, marked

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement, Outcome
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

WIDTH = 100
#: Longest name of a system that is printed whole.
MAX_NAME = 48
#: Measures that are shares, shown in percent.
SHARES = (
    "accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "top_3",
    "recall",
    "mean overlap",
    "share of the clip",
)
TABLE_HEAD = (
    "| system | protocol | measure | paper | ours | difference | of | runs | parameters "
    "| training | data |\n|---|---|---|---|---|---|---|---|---|---|---|"
)
QUICK_WARNING = "QUICK: trainings are a few batches. What networks reach means nothing."


def list_of_rows(rows: list[Row]) -> str:
    """List what there is to reproduce, paper by paper."""
    lines: list[str] = []
    paper = ""
    for row in rows:
        if row.paper != paper:
            paper = row.paper
            lines += ["", paper] if lines else [paper]
        text = f"  {row.id:<4} {row.title}: {_how(row)}"
        lines.append(fill(text, WIDTH, subsequent_indent=" " * 7))
    return "\n".join(lines)


def _how(row: Row) -> str:
    if row.kind == "absent":
        return f"not reproduced: {row.note}"
    if row.kind == "check":
        needed = f", of the networks of {', '.join(row.needs)}" if row.needs else ""
        return f"computed{needed}"
    n = len(row.systems)
    own = [name for system in row.systems for name in (*row.protocols, *system.protocols)]
    return f"{n} system{'s' * (n > 1)}, {', '.join(map(marked, dict.fromkeys(own)))}"


def text_of_row(row: Row, outcome: Outcome, *, kept: bool = False) -> str:
    """Lay out the outcome of a row, of now or (``kept``) of an earlier run."""
    lines = ["", f"{row.id}  {row.title}, {row.paper.partition(':')[0]}"]
    if row.published:
        lines.append(_indented(f"paper: {row.published}"))
    if outcome.absent:
        lines.append(_indented(f"not reproduced: {outcome.absent}"))
    for setting, measurements in _by_setting(outcome):
        if setting:
            lines.append(f"    {setting}")
        lines += _table_lines(measurements)
    lines += [_indented(finding) for finding in outcome.findings]
    lines += [_indented(f"not run: {part}") for part in outcome.not_run]
    if row.kind != "absent":
        when = "kept from an earlier run, " if kept else ""
        lines.append(_indented(f"{when}scored in {outcome.seconds:.0f} s"))
    if outcome.files:
        n_plots = len({name.rpartition(".")[0] for name in outcome.files})
        more = f", and {n_plots - 1} more" if n_plots > 1 else ""
        lines.append(_indented(f"plots: {outcome.files[0]}{more}"))
    return "\n".join(lines)


def _by_setting(outcome: Outcome) -> list[tuple[str, list[Measurement]]]:
    """Group measurements by protocol, unit and data."""
    groups: dict[str, list[Measurement]] = {}
    for one in outcome.measurements:
        words = (_protocol_text(one), _n_text(one), one.data)
        groups.setdefault(", ".join(filter(None, words)), []).append(one)
    return list(groups.items())


def _table_lines(measurements: list[Measurement]) -> list[str]:
    width = min(MAX_NAME, max(len(one.name) for one in measurements))
    lines, last = [], ""
    for one in measurements:
        name = one.name if len(one.name) <= width else f"{one.name[: width - 3]}..."
        cost = _cost_text(one)
        if one.name == last:
            name = cost = ""
        last = one.name
        lines.append(f"      {name:<{width}}  {_numbers(one)}  {cost}".rstrip())
    return lines


def _numbers(one: Measurement) -> str:
    numbers = f"{one.measure.replace('_', ' ')} {_ours_text(one)}"
    if one.published is None:
        return numbers
    paper = value_text(one.measure, one.published)
    return f"{numbers} (paper {paper}, {_difference_text(one)})"


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="      ")


def value_text(measure: str, value: float | None) -> str:
    """Write a value as its measure is written: shares in percent."""
    if value is None:
        return ""
    if measure in SHARES:
        return f"{100 * value:.1f}"
    if float(value).is_integer() or abs(value) >= 1:
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    if abs(value) < 0.001:
        return f"{value:.2g}"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _ours_text(one: Measurement) -> str:
    ours = value_text(one.measure, one.ours)
    return ours if one.sd is None else f"{ours} ± {value_text(one.measure, one.sd)}"


def _difference_text(one: Measurement) -> str:
    difference = one.difference
    if difference is None:
        return ""
    return f"{'-' if difference < 0 else '+'}{value_text(one.measure, abs(difference))}"


def _protocol_text(one: Measurement) -> str:
    return marked(one.protocol) if one.protocol else ""


def _n_text(one: Measurement) -> str:
    return "" if one.n is None else f"{one.n} {one.unit}"


def _cost_text(one: Measurement) -> str:
    """Say what a system took: runs, parameters, seconds of training."""
    parts = [f"{one.seeds} runs"] if one.seeds > 1 else []
    if one.n_parameters is not None:
        parts.append(f"{one.n_parameters:,} parameters")
    if one.seconds is not None:
        parts.append(f"{one.seconds:.0f} s")
    return ", ".join(parts)


def page_of(done: list[tuple[Row, Outcome]], reproduction: Reproduction) -> str:
    """Lay out rows and their outcomes as one page."""
    # Several rows share trainings.
    runs = {k: v for _, outcome in done for k, v in outcome.trainings.items()}
    training, scoring = sum(runs.values()), sum(outcome.seconds for _, outcome in done)
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
            f"{reproduction.data_name}; {training / 60:.0f} min of training and "
            f"{scoring / 60:.0f} min of scoring."
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
    lines = ["# Plots, row by row"]
    if reproduction.quick:
        lines += ["", f"**{QUICK_WARNING}**"]
    for row, outcome in done:
        plots = [name for name in outcome.files if name.endswith(".png")]
        if plots:
            lines += ["", f"## {row.id}: {row.title}"]
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
        lines += [TABLE_HEAD, *map(_table_row, outcome.measurements), ""]
    lines += [f"* {finding}" for finding in outcome.findings]
    lines += [f"* Not run: {part}" for part in outcome.not_run]
    return lines if lines[-1] else lines[:-1]


def _table_row(one: Measurement) -> str:
    ours = _ours_text(one)
    if one.low is not None:
        bounds = (value_text(one.measure, bound) for bound in (one.low, one.high))
        ours += f" ({' to '.join(bounds)})"
    cells = (
        one.name,
        _protocol_text(one).replace("LEAKY", "**leaky**"),
        one.measure.replace("_", " "),
        value_text(one.measure, one.published),
        ours,
        _difference_text(one),
        _n_text(one),
        str(one.seeds),
        "" if one.n_parameters is None else f"{one.n_parameters:,}",
        "" if one.seconds is None else f"{one.seconds:.0f} s",
        one.data,
    )
    return "| " + " | ".join(cells) + " |"
