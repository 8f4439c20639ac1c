"""``genre-model evaluate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from genre_model.training.evaluate import predict_protocol
from genre_model.training.gtzan import find_tracks
from genre_model.training.plots import plot_confusion
from genre_model.training.report import comparison_text, report_of, text_of
from genre_model.training.run_folder import write_atomically

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from typing import Any

    from genre_model.training.evaluate import Predictions
    from genre_model.training.gtzan import Source


def evaluate(options: argparse.Namespace) -> int:
    """Print the report of a protocol, or audio beside pictures."""
    if options.source == "both":
        return _compare(options)
    source: Source = options.source
    if source == "auto":
        is_picture = find_tracks(options.data, source)[0].is_picture
        source = "pictures" if is_picture else "audio"
    report = report_of(_predict(options, source), options.protocol, source)
    text = text_of(report)
    print(text)
    if options.out:
        _write(report, text, options.out)
    return 0


def _compare(options: argparse.Namespace) -> int:
    pictures = _predict(options, "pictures")
    audio = _predict(options, "audio")
    print(f"{options.protocol}: test tracks that exist as audio and as picture")
    for heard, seen in zip(audio, pictures, strict=True):
        print(comparison_text(heard, seen.subset(heard.track_ids)))
    return 0


def _predict(options: argparse.Namespace, source: Source) -> list[Predictions]:
    return predict_protocol(
        options.run_or_model,
        options.data,
        options.protocol,
        options.seeds,
        source,
        options.combine,
        allow_seen=options.allow_seen,
    )


def _write(report: dict[str, Any], text: str, out: Path) -> None:
    write_atomically(out / "report.json", json.dumps(report, indent=1).encode())
    write_atomically(out / "report.txt", f"{text}\n".encode())
    title = f"{report['protocol']}: {100 * report['accuracy']:.1f} % (rows in %)"
    plot_confusion(np.array(report["confusion"]), title, out / "confusion.png")
