"""Reports of predictions: numbers for JSON, tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.training.gtzan import GENRES
from genre_model.training.protocols import is_leaky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.training.predictions import Predictions


#: Values of ``min_confidence`` that reports show the effect of.
THRESHOLDS = (0.3, 0.4, 0.45, 0.5, 0.6, 0.7)


def report_of(
    systems: list[Predictions], protocol: str, part: str, combination: str = "mean"
) -> dict[str, Any]:
    """Compute every number of an evaluation, ready for JSON.

    Accuracy and macro-F1 are means over seeds with the sample standard deviation; the
    table and the confusion matrix are sums over seeds.
    """
    confusions = [metrics.confusion_matrix(s.probabilities, s.labels) for s in systems]
    accuracies = [metrics.accuracy(s.probabilities, s.labels) for s in systems]
    f1s = [metrics.macro_f1(confusion) for confusion in confusions]
    n_tracks = len(systems[0].labels)
    total = np.sum(confusions, axis=0)
    return {
        "protocol": protocol,
        "leaky": is_leaky(protocol),
        "part": part,
        "combination": combination,
        "source": systems[0].source,
        "n_tracks": n_tracks,
        "seeds": len(systems),
        "n_seen": max(system.n_seen for system in systems),
        "recipe": systems[0].recipe,
        "temperature": float(np.mean([system.temperature for system in systems])),
        "accuracy": float(np.mean(accuracies)),
        "sd": _spread(accuracies),
        "accuracy_interval_95": metrics.wilson_interval(
            float(np.mean(accuracies)) * n_tracks, n_tracks
        ),
        "macro_f1": float(np.mean(f1s)),
        "macro_f1_sd": _spread(f1s),
        "negative_log_likelihood": float(
            np.mean(
                [
                    metrics.negative_log_likelihood(s.probabilities, s.labels)
                    for s in systems
                ]
            )
        ),
        "systems": [
            {"name": s.name, "accuracy": a, "macro_f1": f}
            for s, a, f in zip(systems, accuracies, f1s, strict=True)
        ],
        "selective": [_selective(systems, threshold) for threshold in THRESHOLDS],
        "genres": _genre_rows(total),
        "confusion": total.tolist(),
    }


def text_of(report: dict[str, Any]) -> str:
    """Lay a report out for a terminal."""
    lines = [_headline(report), ""]
    lines += [
        f"  {s['name']:<24} accuracy {s['accuracy']:.3f}  macro-F1 {s['macro_f1']:.3f}"
        for s in report["systems"]
    ]
    lines += ["", "  min_confidence   tracks tagged   of those right"]
    lines += [
        f"  {row['min_confidence']:14.2f} {row['coverage']:15.3f} {row['accuracy']:16.3f}"
        for row in report["selective"]
        if row["coverage"]
    ]
    lines += ["", f"  {'genre':<10} precision  recall      F1   tracks"]
    lines += [
        f"  {row['genre']:<10} {row['precision']:9.3f} {row['recall']:7.3f} "
        f"{row['f1']:7.3f} {row['tracks'] / report['seeds']:8.0f}"
        for row in report["genres"]
    ]
    lines += ["", "  true genre (row) against predicted (column), sum over seeds"]
    lines += _confusion_lines(np.array(report["confusion"]))
    return "\n".join(lines)


def comparison_text(audio: Predictions, pictures: Predictions) -> str:
    """Lay out how one system hears the same tracks as audio and as pictures."""
    if audio.track_ids != pictures.track_ids:
        raise ValueError("audio and pictures must be of the same tracks")
    right = [
        int(np.sum(p.probabilities.argmax(axis=1) == p.labels)) for p in (audio, pictures)
    ]
    n_tracks = len(audio.labels)
    difference = float(np.abs(audio.probabilities - pictures.probabilities).mean())
    agree = np.sum(
        audio.probabilities.argmax(axis=1) == pictures.probabilities.argmax(axis=1)
    )
    return (
        f"  {audio.name:<24} audio {right[0]}/{n_tracks} right, pictures {right[1]}/"
        f"{n_tracks}, same genre on {agree}, mean difference of probability "
        f"{difference:.3f}"
    )


def warnings_of(protocol: str, n_seen: int) -> list[str]:
    """Say why a score means less than it seems to, if it does."""
    warnings = []
    if is_leaky(protocol):
        warnings.append("LEAKY: artists and recordings are on both sides of this split")
    if n_seen:
        warnings.append(f"SEEN: the model was trained on {n_seen} of these tracks")
    return warnings


def _headline(report: dict[str, Any]) -> str:
    low, high = report["accuracy_interval_95"]
    text = (
        f"{report['protocol']}, {report['part']} tracks, whole, from {report['source']}:\n"
        f"accuracy {report['accuracy']:.3f} (sd {report['sd']:.3f} over {report['seeds']} "
        f"seed(s); 95 % interval of {report['n_tracks']} tracks {low:.3f} to {high:.3f}), "
        f"macro-F1 {report['macro_f1']:.3f}"
    )
    return "\n".join([text, *warnings_of(report["protocol"], report["n_seen"])])


def _selective(systems: list[Predictions], threshold: float) -> dict[str, float | None]:
    """Share of tracks that are at least so confident, and how many of those are right."""
    probabilities = np.concatenate([system.probabilities for system in systems])
    labels = np.concatenate([system.labels for system in systems])
    sure = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1) == labels
    return {
        "min_confidence": threshold,
        "coverage": float(sure.mean()),
        "accuracy": float(right[sure].mean()) if sure.any() else None,
    }


def _genre_rows(confusion: NDArray[np.int64]) -> list[dict[str, Any]]:
    return [
        {
            "genre": genre,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "tracks": int(support),
        }
        for genre, (precision, recall, f1, support) in zip(
            GENRES, metrics.genre_table(confusion), strict=True
        )
    ]


def _confusion_lines(confusion: NDArray[np.int64]) -> list[str]:
    short = [genre[:6] for genre in GENRES]
    lines = ["  " + " " * 10 + "".join(f"{name:>8}" for name in short)]
    for genre, row in zip(GENRES, confusion, strict=True):
        lines.append(f"  {genre:<10}" + "".join(f"{count:8d}" for count in row))
    return lines


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
