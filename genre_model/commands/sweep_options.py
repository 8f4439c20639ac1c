"""The options of ``genre-model sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import positive
from genre_model.commands.shared_options import add_data, add_set, add_source

if TYPE_CHECKING:
    import argparse


def add_sweep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sweep",
        help="vary one setting of a recipe at a time, scored on validation tracks (needs "
        "the [train] extra)",
    )
    parser.add_argument("recipe", help="name of a recipe, or a .toml file")
    add_data(parser)
    parser.add_argument(
        "--out", required=True, type=Path, help="folder for the runs and sweep.json"
    )
    parser.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="SECTION.NAME=VALUES",
        help="TOML values with commas between, such as training.batch_size=16,32; lists "
        "as [3, 3],[5, 5]; repeatable",
    )
    add_set(parser)
    add_source(parser)
    parser.add_argument(
        "--seeds", type=positive, default=1, help="trainings per variant (default: 1)"
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="variants at once, in processes that share the cores (default: 1)",
    )
