"""Reports of predictions: every number of an evaluation, as JSON, text and plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.atomic_file import write_atomically
from genre_model.errors import TrainingDataError
from genre_model.metrics import N_BINS, measures_of, reliability_bins, risk_coverage
from genre_model.training.data.protocols import LEAK_OF_PROTOCOL, is_leaky
from genre_model.training.plots import (
    plot_confusion,
    plot_genre_bars,
    plot_reliability,
    plot_risk_coverage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.training.evaluation.predictions import Predictions


#: Values of ``min_confidence`` that reports show the effect of.
THRESHOLDS = (0.3, 0.4, 0.45, 0.5, 0.6, 0.7)
#: Points of the risk-coverage curve in a report, evenly spaced up to full coverage.
N_CURVE_POINTS = 20


def report_of(
    systems: list[Predictions],
    protocol: str,
    part: str,
    combination: str = "mean",
    members: Sequence[Predictions] = (),
) -> dict[str, Any]:
    """Compute every number of an evaluation, ready for JSON.

    Each of :func:`measures_of` is a mean over seeds, with the sample standard deviation;
    the table, the confusion matrix and the reliability are sums over seeds.

    Args:
        systems: the seeds of one recipe.
        protocol: that chose the tracks.
        part: of the protocol's tracks.
        combination: how segments became tracks.
        members: of the one system, if it is an ensemble.

    Raises:
        TrainingDataError: if the systems are of several recipes or genres.
    """
    _check_alike(systems)
    first, n_tracks = systems[0], len(systems[0].labels)
    measured = [measures_of(s.probabilities, s.labels) for s in systems]
    means = {name: float(np.mean([m[name] for m in measured])) for name in measured[0]}
    spreads = {name: _spread([m[name] for m in measured]) for name in measured[0]}
    report = {
        "protocol": protocol,
        "leaky": is_leaky(protocol),
        "part": part,
        "unit": first.unit,
        "combination": combination,
        "source": first.source,
        "n_tracks": n_tracks,
        "seeds": len(systems),
        "n_seen": max(system.n_seen for system in systems),
        "recipe": first.recipe,
        "recipe_hash": first.recipe_hash,
        "temperature": float(np.mean([system.temperature for system in systems])),
        **means,
        "sd": spreads.pop("accuracy"),
        **{f"{name}_sd": spread for name, spread in spreads.items()},
        "accuracy_interval_95": metrics.wilson_interval(
            means["accuracy"] * n_tracks, n_tracks
        ),
        "systems": [{"name": s.name, **m} for s, m in zip(systems, measured, strict=True)],
        **_pooled(systems),
    }
    if members:
        report["members"] = [
            {"name": s.name, **measures_of(s.probabilities, s.labels)} for s in members
        ]
    return report


def pooled_confidences(
    systems: list[Predictions],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return confidences of all seeds, and if each is right [shape=(n_predictions,)]."""
    confidences = np.concatenate([s.probabilities.max(axis=1) for s in systems])
    return confidences, np.concatenate([s.right for s in systems])


def _check_alike(systems: list[Predictions]) -> None:
    for what in ("recipe", "recipe_hash", "genres"):
        found = list(dict.fromkeys(str(getattr(system, what)) for system in systems))
        if len(found) > 1:
            raise TrainingDataError(
                f"systems of different {what} ({found[0]} and {found[1]}) have no mean: "
                "report each for itself"
            )


