"""One training of one network: epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

import copy
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional
from torch.optim import lr_scheduler
from tqdm import tqdm

from genre_model import metrics
from genre_model.errors import RecipeError
from genre_model.features.segments import segments_from_mel_frames
from genre_model.model.segment_probabilities import softmax
from genre_model.model.track_probabilities import combine_segments
from genre_model.training.data.augment import RandomCrops, augment_segments, mix_segments
from genre_model.training.networks import untrained_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from genre_model.features.config import SegmentConfig
    from genre_model.training.data.labelled_mel_frames import (
        LabelledMelFrames,
        TrainingData,
    )
    from genre_model.training.recipe import Recipe, TrainingConfig
    from genre_model.training.run_folder import RunFolder


OPTIMIZERS: dict[str, type[torch.optim.Adam]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
#: What of a training a checkpoint holds: states of objects, and plain values.
PARTS = ("network", "optimizer", "schedule", "average")
VALUES = ("n_updates", "epoch", "best_loss", "best_epoch", "best_weights")

log = logging.getLogger(__name__)


@dataclass
class TrainingState:
    """Everything that changes while training, and is saved after each epoch.

    ``average`` is a copy of the network with an exponential moving average of its weights,
    after ``n_updates``; the best loss is that of the validation tracks, and
    ``best_weights`` are kept only for early stopping.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: lr_scheduler.LRScheduler
    average: nn.Module
    config: TrainingConfig
    n_updates: int = 0
    epoch: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    best_weights: dict[str, Tensor] | None = None

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the network on its device, in the recipe's precision."""
        device = next(self.network.parameters()).device
        is_mixed = self.config.precision == "bf16-mixed"
        dtype = torch.bfloat16 if is_mixed else torch.float32
        with torch.autocast(device.type, torch.bfloat16, enabled=is_mixed):
            logits, embedding = self.network(segments.to(device, dtype))
        return logits.float(), embedding.float()

    def take_step(self, loss: Tensor) -> None:
        """Move weights, learning rate and averaged weights by the loss of one batch."""
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        if isinstance(self.schedule, lr_scheduler.OneCycleLR):
            self.schedule.step()
        self._update_average()

    def move_learning_rate(self, valid_loss: float | None) -> None:
        """Take one step of a schedule that counts epochs.

        Args:
            valid_loss: None if it was not computed after this epoch.
        """
        if isinstance(self.schedule, lr_scheduler.StepLR):
            self.schedule.step()
        elif valid_loss is not None and isinstance(
            self.schedule, lr_scheduler.ReduceLROnPlateau
        ):
            self.schedule.step(valid_loss)

    @torch.no_grad()
    def _update_average(self) -> None:
        """Follow the weights; the decay grows, so that the random start is forgotten."""
        self.n_updates += 1
        decay = min(self.config.ema_decay, (1 + self.n_updates) / (10 + self.n_updates))
        current = self.network.state_dict()
        for name, average in self.average.state_dict().items():
            if average.is_floating_point():
                average.lerp_(current[name].to(average.dtype), 1 - decay)
            else:
                average.copy_(current[name])

    def to_dict(self) -> dict[str, Any]:
        """Return tensors and plain values only, loadable with ``weights_only=True``."""
        return {name: getattr(self, name).state_dict() for name in PARTS} | {
            name: getattr(self, name) for name in VALUES
        }

    def load_dict(self, values: dict[str, Any]) -> None:
        """Continue from the values of :meth:`to_dict`."""
        for name in PARTS:
            getattr(self, name).load_state_dict(values[name])
        for name in VALUES:
            setattr(self, name, values[name])


