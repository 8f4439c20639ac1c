"""``genre-model search``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.training.gtzan import find_tracks
from genre_model.training.search import Search, run_search
from genre_model.training.search_space import read_search_space
from genre_model.training.toml_text import recipe_toml
from genre_model.training.valid_scores import Validation
from genre_model.training.variants import BaseRecipe

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from genre_model.training.search import SearchResult


def search(options: argparse.Namespace) -> int:
    """Try settings, print the best as flags of ``train``, write them as a recipe."""
    is_picture = find_tracks(options.data, options.source)[0].is_picture
    out = options.out or options.study.with_suffix("")
    validation = Validation(
        data_dir=options.data,
        out=out,
        protocol=options.protocol,
        n_seeds=options.seeds,
        source="pictures" if is_picture else "audio",
    )
    result = run_search(
        Search(
            base=BaseRecipe(options.recipe, tuple(options.set), is_picture),
            space=read_search_space(options.space),
            validation=validation,
            study_path=options.study,
            n_trials=options.trials,
            seed=options.seed,
        ),
        options.workers,
    )
    _report(result, options, out)
    return 0


def _report(result: SearchResult, options: argparse.Namespace, out: Path) -> None:
    best = out / "best.toml"
    write_atomically(best, recipe_toml(result.variant.recipe).encode())
    standing = result.standing
    print(
        f"best of {standing.n_scored} scored trials ({standing.n_impossible} impossible): "
        f"trial {standing.best_number}, validation loss {standing.best_loss:.4f}"
    )
    changes = [*options.set, *result.variant.changes]
    flags = [word for change in changes for word in ("--set", change)]
    print(shlex.join(["genre-model", "train", options.recipe, *flags]))
    print(f"the same recipe is in {best}")
