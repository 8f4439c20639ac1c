"""One training of one network."""

from __future__ import annotations

import logging
import os
import time
from functools import partial
from typing import TYPE_CHECKING

import torch
from lightning.fabric import Fabric

from genre_model.errors import RecipeError
from genre_model.training.data.random_crops import RandomCrops
from genre_model.training.fit.epochs import Epochs
from genre_model.training.fit.job_pool import THREAD_VARIABLES
from genre_model.training.fit.optimisation import LearningRateSchedule, build_optimizer
from genre_model.training.fit.track_scores import score_tracks
from genre_model.training.fit.training_state import TrainingState
from genre_model.training.fit.weight_average import WeightAverage
from genre_model.training.networks.untrained_network import untrained_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.data.training_data import TrainingData
    from genre_model.training.recipe import Recipe
    from genre_model.training.run_folder import RunFolder

log = logging.getLogger(__name__)
# Fabric tells of each training's precision, twice; the recipe has said it. Which of its
# loggers it takes depends on what of it was imported last.
logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)


def train_network(
    recipe: Recipe,
    seed: int,
    data: TrainingData,
    run: RunFolder,
    build: Callable[[], nn.Module] | None = None,
) -> nn.Module:
    """Train a network by a recipe, or finish a training that was interrupted.

    All randomness of an epoch comes from ``(seed, epoch)``, so a resumed training takes
    exactly the steps of an uninterrupted one.

    Args:
        recipe: every setting.
        seed: of weights, crops and augmentation.
        data: to learn from.
        run: where checkpoints and metrics go.
        build: makes the network to start from; None builds the recipe's, untrained. The
            seed decides what is random in it.

    Returns:
        The averaged network in evaluation mode, on the CPU.

    Raises:
        RecipeError: if it stops early, and there is nothing to validate on, or settings
            contradict each other.
        TrainingStoppedError: if it was asked to stop.
    """
    _check_patience(recipe, data.valid)
    _check_levels(recipe)
    fabric = build_fabric(recipe)
    torch.manual_seed(seed)
    build = build or partial(untrained_network, recipe, len(data.train.genres))
    state = start_training(build(), recipe, fabric)
    if (checkpoint := run.read_checkpoint()) is not None:
        state.load_dict(checkpoint)
        log.info("resumed after epoch %d", state.epoch)
    crops = _crops(recipe, data.train)
    epochs = Epochs(recipe, seed, crops, fabric)
    while state.epoch < recipe.training.epochs and not _is_out_of_patience(state, recipe):
        _run_epoch(epochs, state, data.valid, run)
    if recipe.training.patience_epochs and state.best_weights is not None:
        state.average.network.load_state_dict(state.best_weights)
    return state.average.network.cpu()


def limit_threads(n_threads: int) -> None:
    """Let torch use this many threads, in processes that are started later as well."""
    torch.set_num_threads(n_threads)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(n_threads)


def _check_patience(recipe: Recipe, valid: LabelledMelFrames) -> None:
    config = recipe.training
    if config.needs_validation and not len(valid.labels):
        raise RecipeError(
            f"recipe {recipe.name} is steered by validation tracks, and there are none: "
            'set patience_epochs to 0 and schedule to another than "plateau"'
        )
    if 0 < config.patience_epochs < config.validate_every_epochs:
        raise RecipeError(
            f"recipe {recipe.name}: patience_epochs is less than validate_every_epochs"
        )


def _check_levels(recipe: Recipe) -> None:
    """Statistics of bands are worth nothing for tracks of other levels."""
    if recipe.network_options.get("band_norm") and recipe.training.standardise_tracks:
        raise RecipeError(
            f"recipe {recipe.name}: network_options.band_norm = true learns the levels of "
            "bands from training tracks, but training.standardise_tracks = true changes "
            "these tracks and no others: set one of the two to false"
        )


def build_fabric(recipe: Recipe) -> Fabric:
    """Choose the processor, or the GPU, and the precision of a training."""
    return Fabric(
        accelerator="auto",
        devices=1,
        precision=recipe.training.precision,  # type: ignore[arg-type]
    )


def start_training(network: nn.Module, recipe: Recipe, fabric: Fabric) -> TrainingState:
    """Return what changes in a training, before its first step."""
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build_optimizer(network, recipe.training)
    schedule = LearningRateSchedule(optimizer, recipe.training)
    average = WeightAverage(network, recipe.training.ema_decay)
    network, optimizer = fabric.setup(network, optimizer)
    average.network.to(fabric.device)
    return TrainingState(network, optimizer, schedule, average)


def _crops(recipe: Recipe, train: LabelledMelFrames) -> RandomCrops:
    return RandomCrops(
        train,
        recipe.front_end.segment.segment_frames,
        recipe.augment.time_stretch,
        recipe.training.genre_balance,
        standardise=recipe.training.standardise_tracks,
    )


def _run_epoch(
    epochs: Epochs, state: TrainingState, valid: LabelledMelFrames, run: RunFolder
) -> None:
    """Train one epoch, validate if it is time to, and save where the training stands."""
    recipe = epochs.recipe
    start_seconds = time.monotonic()
    loss = epochs.run(state, f"{run.path.name}: epoch {state.epoch + 1}")
    state.epoch += 1
    metrics = {"epoch": state.epoch, "train_loss": loss}
    if len(valid.labels) and state.epoch % recipe.training.validate_every_epochs == 0:
        metrics |= _validate(state, valid, recipe)
    state.schedule.after_epoch(metrics.get("valid_loss"))
    run.append_metrics(metrics | {"seconds": time.monotonic() - start_seconds})
    run.write_checkpoint(state.to_dict())


def _validate(
    state: TrainingState, valid: LabelledMelFrames, recipe: Recipe
) -> dict[str, float]:
    scores = score_tracks(state.average.network, valid, recipe.front_end.segment)
    if scores.loss < state.best_loss:
        state.best_loss, state.best_epoch = scores.loss, state.epoch
        if recipe.training.patience_epochs:
            weights = state.average.network.state_dict()
            state.best_weights = {name: value.clone() for name, value in weights.items()}
    return {"valid_loss": scores.loss, "valid_accuracy": scores.accuracy}


def _is_out_of_patience(state: TrainingState, recipe: Recipe) -> bool:
    patience = recipe.training.patience_epochs
    return bool(patience) and state.epoch - state.best_epoch >= patience
