"""``genre-model search``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.cli.option_values import natural, path_to, positive
from genre_model.cli.shared_options import add_data, add_set, add_source

if TYPE_CHECKING:
    import argparse

    from genre_model.training.search.search import SearchResult


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
        "--seed", type=natural, default=0, metavar="N", help="of what is tried (default: 0)"
    )


def search(options: argparse.Namespace) -> int:
    """Try settings, print the best as flags of ``train``, write them as a recipe."""
    from genre_model.training.data.gtzan import find_tracks
    from genre_model.training.search.search import Search, run_search
    from genre_model.training.search.search_space import read_search_space
    from genre_model.training.search.variants import BaseRecipe, Validation

    track = find_tracks(options.data, options.source)[0]
    out = options.out or options.study.with_suffix("")
    plan = Search(
        base=BaseRecipe(options.recipe, tuple(options.set), track.is_picture),
        space=read_search_space(options.space),
        validation=Validation(
            options.data, out, options.protocol, options.seeds, track.source
        ),
        study_path=options.study,
        n_trials=options.trials,
        seed=options.seed,
    )
    _report(run_search(plan, options.workers), options, out)
    return 0


def _report(result: SearchResult, options: argparse.Namespace, out: Path) -> None:
    from genre_model.training.search.variants import recipe_toml

    best = out / "best.toml"
    write_atomically(best, recipe_toml(result.variant.recipe).encode())
    print(
        f"best of {result.n_scored} scored trials ({result.n_impossible} impossible): "
        f"trial {result.best_number}, validation loss {result.best_loss:.4f}"
    )
    changes = [*options.set, *result.variant.changes]
    flags = [word for change in changes for word in ("--set", change)]
    print(shlex.join(["genre-model", "train", options.recipe, *flags]))
    print(f"the same recipe is in {best}")
