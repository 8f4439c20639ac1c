"""The epochs of a training: batch after batch, all randomness from seed and epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from genre_model.training.data.augment import augment_segments, mix_segments

if TYPE_CHECKING:
    from lightning.fabric import Fabric
    from numpy.typing import NDArray
    from torch import Generator, Tensor, nn

    from genre_model.training.data.random_crops import RandomCrops
    from genre_model.training.fit.training_state import TrainingState
    from genre_model.training.recipe import Recipe


@dataclass(frozen=True)
class Epochs:
    """What every epoch of a training takes.

    Attributes:
        recipe: every setting.
        seed: of batches, crops and augmentation.
        crops: to train on.
        fabric: that the network was set up with.
    """

    recipe: Recipe
    seed: int
    crops: RandomCrops
    fabric: Fabric

    def run(self, state: TrainingState, name: str) -> float:
        """Run the epoch after ``state.epoch``.

        Args:
            state: changes, but for the number of the epoch.
            name: what the progress bar shows.

        Returns:
            The mean loss of its batches.
        """
        config = self.recipe.training
        torch.manual_seed(1_000_003 * self.seed + state.epoch)
        rng = np.random.default_rng([self.seed, state.epoch])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        state.network.train()
        batches = self.crops.batches(config.steps_per_epoch, config.batch_size, rng)
        progress = tqdm(batches, name, config.steps_per_epoch, disable=None, leave=False)
        return float(np.mean([self._learn(*one, state, generator) for one in progress]))

    def _learn(
        self,
        values: NDArray[np.float32],
        labels: NDArray[np.int64],
        state: TrainingState,
        generator: Generator,
    ) -> float:
        """Take one step, and return the loss of its batch."""
        targets = functional.one_hot(torch.from_numpy(labels), self.crops.n_genres).float()
        segments, targets = self._augmented(torch.from_numpy(values), targets, generator)
        logits, _ = state.network(segments.to(self.fabric.device))
        loss = functional.cross_entropy(
            logits.float(),
            targets.to(logits.device),
            label_smoothing=self.recipe.training.label_smoothing,
        )
        take_step(state, loss, self.fabric)
        return loss.item()

    def _augmented(
        self, segments: Tensor, targets: Tensor, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        config = self.recipe.augment
        changed = augment_segments(segments, config, generator)
        return mix_segments(changed, targets, config.mixup_alpha, generator)


def take_step(state: TrainingState, loss: Tensor, fabric: Fabric) -> None:
    """Move weights, learning rate and averaged weights by the loss of one batch."""
    state.optimizer.zero_grad()
    fabric.backward(loss)
    state.optimizer.step()
    state.schedule.after_batch()
    state.average.update(_unwrapped(state.network))


def _unwrapped(network: nn.Module) -> nn.Module:
    """Return the plain network behind the wrapper of Fabric."""
    return getattr(network, "module", network)
