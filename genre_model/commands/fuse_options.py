"""The options of ``genre-model fuse``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import share
from genre_model.commands.shared_options import add_source

if TYPE_CHECKING:
    import argparse


def add_fuse(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fuse",
        help="join the networks of two folders of runs (needs the [train] extra)",
    )
    parser.add_argument("runs", type=Path, nargs=2, help="folders that train wrote")
    parser.add_argument(
        "--data", required=True, type=Path, help="the GTZAN folder they were trained on"
    )
    add_source(parser)
    parser.add_argument(
        "--share",
        type=share,
        default=0.5,
        help="of the second network in the mean of the logits, 0 to 1 (default: 0.5)",
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the new runs")
