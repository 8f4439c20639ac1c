"""``genre-model predict``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.cli.option_values import positive
from genre_model.cli.shared_options import add_combine
from genre_model.errors import GenreModelError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from genre_model.batch import FileOutcome
    from genre_model.model.track_probabilities import TrackPrediction

#: Smaller probabilities of unknown files would be printed as 0.00.
SHOWN_FROM = 0.005


def add_predict(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("predict", help="print the genres of audio files")
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="FILE|DIR",
        help="audio, or folders to search for it",
    )
    parser.add_argument("--model", help="name of a model, or an .onnx file")
    parser.add_argument(
        "--top", type=positive, default=3, help="genres per file (default: 3)"
    )
    parser.add_argument("--segments", action="store_true", help="also each segment")
    parser.add_argument("--json", action="store_true", help="one JSON object per file")
    add_combine(parser)
    parser.add_argument(
        "-t", "--threads", type=positive, help="files at once (default: cores, up to 4)"
    )


def predict(options: argparse.Namespace) -> int:
    """Print the genres of files, one line each, as soon as they are known."""
    from genre_model.batch import predict_files
    from genre_model.worker.isolated_classifier import IsolatedClassifier

    classifier = IsolatedClassifier.load(options.model, options.combine)
    paths = _audio_files(options.paths)
    n_failed = n_files = 0
    for outcome in predict_files(classifier, paths, n_threads=options.threads):
        n_files += 1
        n_failed += outcome.result is None
        _print_outcome(outcome, options)
    if not n_files:
        raise GenreModelError("no audio files in " + ", ".join(map(str, options.paths)))
    return 1 if n_failed else 0


def _audio_files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                file = type(path)(folder, name)
                if file.suffix.lower() in AUDIO_SUFFIXES and not name.startswith("."):
                    yield file


def _print_outcome(
    outcome: FileOutcome[TrackPrediction], options: argparse.Namespace
) -> None:
    if options.json:
        print(json.dumps(_json_of(outcome, segments=options.segments)), flush=True)
    elif outcome.result is None:
        print(printable(f"genre-model: {outcome.error}"), file=sys.stderr, flush=True)
    else:
        for line in _lines_of(outcome.result, options.top, segments=options.segments):
            print(printable(line), flush=True)


def _json_of(outcome: FileOutcome[TrackPrediction], *, segments: bool) -> dict[str, Any]:
    if outcome.result is None:
        return {"path": str(outcome.path), "error": str(outcome.error)}
    prediction = outcome.result
    strangeness = prediction.strangeness
    values: dict[str, Any] = {
        "path": str(prediction.path),
        "genre": None if prediction.is_unknown else prediction.genre,
        "confidence": _rounded(prediction.confidence),
        "unknown": prediction.is_unknown,
        "strangeness": None if strangeness is None else _rounded(strangeness),
        "probabilities": _named(prediction, prediction.probabilities),
    }
    if segments:
        values["segments"] = [
            {
                "start_seconds": round(float(start), 3),
                "probabilities": _named(prediction, row),
            }
            for start, row in zip(
                prediction.start_seconds, prediction.segment_probabilities, strict=True
            )
        ]
    return values


def _lines_of(prediction: TrackPrediction, top: int, *, segments: bool) -> Iterator[str]:
    least = SHOWN_FROM if prediction.is_unknown else 0.0
    said = [f"{genre} {p:.2f}" for genre, p in prediction.ranked(top) if p >= least]
    if prediction.strangeness is not None and prediction.is_unknown:
        shown = max(prediction.strangeness, 1.01)  # never "1.00 > 1"
        said.insert(0, f"unknown (strangeness {shown:.2f} > 1)")
    yield f"{prediction.path}: {', '.join(said)}"
    if not segments:
        return
    for start, row in zip(
        prediction.start_seconds, prediction.segment_probabilities, strict=True
    ):
        minutes, seconds = divmod(int(start), 60)
        best_segment = int(row.argmax())
        genre = prediction.genres[best_segment]
        yield f"  {minutes:3d}:{seconds:02d}  {genre} {row[best_segment]:.2f}"


def _named(prediction: TrackPrediction, row: Any) -> dict[str, float]:
    return {g: _rounded(p) for g, p in zip(prediction.genres, row, strict=True)}


def _rounded(probability: float) -> float:
    return round(float(probability), 6)


def printable(text: str) -> str:
    """Replace control characters and those that are no text."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
