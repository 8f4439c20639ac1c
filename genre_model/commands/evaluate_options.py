"""The options of ``genre-model evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.shared_options import add_data, add_scoring

if TYPE_CHECKING:
    import argparse


def add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate", help="score a model or a run's models (needs the [train] extra)"
    )
    parser.add_argument(
        "runs_or_models",
        nargs="+",
        metavar="RUN_OR_MODEL",
        help="folder of runs, .onnx file or bundled name; several only with --ensemble",
    )
    add_data(parser)
    add_scoring(parser, "both")
    parser.add_argument(
        "--uncalibrated",
        action="store_true",
        help="score at temperature 1, as the network was before it was calibrated",
    )
    parser.add_argument(
        "--ensemble",
        action="store_true",
        help="score the mean probability of all seeds and runs, as one system",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for report.json, report.txt and plots"
    )