def start_training(network: nn.Module, config: TrainingConfig) -> TrainingState:
    """Move a network to the GPU, if there is one, and make what trains it."""
    network = network.to(best_device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    free = [weights for weights in network.parameters() if weights.requires_grad]
    optimizer = OPTIMIZERS[config.optimizer](
        free, config.learning_rate, weight_decay=config.weight_decay
    )
    average = copy.deepcopy(network).eval()
    return TrainingState(network, optimizer, _schedule(optimizer, config), average, config)


def best_device() -> torch.device:
    """Return torch's first GPU, or the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _schedule(
    optimizer: torch.optim.Optimizer, config: TrainingConfig
) -> lr_scheduler.LRScheduler:
    factor, epochs = config.schedule_factor, config.schedule_epochs
    if config.schedule == "one_cycle":
        n_steps = config.epochs * config.steps_per_epoch
        return lr_scheduler.OneCycleLR(optimizer, config.learning_rate, n_steps)
    if config.schedule == "step":
        return lr_scheduler.StepLR(optimizer, epochs, factor)
    if config.schedule == "plateau":
        # Its patience is the number of bad epochs before the one that is too many.
        return lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=epochs - 1)
    return lr_scheduler.ConstantLR(optimizer, factor=1.0)


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
        build: makes the network to start from, by default the recipe's, untrained.

    Returns:
        The averaged network in evaluation mode, on the CPU.

    Raises:
        RecipeError: if settings contradict each other or need validation tracks.
    """
    _check_settings(recipe, has_validation=len(data.valid.labels) > 0)
    torch.manual_seed(seed)
    build = build or partial(untrained_network, recipe, len(data.train.genres))
    state = start_training(build(), recipe.training)
    resume(state, run)
    crops = RandomCrops(
        data.train,
        recipe.front_end.segment.segment_frames,
        recipe.augment.time_stretch,
        recipe.training.genre_balance,
        standardise=recipe.training.standardise_tracks,
    )
    while state.epoch < recipe.training.epochs and not _is_out_of_patience(state):
        start_seconds = time.monotonic()
        metrics = {"train_loss": _train_epoch(state, recipe, seed, crops, run.path.name)}
        state.epoch += 1
        is_due = state.epoch % recipe.training.validate_every_epochs == 0
        if is_due and len(data.valid.labels):
            metrics |= _validate(state, data.valid, recipe)
        finish_epoch(state, metrics, run, start_seconds)
    if recipe.training.patience_epochs and state.best_weights is not None:
        state.average.load_state_dict(state.best_weights)
    return state.average.cpu()


def resume(state: TrainingState, run: RunFolder) -> None:
    """Continue from the checkpoint of a run, if there is one."""
    if (checkpoint := run.read_checkpoint()) is not None:
        state.load_dict(checkpoint)
        log.info("resumed after epoch %d", state.epoch)


def finish_epoch(
    state: TrainingState, metrics: dict[str, float], run: RunFolder, start_seconds: float
) -> None:
    """Move the learning rate, and write metrics and checkpoint."""
    state.move_learning_rate(metrics.get("valid_loss"))
    seconds = time.monotonic() - start_seconds
    run.append_metrics({"epoch": state.epoch, **metrics, "seconds": seconds})
    run.write_checkpoint(state.to_dict())


def _train_epoch(
    state: TrainingState, recipe: Recipe, seed: int, crops: RandomCrops, name: str
) -> float:
    """Take the steps of the next epoch, and return their mean loss."""
    config = recipe.training
    torch.manual_seed(1_000_003 * seed + state.epoch)
    rng = np.random.default_rng([seed, state.epoch])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    state.network.train()
    batches = crops.batches(config.steps_per_epoch, config.batch_size, rng)
    title = f"{name}: epoch {state.epoch + 1}"
    losses = []
    for values, labels in tqdm(
        batches, title, config.steps_per_epoch, disable=None, leave=False
    ):
        targets = functional.one_hot(torch.from_numpy(labels), crops.n_genres).float()
        segments = augment_segments(torch.from_numpy(values), recipe.augment, generator)
        segments, targets = mix_segments(
            segments, targets, recipe.augment.mixup_alpha, generator
        )
        logits, _ = state.forward(segments)
        loss = functional.cross_entropy(
            logits, targets.to(logits.device), label_smoothing=config.label_smoothing
        )
        state.take_step(loss)
        losses.append(loss.item())
    return float(np.mean(losses))


def _validate(
    state: TrainingState, valid: LabelledMelFrames, recipe: Recipe
) -> dict[str, float]:
    scores = score_tracks(state.average, valid, recipe.front_end.segment)
    if scores.loss < state.best_loss:
        state.best_loss, state.best_epoch = scores.loss, state.epoch
        if recipe.training.patience_epochs:
            weights = state.average.state_dict()
            state.best_weights = {name: value.clone() for name, value in weights.items()}
    return {"valid_loss": scores.loss, "valid_accuracy": scores.accuracy}


def _is_out_of_patience(state: TrainingState) -> bool:
    patience = state.config.patience_epochs
    return bool(patience) and state.epoch - state.best_epoch >= patience


def _check_settings(recipe: Recipe, *, has_validation: bool) -> None:
    config = recipe.training
    if config.needs_validation and not has_validation:
        raise RecipeError(
            f"recipe {recipe.name} is steered by validation tracks, and there are none: "
            'set patience_epochs to 0 and schedule to another than "plateau"'
        )
    if 0 < config.patience_epochs < config.validate_every_epochs:
        raise RecipeError(
            f"recipe {recipe.name}: patience_epochs is less than validate_every_epochs"
        )
    if recipe.network_options.get("band_norm") and config.standardise_tracks:
        raise RecipeError(
            f"recipe {recipe.name}: network_options.band_norm = true learns the levels of "
            "bands from training tracks, but training.standardise_tracks = true changes "
            "these tracks and no others: set one of the two to false"
        )


#: Temperatures that are tried, from far sharper to far flatter than the network.
TEMPERATURES = np.geomspace(0.2, 5.0, 161)


class TrackScores(NamedTuple):
    """Loss (negative log-likelihood) and accuracy over whole tracks."""

    loss: float
    accuracy: float


def score_tracks(
    network: nn.Module, tracks: LabelledMelFrames, config: SegmentConfig
) -> TrackScores:
    """Score whole tracks as tagging does, at temperature 1."""
    probabilities = _track_probabilities(track_logits(network, tracks, config), 1.0)
    return TrackScores(
        metrics.negative_log_likelihood(probabilities, tracks.labels),
        metrics.accuracy(probabilities, tracks.labels),
    )


def track_logits(
    network: nn.Module, tracks: LabelledMelFrames, config: SegmentConfig
) -> list[NDArray[np.float32]]:
    """Return the segment logits of each track [shape=(n_segments, n_genres)]."""
    segments = (segments_from_mel_frames(values, config) for values in tracks.mel_frames)
    return [segment_logits(network, one.values) for one in segments]


@torch.no_grad()
def segment_logits(
    network: nn.Module, segments: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Score the segments of one track, on the device of the network.

    Args:
        network: put into evaluation mode.
        segments: log-mel [shape=(n_segments, n_mels, n_frames), dB].

    Returns:
        Logits [shape=(n_segments, n_genres)].
    """
    network.eval()
    device = next(network.parameters()).device
    scores, _ = network(torch.from_numpy(segments).to(device))
    logits: NDArray[np.float32] = scores.float().cpu().numpy()
    return logits


def fit_temperature(logits: list[NDArray[np.float32]], labels: NDArray[np.int64]) -> float:
    """Find the temperature of the lowest track-level loss (Guo et al. 2017)."""
    losses = [
        metrics.negative_log_likelihood(_track_probabilities(logits, t), labels)
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _track_probabilities(
    logits: list[NDArray[np.float32]], temperature: float
) -> NDArray[np.float32]:
    """Combine the segments of each track as tagging does [shape=(n_tracks, n_genres)]."""
    return np.stack([combine_segments(softmax(scores, temperature)) for scores in logits])
