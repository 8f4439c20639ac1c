"""Reports laid out for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.training.data.protocols import LEAK_OF_PROTOCOL
from genre_model.training.evaluation.calibration import N_BINS

if TYPE_CHECKING:
    from genre_model.training.evaluation.predictions import Predictions

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
    """Lay out how one system hears the same tracks as audio and as pictures."""
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
    """Say why a score means less than it seems to, if it does."""
    warnings = []
    if leak := LEAK_OF_PROTOCOL[protocol]:
        warnings.append(f"LEAKY: {leak}")
    if n_seen:
        warnings.append(f"SEEN: the model was trained on {n_seen} of these tracks")
    return warnings


def subject_of(report: dict[str, Any]) -> str:
    """Say which tracks were judged, and how."""
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
    lines = []
    for name, title in TITLES.items():
        if name in report:
            spread = f" (sd {report[f'{name}_sd']:.3f})" if report["seeds"] > 1 else ""
            lines.append(f"  {title:<33} {report[name]:.3f}{spread}{_note(report, name)}")
    return lines


def _note(report: dict[str, Any], name: str) -> str:
    if name.startswith("coverage_at"):
        return "; by the best threshold in hindsight"
    if name == "calibration_error_floor":
        return f"; in 95 % of cases below {report['calibration_error_floor_95']:.3f}"
    return ""


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
