"""``genre-model pretrain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.backbone.install import published_network
from genre_model.commands.track_id_file import read_track_ids
from genre_model.training.experiment import Experiment
from genre_model.training.gtzan import find_tracks
from genre_model.training.pretraining import N_VALID
from genre_model.training.pretraining_runs import PretrainingPlan, pretrain_protocol
from genre_model.training.recipe import read_recipe
from genre_model.training.train import limit_threads

if TYPE_CHECKING:
    import argparse


def pretrain(options: argparse.Namespace) -> int:
    """Pretrain what is not done yet, and print where the weights are."""
    if options.threads:
        limit_threads(options.threads)
    # What is heard is audio, but the training that follows may be on pictures.
    pictures = find_tracks(options.data, options.source)[0].is_picture
    experiment = Experiment(
        read_recipe(options.recipe, options.set, pictures=pictures),
        options.data,
        options.out,
        options.protocol,
        options.source,
        read_track_ids(options.leave_out),
    )
    plan = PretrainingPlan(
        experiment,
        options.backbone,
        published_network([options.published] if options.published else []),
        options.music,
        options.mixtures,
        options.epochs,
        options.seed,
        N_VALID,
    )
    for folder in pretrain_protocol(plan, options.jobs):
        print(folder)
    return 0
