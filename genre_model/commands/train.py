"""``genre-model train``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.training.experiment import train_protocol
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    import argparse


def train(options: argparse.Namespace) -> int:
    """Train what is not trained yet, and print where the models are."""
    runs = train_protocol(
        read_recipe(options.recipe),
        options.data,
        options.out,
        options.protocol,
        list(range(options.first_seed, options.first_seed + options.seeds)),
        options.source,
        n_threads=options.threads,
    )
    for run in runs:
        print(run.model_path)
    return 0
