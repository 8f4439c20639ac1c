"""The options of ``genre-model pretrain``."""

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

#: What is made, and how often it is gone through, unless somebody says otherwise.
N_MIXTURES, N_EPOCHS = 20_000, 170


def add_pretrain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "pretrain",
        help="teach a recipe's network what a backbone makes of music (needs the [train] "
        "extra)",
    )
    parser.add_argument("recipe", help="name of a recipe, or a .toml file")
    add_data(parser)
    parser.add_argument("--out", required=True, type=Path, help="folder for the weights")
    parser.add_argument(
        "--backbone",
        choices=["mn04"],
        default="mn04",
        metavar="NAME",
        help="mn04, which is the default",
    )
    parser.add_argument(
        "--from",
        dest="published",
        type=Path,
        metavar="FILE",
        help="the published file of the backbone, where there is no network",
    )
    parser.add_argument(
        "--music",
        type=Path,
        metavar="DIR",
        help="a folder of other music that is heard, too; it needs no labels",
    )
    parser.add_argument(
        "--mixtures",
        type=positive,
        default=N_MIXTURES,
        metavar="N",
        help=f"how many are made of the recordings (default: {N_MIXTURES})",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=N_EPOCHS,
        metavar="N",
        help=f"of the recipe's number of batches (default: {N_EPOCHS})",
    )
    parser.add_argument("--seed", type=natural, default=0, help="default: 0")
    add_source(parser)
    add_leave_out(parser)
    add_set(parser)
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="folds at once, in processes that share the cores, or the GPU (default: 1)",
    )
    add_threads(parser)
