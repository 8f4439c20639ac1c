"""``genre-model train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.option_values import natural, positive
from genre_model.cli.shared_options import (
    add_data,
    add_leave_out,
    add_set,
    add_source,
    add_threads,
    read_track_ids,
)
from genre_model.errors import RecipeError, TrainingDataError

if TYPE_CHECKING:
    import argparse

    from genre_model.training.recipe import Recipe


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


def train(options: argparse.Namespace) -> int:
    """Train what is not trained yet, and print where the models are."""
    from genre_model.training.data.gtzan import find_tracks
    from genre_model.training.fit.experiment import Experiment, train_protocol
    from genre_model.training.fit.job_pool import limit_threads
    from genre_model.training.recipe import read_recipe

    if options.threads:
        limit_threads(options.threads)
    tracks = find_tracks(options.data, options.source)
    recipe = read_recipe(options.recipe, options.set, pictures=tracks[0].is_picture)
    experiment = Experiment(
        recipe,
        options.data,
        options.out,
        options.protocol,
        options.source,
        read_track_ids(options.leave_out),
        _genres(options.genres),
    )
    if options.imagenet is not None:
        _provide_weights(options.imagenet, recipe)
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    runs = train_protocol(experiment, seeds, options.jobs)
    for run in runs:
        print(run.model_path)
    return 0


def _provide_weights(path: Path, recipe: Recipe) -> None:
    from genre_model.training.networks.resnet18 import provide_weights

    if recipe.network_options.get("weights") != "imagenet":
        raise RecipeError(
            f"--imagenet: recipe {recipe.name} begins with no weights of ImageNet; of "
            "b6_resnet_crnn, --set 'network_options.weights=\"imagenet\"' does"
        )
    provide_weights(path)


def _genres(text: str | None) -> tuple[str, ...]:
    """Return the genres in GTZAN's order, whichever of their names was written."""
    from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES

    if text is None:
        return GENRES
    asked = [name.strip() for name in text.split(",") if name.strip()]
    wanted = {GENRE_OF_FOLDER.get(name, name) for name in asked}
    unknown = sorted(wanted - set(GENRES))
    if unknown or len(wanted) < 2:
        found = f"unknown {', '.join(unknown)}" if unknown else text
        raise TrainingDataError(
            f"--genres: {found}; give two or more of {', '.join(GENRES)}, with commas"
        )
    return tuple(genre for genre in GENRES if genre in wanted)
