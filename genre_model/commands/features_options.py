"""The options of ``genre-model features``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import path_to, positive

if TYPE_CHECKING:
    import argparse


def add_features(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "features", help="compute Kaggle's feature table (needs the [train] extra)"
    )
    parser.add_argument(
        "data", type=Path, metavar="DIR", help="the GTZAN folder, with audio"
    )
    parser.add_argument(
        "--out",
        required=True,
        type=path_to(".csv"),
        metavar="FILE.csv",
        help="the table; a run that was killed goes on",
    )
    parser.add_argument(
        "--segment-seconds",
        type=positive,
        metavar="N",
        help="one row per segment of N seconds, as in Kaggle's other table (N=3)",
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        help="files at once (default: cores, up to 4)",
    )
