"""``genre-model train``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError
from genre_model.training.experiment import train_protocol
from genre_model.training.recipe import read_recipe
from genre_model.training.train import limit_threads

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def train(options: argparse.Namespace) -> int:
    """Train what is not trained yet, and print where the models are."""
    if options.threads:
        limit_threads(options.threads)
    runs = train_protocol(
        read_recipe(options.recipe, options.set),
        options.data,
        options.out,
        options.protocol,
        list(range(options.first_seed, options.first_seed + options.seeds)),
        options.source,
        leave_out=_track_ids(options.leave_out),
    )
    for run in runs:
        print(run.model_path)
    return 0


def _track_ids(path: Path | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    try:
        return frozenset(path.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"--leave-out: cannot read {path}: {error}") from error
