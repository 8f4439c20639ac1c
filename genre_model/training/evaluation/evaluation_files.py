"""The files of an evaluation: its report for machines, for people, and in plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.atomic_file import write_atomically
from genre_model.training.evaluation.calibration import reliability_bins
from genre_model.training.evaluation.report import pooled_confidences
from genre_model.training.evaluation.selective import risk_coverage
from genre_model.training.plots import (
    plot_confusion,
    plot_genre_bars,
    plot_reliability,
    plot_risk_coverage,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.evaluation.predictions import Predictions


def write_evaluation(
    systems: list[Predictions], report: dict[str, Any], text: str, out: Path
) -> None:
    """Write ``report.json``, ``report.txt`` and four plots, each as PNG and as SVG.

    Args:
        systems: what was judged.
        report: of :func:`report_of`.
        text: of :func:`text_of`.
        out: folder that gets the files.
    """
    write_atomically(out / "report.json", json.dumps(report, indent=1).encode())
    write_atomically(out / "report.txt", f"{text}\n".encode())
    title = f"{report['protocol']}: {100 * report['accuracy']:.1f} %"
    for mark, is_due in (("LEAKY", report["leaky"]), ("SEEN", report["n_seen"])):
        title += f" ({mark})" if is_due else ""
    confusion, genres = np.array(report["confusion"]), systems[0].genres
    plot_confusion(confusion, title, out / "confusion", genres=genres)
    _plot_genres(report, title, out)
    _plot_confidence(systems, report, title, out)


def _plot_genres(report: dict[str, Any], title: str, out: Path) -> None:
    rows, n_seeds = report["genres"], report["seeds"]
    bars = {name: [row[name] for row in rows] for name in ("precision", "recall", "f1")}
    plot_genre_bars(
        bars,
        title,
        out / "genres",
        n_tracks={"recall": [row["tracks"] / n_seeds for row in rows]},
        measure="precision, recall, F1",
        genres=[row["genre"] for row in rows],
    )


def _plot_confidence(
    systems: list[Predictions], report: dict[str, Any], title: str, out: Path
) -> None:
    plot_reliability(
        reliability_bins(*pooled_confidences(systems)),
        title,
        out / "reliability",
        calibration_error=report["calibration_error"],
        noise_floor=report["calibration_error_floor"],
        n_systems=len(systems),
    )
    curves = {s.name: risk_coverage(s.probabilities.max(axis=1), s.right) for s in systems}
    plot_risk_coverage(curves, title, out / "risk_coverage")
