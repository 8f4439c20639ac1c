"""The report of a sweep, laid out for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genre_model.training.data.protocols import is_leaky
from genre_model.training.search.toml_text import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = ("parameters", "seconds", "accuracy", "sd", "loss", "sd", "difference", "p")
WIDTHS = (11, 8, 9, 6, 7, 6, 11, 7)


def sweep_text(report: dict[str, Any]) -> str:
    """Lay out one table per setting; the base has a star."""
    return "\n".join(_lines(report))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{report['recipe']}: {report['protocol']}, {report['n_tracks']} whole validation "
        f"tracks, from {report['source']}; {report['seeds']} seed(s)"
    )
    if is_leaky(report["protocol"]):
        yield "LEAKY: artists or recordings are on both sides of this split"
    for setting in report["settings"]:
        yield from ("", setting["name"], *_table(setting["values"], report["base"]))
    n_tests = sum(
        not row["is_base"] for setting in report["settings"] for row in setting["values"]
    )
    test = "McNemar's exact test" if report["seeds"] == 1 else "paired t-test over tracks"
    yield ""
    yield "* the recipe itself; difference of accuracy from it in points;"
    yield f"loss: negative log-likelihood; p: {test}, uncorrected for {n_tests} test(s)"


def _table(values: list[dict[str, Any]], base: dict[str, Any]) -> Iterator[str]:
    rows = [(toml_value(row["value"]), row) for row in values]
    if not any(row["is_base"] for row in values):
        rows.insert(0, ("as it is", base))
    width = max(len("value"), *(len(name) for name, _ in rows))
    header = "".join(f"{h:>{w}}" for h, w in zip(HEADER, WIDTHS, strict=True))
    yield f"    {'value':<{width}}{header}"
    for name, row in rows:
        cells = "".join(f"{c:>{w}}" for c, w in zip(_cells(row), WIDTHS, strict=True))
        yield f"  {'*' if row['is_base'] else ' '} {name:<{width}}{cells}"


def _cells(row: dict[str, Any]) -> Iterator[str]:
    points = None if row["difference"] is None else 100 * row["difference"]
    for value, form in (
        (row["n_parameters"], "d"),
        (row["seconds"], ".0f"),
        (row["accuracy"], ".3f"),
        (row["accuracy_sd"], ".3f"),
        (row["negative_log_likelihood"], ".3f"),
        (row["negative_log_likelihood_sd"], ".3f"),
        (points, "+.1f"),
        (row["p_value"], ".3f"),
    ):
        yield "-" if value is None else f"{value:{form}}"
