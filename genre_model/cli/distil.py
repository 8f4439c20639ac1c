"""``genre-model distil``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.option_values import natural, positive
from genre_model.cli.shared_options import (
    add_leave_out,
    add_published_files,
    add_set,
    add_threads,
    read_track_ids,
)

if TYPE_CHECKING:
    import argparse

N_EXAMPLES = 8000
RECIPE = "distilled_crnn"


def add_distil(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "distil",
        help="train a CRNN on what published taggers hear (needs the [train] extra)",
    )
    parser.add_argument(
        "--music",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of music without labels; repeatable",
    )
    parser.add_argument(
        "--labelled",
        type=Path,
        action="append",
        default=[],
        metavar="DIR|CSV",
        help="a folder with one folder for each genre, or a table of path and label; "
        '"not music" is a label, too; repeatable',
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder of the run"
    )
    parser.add_argument("--name", default=RECIPE, help=f"of the model (default: {RECIPE})")
    add_published_files(parser)
    parser.add_argument(
        "--examples",
        type=positive,
        default=N_EXAMPLES,
        metavar="N",
        help=f"excerpts that the teachers hear (default: {N_EXAMPLES})",
    )
    parser.add_argument(
        "--reject",
        action="append",
        default=[],
        metavar="GENRE",
        help="a genre that the model must not name, but call unknown; repeatable",
    )
    parser.add_argument("--seed", type=natural, default=0, help="default: 0")
    add_leave_out(parser)
    add_set(parser)
    add_threads(parser)


def distil(options: argparse.Namespace) -> int:
    """Distil a student, and print where its model file is."""
    from genre_model.backbone.published import published_weights
    from genre_model.errors import TrainingDataError
    from genre_model.training.distillation.recordings import find_recordings
    from genre_model.training.distillation.run import Distillation
    from genre_model.training.distillation.run import distil as distil_student
    from genre_model.training.distillation.teachers import TEACHERS, Teachers
    from genre_model.training.fit.job_pool import limit_threads
    from genre_model.training.recipe import read_recipe

    if options.threads:
        limit_threads(options.threads)
    recipe = read_recipe(RECIPE, options.set)
    teachers = Teachers(published_weights(TEACHERS, options.source))
    left_out = read_track_ids(options.leave_out)
    recordings = find_recordings(options.music, options.labelled, teachers.genres, left_out)
    if unknown := sorted(set(options.reject) - set(teachers.genres)):
        raise TrainingDataError(
            f"--reject: no teacher knows {', '.join(unknown)}; there is "
            f"{', '.join(teachers.genres)}"
        )
    name, out, rejected = options.name, options.out, tuple(options.reject)
    plan = Distillation(
        name, recipe, recordings, options.examples, options.seed, out, rejected
    )
    print(distil_student(plan, teachers, options.threads or 2))
    return 0
