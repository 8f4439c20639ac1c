"""``genre-model export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export", help="write the model of a run with the accuracy that was measured"
    )
    parser.add_argument("run", type=Path, help="folder of one training (.../seed-0)")
    parser.add_argument("--name", required=True, help="such as genre_crnn_v1")
    parser.add_argument("--out", required=True, type=Path, help="the .onnx file")
    parser.add_argument(
        "--report",
        required=True,
        action="append",
        type=Path,
        help="report.json of the same recipe without its test tracks; repeatable",
    )


def export(options: argparse.Namespace) -> int:
    """Write a model file for distribution, and print where it is."""
    from genre_model.training.export import publish

    publish(options.run, options.report, options.name, options.out)
    print(options.out)
    return 0
