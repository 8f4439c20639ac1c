"""The options of ``genre-model quantise``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import path_to
from genre_model.commands.shared_options import add_source

if TYPE_CHECKING:
    import argparse


def add_quantise(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "quantise",
        help="let a model compute with 8-bit integers (needs the [train] extra)",
    )
    parser.add_argument("model", help="bundled name or .onnx file")
    parser.add_argument(
        "--data", required=True, type=Path, help="the GTZAN folder it was trained on"
    )
    add_source(parser)
    parser.add_argument("--name", help="of the new model (default: its own, and _int8)")
    parser.add_argument(
        "--out", required=True, type=path_to(".onnx"), help="the .onnx file"
    )