def _pooled(systems: list[Predictions]) -> dict[str, Any]:
    """Compute what is not a number per seed, over the predictions of all seeds."""
    confidences, right = pooled_confidences(systems)
    coverage, risk = risk_coverage(confidences, right)
    bins = reliability_bins(confidences, right)
    confusion = np.sum(
        [metrics.confusion_matrix(s.probabilities, s.labels) for s in systems], axis=0
    )
    genres = zip(systems[0].genres, metrics.genre_table(confusion), strict=True)
    return {
        "selective": [_selective(confidences, right, low) for low in THRESHOLDS],
        "risk_coverage": [
            {"coverage": float(point), "risk": float(np.interp(point, coverage, risk))}
            for point in np.arange(1, N_CURVE_POINTS + 1) / N_CURVE_POINTS
        ],
        "reliability": [
            {
                "from": float(bins.edges[index]),
                "to": float(bins.edges[index + 1]),
                "tracks": int(bins.n_tracks[index]),
                "confidence": float(bins.confidences[index]),
                "accuracy": float(bins.accuracies[index]),
            }
            for index in np.flatnonzero(bins.n_tracks)
        ],
        "genres": [
            {"genre": genre}
            | dict(zip(("precision", "recall", "f1"), map(float, row[:3]), strict=True))
            | {"tracks": int(row[3])}
            for genre, row in genres
        ],
        "confusion": confusion.tolist(),
    }


def _selective(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], threshold: float
) -> dict[str, float | None]:
    """Return the share of tracks that are so confident, and how many of those are right."""
    sure = confidences >= threshold
    return {
        "min_confidence": threshold,
        "coverage": float(sure.mean()),
        "accuracy": float(right[sure].mean()) if sure.any() else None,
    }


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


#: What a measure of a report is called, in the order of the table.
TITLES = {
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "top_3": "true genre among the first 3",
    "negative_log_likelihood": "negative log-likelihood",
    "brier": "Brier score (0 to 2)",
    "calibration_error": f"calibration error, {N_BINS} bins",
    "calibration_error_floor": "- of a perfectly calibrated model",
    "aurc": "area under risk-coverage",
    "coverage_at_85": "coverage at 85 % accuracy",
    "coverage_at_90": "coverage at 90 % accuracy",
}
UNCALIBRATED = "UNCALIBRATED: at temperature 1, in place of what validation tracks say"
HEADINGS = {
    "systems": "accuracy of each system",
    "members": "the members of the ensemble, each for itself",
}


