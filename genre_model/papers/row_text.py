"""Rows of the papers for a terminal."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from genre_model.papers.rows import marked

if TYPE_CHECKING:
    from genre_model.papers.outcome import Measurement, Outcome
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


def list_of_rows(rows: list[Row]) -> str:
    """Lay out what there is to reproduce, paper by paper."""
    lines: list[str] = []
    paper = ""
    for row in rows:
        if row.paper != paper:
            paper = row.paper
            lines += ["", paper] if lines else [paper]
        how = f"not reproduced: {row.note}" if row.kind == "absent" else _how(row)
        lines.append(
            fill(f"  {row.id:<4} {row.title}: {how}", WIDTH, subsequent_indent=" " * 7)
        )
    return "\n".join(lines)


def text_of_row(row: Row, outcome: Outcome, *, kept: bool = False) -> str:
    """Lay out what came of a row, now or (``kept``) in an earlier run."""
    lines = ["", f"{row.id}  {row.title}, {row.paper.partition(':')[0]}"]
    if row.published:
        lines.append(_indented(f"paper: {row.published}"))
    if outcome.absent:
        lines.append(_indented(f"not reproduced: {outcome.absent}"))
    for setting, measurements in _by_setting(outcome):
        lines += [f"    {setting}"] * bool(setting)
        lines += _table_lines(measurements)
    lines += [_indented(finding) for finding in outcome.findings]
    lines += [_indented(f"not run: {part}") for part in outcome.not_run]
    if row.kind != "absent":
        when = "kept from an earlier run, " * kept
        lines.append(_indented(f"{when}scored in {outcome.seconds:.0f} s"))
    if outcome.files:
        n_plots = len({name.rpartition(".")[0] for name in outcome.files})
        more = f", and {n_plots - 1} more" * (n_plots > 1)
        lines.append(_indented(f"plots: {outcome.files[0]}{more}"))
    return "\n".join(lines)


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


def protocol_text(measurement: Measurement) -> str:
    """Name the protocol, and say if it leaks."""
    return f"{measurement.protocol} LEAKY" if measurement.leaky else measurement.protocol


def _how(row: Row) -> str:
    if row.kind == "check":
        return (
            f"computed, of the networks of {', '.join(row.needs)}"
            if row.needs
            else "computed"
        )
    n = len(row.systems)
    protocols = dict.fromkeys(
        name for system in row.systems for name in (*row.protocols, *system.protocols)
    )
    return f"{n} system{'s' * (n > 1)}, {', '.join(map(marked, protocols))}"


def _by_setting(outcome: Outcome) -> list[tuple[str, list[Measurement]]]:
    """Group measurements by what was judged on what."""
    groups: dict[str, list[Measurement]] = {}
    for one in outcome.measurements:
        tested = f"{one.n} {one.unit}" if one.n is not None else ""
        words = (protocol_text(one), tested, one.data)
        groups.setdefault(", ".join(filter(None, words)), []).append(one)
    return list(groups.items())


def _table_lines(measurements: list[Measurement]) -> list[str]:
    width = min(MAX_NAME, max(len(one.name) for one in measurements))
    lines, last = [], ""
    for one in measurements:
        name = "" if one.name == last else _cut(one.name, width)
        cost = "" if one.name == last else cost_text(one)
        last = one.name
        lines.append(f"      {name:<{width}}  {_numbers(one)}  {cost}".rstrip())
    return lines


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 3]}..."


def _numbers(one: Measurement) -> str:
    ours = value_text(one.measure, one.ours)
    if one.sd is not None:
        ours += f" ± {value_text(one.measure, one.sd)}"
    measure = one.measure.replace("_", " ")
    if one.published is None:
        return f"{measure} {ours}"
    paper = value_text(one.measure, one.published)
    return f"{measure} {ours} (paper {paper}, {difference_text(one)})"


def cost_text(one: Measurement) -> str:
    """Say what a system took: runs, parameters, seconds of training."""
    parts = [f"{one.seeds} runs" * (one.seeds > 1)]
    if one.n_parameters is not None:
        parts.append(f"{one.n_parameters:,} parameters")
    if one.seconds is not None:
        parts.append(f"{one.seconds:.0f} s")
    return ", ".join(filter(None, parts))


def difference_text(one: Measurement) -> str:
    """Write ours minus the paper's with its sign; nothing if the paper gives nothing."""
    difference = one.difference
    if difference is None:
        return ""
    return f"{'-' if difference < 0 else '+'}{value_text(one.measure, abs(difference))}"


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="      ")
