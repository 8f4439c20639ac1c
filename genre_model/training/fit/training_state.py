"""What changes while a network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from genre_model.training.fit.optimisation import LearningRateSchedule
    from genre_model.training.fit.weight_average import WeightAverage


@dataclass
class TrainingState:
    """Everything that changes while training, and is saved after each epoch."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: LearningRateSchedule
    average: WeightAverage
    epoch: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    best_weights: dict[str, Tensor] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return tensors and plain values only, loadable with ``weights_only=True``."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.network.state_dict(),
            "n_updates": self.average.n_updates,
            "epoch": self.epoch,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def load_dict(self, values: dict[str, Any]) -> None:
        """Continue from the values of :meth:`to_dict`."""
        self.network.load_state_dict(values["network"])
        self.optimizer.load_state_dict(values["optimizer"])
        self.schedule.load_state_dict(values["schedule"])
        self.average.network.load_state_dict(values["average"])
        self.average.n_updates = values["n_updates"]
        for name in ("epoch", "best_loss", "best_epoch", "best_weights"):
            setattr(self, name, values[name])