def text_of(report: dict[str, Any]) -> str:
    """Lay a report out, at most 100 columns wide."""
    sections = [
        _headline(report),
        *(_system_lines(report, key) for key in HEADINGS if key in report),
        _measure_lines(report),
        _selective_lines(report),
        _genre_lines(report),
        _confusion_lines(report),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def sources_text(audio: Predictions, pictures: Predictions) -> str:
    """Compare one system on the same tracks as audio and as pictures."""
    if audio.track_ids != pictures.track_ids:
        raise ValueError("audio and pictures must be of the same tracks")
    n_tracks = len(audio.labels)
    difference = float(np.abs(audio.probabilities - pictures.probabilities).mean())
    agree = np.sum(
        audio.probabilities.argmax(axis=1) == pictures.probabilities.argmax(axis=1)
    )
    return (
        f"  {audio.name:<24} audio {audio.right.sum()}/{n_tracks} right, pictures "
        f"{pictures.right.sum()}/{n_tracks}, same genre on {agree}, mean difference of "
        f"probability {difference:.3f}"
    )


def warnings_of(protocol: str, n_seen: int) -> list[str]:
    """Return the reasons why a score means less than it seems to."""
    warnings = []
    if leak := LEAK_OF_PROTOCOL[protocol]:
        warnings.append(f"LEAKY: {leak}")
    if n_seen:
        warnings.append(f"SEEN: the model was trained on {n_seen} of these tracks")
    return warnings


def subject_of(report: dict[str, Any]) -> str:
    """Return which tracks were scored, and how."""
    unit = "segments, each for itself" if report["unit"] == "segments" else "whole tracks"
    how = ", majority vote of segments" if report["combination"] == "vote" else ""
    return f"{report['protocol']}, {report['part']}, {unit} from {report['source']}{how}"


def _headline(report: dict[str, Any]) -> list[str]:
    low, high = report["accuracy_interval_95"]
    accuracy = (
        f"accuracy {report['accuracy']:.3f} (sd {report['sd']:.3f} over {report['seeds']} "
        f"seed(s); 95 % interval of {report['n_tracks']} {report['unit']} {low:.3f} to "
        f"{high:.3f}),"
    )
    return [
        f"{subject_of(report)}:",
        accuracy,
        f"macro-F1 {report['macro_f1']:.3f} (sd {report['macro_f1_sd']:.3f})",
        *warnings_of(report["protocol"], report["n_seen"]),
        *([UNCALIBRATED] if report.get("is_uncalibrated") else []),
    ]


def _system_lines(report: dict[str, Any], key: str) -> list[str]:
    return [f"  {HEADINGS[key]}"] + [
        f"  {_end_of(row['name']):<24} accuracy {row['accuracy']:.3f}  "
        f"macro-F1 {row['macro_f1']:.3f}"
        for row in report[key]
    ]


def _end_of(name: str) -> str:
    """Shorten the path of a run to what tells it from others."""
    longest = 100 - len("  accuracy 0.000  macro-F1 0.000  ")
    return name if len(name) <= longest else f"...{name[3 - longest :]}"


def _measure_lines(report: dict[str, Any]) -> list[str]:
    in_hindsight = "; by the best threshold in hindsight"
    below = f"; in 95 % of cases below {report['calibration_error_floor_95']:.3f}"
    notes = dict.fromkeys(("coverage_at_85", "coverage_at_90"), in_hindsight)
    notes["calibration_error_floor"] = below
    lines = []
    for name, title in TITLES.items():
        if name in report:
            spread = f" (sd {report[f'{name}_sd']:.3f})" if report["seeds"] > 1 else ""
            lines.append(f"  {title:<33} {report[name]:.3f}{spread}{notes.get(name, '')}")
    return lines


def _selective_lines(report: dict[str, Any]) -> list[str]:
    return [f"  min_confidence {report['unit'] + ' tagged':>17}   of those right"] + [
        f"  {row['min_confidence']:14.2f} {row['coverage']:17.3f} {row['accuracy']:16.3f}"
        for row in report["selective"]
        if row["coverage"]
    ]


def _genre_lines(report: dict[str, Any]) -> list[str]:
    return [f"  {'genre':<10} precision  recall      F1 {report['unit']:>8}"] + [
        f"  {row['genre']:<10} {row['precision']:9.3f} {row['recall']:7.3f} "
        f"{row['f1']:7.3f} {row['tracks'] / report['seeds']:8.0f}"
        for row in report["genres"]
    ]


def _confusion_lines(report: dict[str, Any]) -> list[str]:
    genres = [row["genre"] for row in report["genres"]]
    lines = ["  true genre (row) against predicted (column), sum over seeds"]
    lines.append("  " + " " * 10 + "".join(f"{genre[:6]:>8}" for genre in genres))
    for genre, row in zip(genres, report["confusion"], strict=True):
        lines.append(f"  {genre:<10}" + "".join(f"{count:8d}" for count in row))
    return lines


def write_evaluation(
    systems: list[Predictions], report: dict[str, Any], text: str, out: Path
) -> None:
    """Write ``report.json``, ``report.txt`` and four plots, each as PNG and as SVG."""
    write_atomically(out / "report.json", json.dumps(report, indent=1).encode())
    write_atomically(out / "report.txt", f"{text}\n".encode())
    title = f"{report['protocol']}: {100 * report['accuracy']:.1f} %"
    for mark, is_due in (("LEAKY", report["leaky"]), ("SEEN", report["n_seen"])):
        title += f" ({mark})" if is_due else ""
    rows = report["genres"]
    genres = [row["genre"] for row in rows]
    plot_confusion(np.array(report["confusion"]), title, out / "confusion", genres=genres)
    plot_genre_bars(
        {name: [row[name] for row in rows] for name in ("precision", "recall", "f1")},
        title,
        out / "genres",
        n_tracks={"recall": [row["tracks"] / report["seeds"] for row in rows]},
        measure="precision, recall, F1",
        genres=genres,
    )
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
