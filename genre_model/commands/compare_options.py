"""The options of ``genre-model compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.shared_options import add_data, add_scoring

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
