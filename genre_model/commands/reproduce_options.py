"""The options of ``genre-model reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import positive
from genre_model.commands.shared_options import add_set

if TYPE_CHECKING:
    import argparse


def add_reproduce(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reproduce", help="reproduce what five papers report (needs the [train] extra)"
    )
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID",
        help="such as C5, or a paper's letter (default: every row)",
    )
    parser.add_argument("--list", action="store_true", help="list the rows, run nothing")
    parser.add_argument("--data", type=Path, help="the GTZAN folder")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reproduction"),
        help="folder for runs, results and plots (default: reproduction)",
    )
    _add_thoroughness(parser)
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="trainings at once, in processes that share the cores (default: 1)",
    )


def _add_thoroughness(parser: argparse.ArgumentParser) -> None:
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument(
        "--quick",
        action="store_true",
        help="a few batches of everything, to see that it runs; its numbers mean nothing",
    )
    how_long.add_argument(
        "--full",
        action="store_true",
        help="train as long as the papers did: days without a GPU",
    )
    parser.add_argument(
        "--seeds", type=positive, help="trainings per system (default: each row's own)"
    )
    add_set(parser)
    parser.add_argument(
        "--imagenet",
        metavar="download|FILE",
        help="begin ResNet-18 with the published weights, downloaded once or from the file "
        "(default: with random ones)",
    )
