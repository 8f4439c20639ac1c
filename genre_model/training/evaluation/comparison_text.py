"""Comparisons of two systems laid out for a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from genre_model.training.evaluation.report_text import subject_of, warnings_of


def comparison_text(report: dict[str, Any]) -> str:
    """Lay a comparison out, at most 100 columns wide but for the names of runs."""
    sections = [
        _headline(report),
        _accuracy_lines(report),
        _test_lines(report),
        wrap(report["conclusion"], 100),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def _headline(report: dict[str, Any]) -> list[str]:
    lines = [f"{subject_of(report)}: {report['n_tracks']} {report['unit']} judged by both"]
    lines += [
        f"{letter} alone judged {report[side]['n_left_out']} more, which do not count here"
        for letter, side in (("A", "a"), ("B", "b"))
        if report[side]["n_left_out"]
    ]
    n_seen = max(report["a"]["n_seen"], report["b"]["n_seen"])
    lines += warnings_of(report["protocol"], n_seen)
    if report["unit"] == "segments":
        lines.append("segments of one track are no independent trials: p is too small")
    return lines


def _accuracy_lines(report: dict[str, Any]) -> list[str]:
    lines = [_side_line(letter, report[side]) for letter, side in (("A", "a"), ("B", "b"))]
    low, high = report["difference_interval_95"]
    lines.append(
        f"  A - B      {100 * report['difference']:+5.1f} points, 95 % bootstrap interval "
        f"over {report['unit']} {100 * low:+.1f} to {100 * high:+.1f}"
    )
    return lines


def _side_line(letter: str, side: dict[str, Any]) -> str:
    low, high = side["accuracy_interval_95"]
    return (
        f"  {letter}  accuracy {side['accuracy']:.3f} (sd {side['sd']:.3f} over "
        f"{side['seeds']} seed(s); 95 % interval {low:.3f} to {high:.3f})\n"
        f"     {side['name']}, recipe {side['recipe'] or 'unknown'}"
    )


def _test_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"  {'McNemar, exact':<46}{'only A':>8}{'only B':>8}{'p':>11}"]
    lines += [
        f"  {row['what']:<46}{row['only_first']:8d}{row['only_second']:8d}"
        f"{row['p_value']:11.3g}"
        for row in report["mcnemar"]
    ]
    lines += [
        "",
        f"  {'t-test of the share of seeds that are right':<46}{'t':>16}{'p':>11}",
    ]
    for what, key in (
        ("paired by track", "paired_t_test"),
        ("unpaired (Welch)", "welch_t_test"),
    ):
        t = report[key]["t"]
        shown = "-" if t is None else f"{t:.2f}"
        lines.append(f"  {what:<46}{shown:>16}{report[key]['p_value']:11.3g}")
    return lines
