"""Rows of the papers for a terminal."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genre_model.training.papers.outcome import Measurement, Outcome
    from genre_model.training.papers.rows import Row

WIDTH = 100
#: Measures that are shares, shown in percent.
SHARES = (
    "accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "top_3",
    "recall",
    "mean overlap",
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


def text_of_row(row: Row, outcome: Outcome) -> str:
    """Lay out what came of a row."""
    lines = ["", f"{row.id}  {row.title} ({row.paper.partition(':')[0]})"]
    if row.published:
        lines.append(_indented(f"paper: {row.published}"))
    if outcome.absent:
        lines.append(_indented(f"not reproduced: {outcome.absent}"))
    lines += [_line(one) for one in outcome.measurements]
    lines += [_indented(finding) for finding in outcome.findings]
    if outcome.files:
        lines.append(_indented(f"plots: {', '.join(_pictures(outcome))}"))
    return "\n".join(lines)


def value_text(measure: str, value: float | None) -> str:
    """Write a value as its measure is written: shares in percent."""
    if value is None:
        return ""
    if measure in SHARES:
        return f"{100 * value:.1f}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def protocol_text(measurement: Measurement) -> str:
    """Name the protocol, and say if it leaks."""
    return f"{measurement.protocol} LEAKY" if measurement.leaky else measurement.protocol


def _how(row: Row) -> str:
    if row.kind == "check":
        return "checked"
    n = len(row.systems)
    protocols = dict.fromkeys(
        name for system in row.systems for name in (*row.protocols, *system.protocols)
    )
    return f"{n} system{'s' * (n > 1)}, {', '.join(protocols)}"


def _line(one: Measurement) -> str:
    ours = value_text(one.measure, one.ours)
    if one.sd is not None:
        ours += f" ± {value_text(one.measure, one.sd)}"
    parts = [f"{one.name}, {protocol_text(one)}" if one.protocol else one.name]
    parts.append(f"{one.measure} {ours}")
    if one.published is not None:
        paper = value_text(one.measure, one.published)
        parts.append(f"paper {paper}, {_signed(one)}")
    if one.n is not None:
        parts.append(f"{one.n} {one.unit}, {one.seeds} run{'s' * (one.seeds > 1)}")
    if one.n_parameters is not None:
        parts.append(f"{one.n_parameters:,} parameters")
    if one.seconds is not None:
        parts.append(f"{one.seconds:.0f} s")
    if one.data:
        parts.append(one.data)
    return _indented("; ".join(parts))


def _signed(one: Measurement) -> str:
    difference = one.difference or 0.0
    text = value_text(one.measure, abs(difference))
    return f"{'-' if difference < 0 else '+'}{text}"


def _pictures(outcome: Outcome) -> list[str]:
    return [name for name in outcome.files if name.endswith(".png")]


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="      ")
