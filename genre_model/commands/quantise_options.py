"""The options of ``genre-model quantise``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.shared_options import add_source

if TYPE_CHECKING:
    import argparse


def add_quantise(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "quantise",
        help="let a model compute with 8-bit integers (needs the [train] extra)",
    )
    parser.add_argument(
        "model", help="bundled name, .onnx file, or folder of runs, to be evaluated"
    )
    parser.add_argument(
        "--data", required=True, type=Path, help="the GTZAN folder it was trained on"
    )
    add_source(parser)
    parser.add_argument("--name", help="of the new model (default: its own, and _int8)")
    parser.add_argument(
        "--report",
        type=Path,
        action="append",
        default=[],
        help="report.json of runs that were quantised likewise, for the card; repeatable",
    )
    parser.add_argument(
        "--out", required=True, type=Path, help="the .onnx file; of runs, a folder"
    )
