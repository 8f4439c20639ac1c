"""The options of ``genre-model search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import natural, path_to, positive
from genre_model.commands.shared_options import add_data, add_set, add_source

if TYPE_CHECKING:
    import argparse


def add_search(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "search",
        help="search for settings of a recipe with Optuna, scored on validation tracks "
        "(needs the [train] extra)",
    )
    parser.add_argument("recipe", help="name of a recipe, or a .toml file")
    parser.add_argument(
        "--space",
        required=True,
        type=path_to(".toml"),
        metavar="FILE.toml",
        help="a [[setting]] with name, and low and high or choices, for each to be changed",
    )
    add_data(parser)
    parser.add_argument(
        "--study",
        required=True,
        type=path_to(".db"),
        metavar="FILE.db",
        help="remembers the trials; the same command resumes, also while another runs",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the runs and best.toml (default: --study without .db)",
    )
    add_set(parser)
    add_source(parser)
    _add_amounts(parser)


def _add_amounts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trials",
        type=positive,
        default=20,
        metavar="N",
        help="that come to an end, earlier ones included (default: 20)",
    )
    parser.add_argument(
        "--seeds", type=positive, default=1, help="trainings per trial (default: 1)"
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="trials at once, in processes that share the cores (default: 1)",
    )
    parser.add_argument(
        "--seed",
        type=natural,
        default=0,
        metavar="N",
        help="of what is tried (default: 0)",
    )
