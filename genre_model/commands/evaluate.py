"""``genre-model evaluate``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genre_model.atomic_file import write_atomically
from genre_model.errors import GenreModelError
from genre_model.training.plots import plot_confusion
from genre_model.training.predictions import Evaluation, predict_systems
from genre_model.training.report import comparison_text, report_of, text_of, warnings_of

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from typing import Any


def evaluate(options: argparse.Namespace) -> int:
    """Print the report of a protocol, or audio beside pictures."""
    if options.source == "both":
        if options.out:
            raise GenreModelError("--source both prints a comparison; it takes no --out")
        return _compare(_evaluation(options))
    systems = predict_systems(_evaluation(options))
    report = report_of(systems, options.protocol, options.part, options.combine)
    text = text_of(report)
    print(text)
    if options.out:
        _write(report, text, options.out)
    return 0


def _compare(evaluation: Evaluation) -> int:
    pictures = predict_systems(replace(evaluation, source="pictures"))
    audio = predict_systems(replace(evaluation, source="audio"))
    print(
        f"{evaluation.protocol}, {evaluation.part}: the {len(audio[0].track_ids)} tracks "
        "that exist as audio and as picture"
    )
    n_seen = max(system.n_seen for system in audio)
    for warning in warnings_of(evaluation.protocol, n_seen):
        print(warning)
    for heard, seen in zip(audio, pictures, strict=True):
        common = seen.subset(heard.track_ids)
        print(comparison_text(heard.subset(common.track_ids), common))
    return 0


def _evaluation(options: argparse.Namespace) -> Evaluation:
    return Evaluation(
        run_or_model=options.run_or_model,
        data_dir=options.data,
        protocol=options.protocol,
        part=options.part,
        n_seeds=options.seeds,
        source=options.source,
        combination=options.combine,
        allow_seen=options.allow_seen,
    )


def _write(report: dict[str, Any], text: str, out: Path) -> None:
    write_atomically(out / "report.json", json.dumps(report, indent=1).encode())
    write_atomically(out / "report.txt", f"{text}\n".encode())
    title = f"{report['protocol']}: {100 * report['accuracy']:.1f} % (rows in %)"
    plot_confusion(np.array(report["confusion"]), title, out / "confusion.png")
