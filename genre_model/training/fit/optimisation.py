"""The optimizer of a training with the schedule of its learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.optim import lr_scheduler

if TYPE_CHECKING:
    from torch import nn

    from genre_model.training.recipe_sections import TrainingConfig

OPTIMIZERS: dict[str, type[torch.optim.Adam]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def build_optimizer(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Build the optimizer of all weights of a network that are not frozen."""
    free = [weights for weights in network.parameters() if weights.requires_grad]
    return OPTIMIZERS[config.optimizer](
        free, config.learning_rate, weight_decay=config.weight_decay
    )


class LearningRateSchedule:
    """Moves the learning rate after batches or after epochs, as a recipe says.

    Args:
        optimizer: whose learning rate is moved.
        config: the recipe's section.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, config: TrainingConfig) -> None:
        self._kind = config.schedule
        self._scheduler = _build(optimizer, config)

    def after_batch(self) -> None:
        """Take one step of a schedule that counts batches."""
        if isinstance(self._scheduler, lr_scheduler.OneCycleLR):
            self._scheduler.step()

    def after_epoch(self, valid_loss: float | None) -> None:
        """Take one step of a schedule that counts epochs.

        Args:
            valid_loss: None if it was not computed after this epoch.
        """
        scheduler = self._scheduler
        if isinstance(scheduler, lr_scheduler.StepLR):
            scheduler.step()
        elif valid_loss is not None and isinstance(
            scheduler, lr_scheduler.ReduceLROnPlateau
        ):
            scheduler.step(valid_loss)

    def state_dict(self) -> dict[str, Any]:
        """Return plain values to continue from."""
        return {} if self._scheduler is None else self._scheduler.state_dict()

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Continue from the values of :meth:`state_dict`."""
        if self._scheduler is not None:
            self._scheduler.load_state_dict(values)


def _build(
    optimizer: torch.optim.Optimizer, config: TrainingConfig
) -> lr_scheduler.LRScheduler | None:
    if config.schedule == "one_cycle":
        n_steps = config.epochs * config.steps_per_epoch
        return lr_scheduler.OneCycleLR(optimizer, config.learning_rate, n_steps)
    factor, epochs = config.schedule_factor, config.schedule_epochs
    if config.schedule == "step":
        return lr_scheduler.StepLR(optimizer, epochs, factor)
    if config.schedule == "plateau":
        # Its patience counts the bad epochs that are borne, ours those that are enough.
        return lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=epochs - 1)
    return None
