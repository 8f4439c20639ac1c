"""``genre-model sweep``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.cli.option_values import positive
from genre_model.cli.shared_options import add_data, add_set, add_source

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


def sweep(options: argparse.Namespace) -> int:
    """Train what is not trained yet, print a table per setting, write the numbers."""
    from genre_model.training.data.gtzan import find_tracks
    from genre_model.training.search.sweep import plan_sweep, run_sweep, sweep_text
    from genre_model.training.search.variants import BaseRecipe, Validation

    track = find_tracks(options.data, options.source)[0]
    base = BaseRecipe(options.recipe, tuple(options.set), track.is_picture)
    validation = Validation(
        options.data, options.out, options.protocol, options.seeds, track.source
    )
    report = run_sweep(plan_sweep(base, options.vary), validation, options.jobs)
    write_atomically(options.out / "sweep.json", json.dumps(report, indent=1).encode())
    print(sweep_text(report))
    return 0
