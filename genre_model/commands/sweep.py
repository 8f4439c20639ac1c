"""``genre-model sweep``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.training.gtzan import find_tracks
from genre_model.training.sweep import plan_sweep, run_sweep
from genre_model.training.sweep_text import sweep_text
from genre_model.training.valid_scores import Validation
from genre_model.training.variants import BaseRecipe

if TYPE_CHECKING:
    import argparse


def sweep(options: argparse.Namespace) -> int:
    """Train what is not trained yet, print a table per setting, write the numbers."""
    is_picture = find_tracks(options.data, options.source)[0].is_picture
    base = BaseRecipe(options.recipe, tuple(options.set), is_picture)
    validation = Validation(
        data_dir=options.data,
        out=options.out,
        protocol=options.protocol,
        n_seeds=options.seeds,
        source="pictures" if is_picture else "audio",
    )
    report = run_sweep(plan_sweep(base, options.vary), validation, options.jobs)
    write_atomically(options.out / "sweep.json", json.dumps(report, indent=1).encode())
    print(sweep_text(report))
    return 0
