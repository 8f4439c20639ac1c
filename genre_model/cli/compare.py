"""``genre-model compare``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.cli.evaluate import evaluation_of
from genre_model.cli.shared_options import add_data, add_scoring

if TYPE_CHECKING:
    import argparse


def add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare", help="test whether one run is better than another (needs [train])"
    )
    for name in ("run_a", "run_b"):
        parser.add_argument(
            name, metavar=name.upper(), help="folder of runs, .onnx file or bundled name"
        )
    add_data(parser)
    add_scoring(parser)
    parser.add_argument(
        "--out", type=Path, help="folder for comparison.json and comparison.txt"
    )


def compare(options: argparse.Namespace) -> int:
    """Print both accuracies, the tests of their difference, and what follows."""
    from genre_model.training.evaluation.comparison import comparison_of, comparison_text
    from genre_model.training.evaluation.predictions import predict_systems

    runs = (options.run_a, options.run_b)
    first, second = (predict_systems(evaluation_of(options, run)) for run in runs)
    report = comparison_of(
        first, second, runs, options.protocol, options.part, options.combine
    )
    text = comparison_text(report)
    print(text)
    if options.out:
        content = json.dumps(report, indent=1).encode()
        write_atomically(options.out / "comparison.json", content)
        write_atomically(options.out / "comparison.txt", f"{text}\n".encode())
    return 0
