"""The options of ``genre-model train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import natural, positive
from genre_model.commands.shared_options import (
    add_data,
    add_leave_out,
    add_set,
    add_source,
    add_threads,
)

if TYPE_CHECKING:
    import argparse


def add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("train", help="train a recipe (needs the [train] extra)")
    parser.add_argument("recipe", help="name of a recipe, or a .toml file")
    add_data(parser)
    parser.add_argument("--out", required=True, type=Path, help="folder for the runs")
    add_source(parser)
    parser.add_argument(
        "--seeds", type=positive, default=1, help="trainings per fold (default: 1)"
    )
    add_set(parser)
    add_leave_out(parser)
    parser.add_argument(
        "--genres",
        metavar="GENRE,GENRE",
        help="the only genres to tell apart (default: all ten)",
    )
    parser.add_argument(
        "--imagenet",
        type=Path,
        metavar="FILE",
        help="the published weights of ResNet-18, for recipes that begin with them "
        "(default: downloaded once)",
    )
    parser.add_argument("--first-seed", type=natural, default=0, help="default: 0")
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="trainings at once, in processes that share the cores, or the GPU "
        "(default: 1)",
    )
    add_threads(parser)
