"""What a network learns before it hears of genres: to understand as a backbone does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from genre_model.training.augment import augment_segments
from genre_model.training.epochs import take_step
from genre_model.training.gtzan import GENRES
from genre_model.training.train import build_fabric, start_training
from genre_model.training.untrained_network import untrained_network

if TYPE_CHECKING:
    from lightning.fabric import Fabric
    from torch import Tensor

    from genre_model.training.mixtures import Mixtures
    from genre_model.training.recipe import Recipe
    from genre_model.training.run_folder import RunFolder
    from genre_model.training.training_state import TrainingState

#: Mixtures of the same recordings that are not learned from, but say how well it goes.
N_VALID = 500
#: Of the tags' loss beside that of the embedding.
TAG_WEIGHT = 5.0
#: Tags of less mean probability tell nothing apart.
LEAST_TAG = 0.01
#: Added to each deviation: what hardly varies need not be known exactly.
LEAST_DEVIATION = 0.05


class Imitator(nn.Module):
    """A network with a linear layer that says what a backbone would.

    Args:
        network: gives logits, which are left, and an embedding.
        n_embedding: size of the network's embedding.
        n_targets: numbers to be said.
    """

    def __init__(self, network: nn.Module, n_embedding: int, n_targets: int) -> None:
        super().__init__()
        self.network = network
        self.say = nn.Linear(n_embedding, n_targets)

    def forward(self, segments: Tensor) -> Tensor:
        """Map [shape=(n, n_mels, n_frames)] to [shape=(n, n_targets)]."""
        _, embedding = self.network(segments)
        said: Tensor = self.say(embedding)
        return said


def is_head(name: str) -> bool:
    """Whether weights of this name make genres of an embedding: they learn nothing here."""
    return name.partition(".")[0] == "head"


@dataclass(frozen=True)
class Lesson:
    """Mixtures as tensors.

    Attributes:
        segments: [shape=(n, n_mels, n_frames), float16].
        embeddings: standardised [shape=(n, n_embedding)].
        tags: probabilities of the tags that occur [shape=(n, n_tags)].
        n_valid: of the last rows, which are not learned from.
    """

    segments: Tensor
    embeddings: Tensor
    tags: Tensor
    n_valid: int

    @property
    def n_train(self) -> int:
        """How many rows are learned from."""
        return len(self.segments) - self.n_valid

    @property
    def n_targets(self) -> int:
        """Numbers to be said of each."""
        return self.embeddings.shape[1] + self.tags.shape[1]

    def loss(self, said: Tensor, rows: Tensor) -> Tensor:
        """Compare what was said of some mixtures with what is right."""
        n = self.embeddings.shape[1]
        embeddings, tags = (
            one[rows].to(said.device) for one in (self.embeddings, self.tags)
        )
        off = functional.mse_loss(said[:, :n], embeddings)
        return off + TAG_WEIGHT * functional.binary_cross_entropy_with_logits(
            said[:, n:], tags
        )


def lesson_of(mixtures: Mixtures, n_valid: int = N_VALID) -> Lesson:
    """Choose and scale what is to be learned; the last mixtures only say how well."""
    embeddings = mixtures.embeddings
    deviations = embeddings.std(axis=0) + LEAST_DEVIATION
    tags = mixtures.tags[:, mixtures.tags.mean(axis=0) > LEAST_TAG]
    return Lesson(
        torch.from_numpy(mixtures.segments),
        torch.from_numpy((embeddings - embeddings.mean(axis=0)) / deviations),
        torch.from_numpy(tags),
        n_valid,
    )


def pretrain(recipe: Recipe, lesson: Lesson, seed: int, run: RunFolder) -> nn.Module:
    """Train a network to imitate, or finish a training that was interrupted.

    Args:
        recipe: network, optimisation and augmentation. Small shifts and equaliser curves
            do not change what is right, as for genres; masks would hide it.
        lesson: what is learned.
        seed: of weights, batches and augmentation.
        run: where checkpoints and metrics go.

    Returns:
        The averaged network, without the layer that imitates; its head is untrained.
    """
    fabric = build_fabric(recipe)
    torch.manual_seed(seed)
    network = untrained_network(recipe, len(GENRES))
    with torch.no_grad():
        n_embedding = network.eval()(lesson.segments[:1].float())[1].shape[1]
    imitator = Imitator(network, n_embedding, lesson.n_targets)
    state = start_training(imitator, recipe, fabric)
    if (checkpoint := run.read_checkpoint()) is not None:
        state.load_dict(checkpoint)
    n_left = recipe.training.epochs - state.epoch
    for _ in tqdm(range(n_left), "epochs", disable=None, leave=False):
        start_seconds = time.monotonic()
        loss = _epoch(recipe, lesson, seed, state, fabric)
        state.epoch += 1
        metrics = {"epoch": state.epoch, "train_loss": loss}
        if _is_to_be_judged(state.epoch, recipe):
            metrics["valid_loss"] = _valid_loss(state.average.network, lesson, fabric)
        run.append_metrics(metrics | {"seconds": time.monotonic() - start_seconds})
        run.write_checkpoint(state.to_dict())
    imitator.load_state_dict(state.average.network.state_dict())
    return imitator.network.cpu().eval()


def _is_to_be_judged(epoch: int, recipe: Recipe) -> bool:
    config = recipe.training
    return epoch == config.epochs or epoch % config.validate_every_epochs == 0


def _epoch(
    recipe: Recipe, lesson: Lesson, seed: int, state: TrainingState, fabric: Fabric
) -> float:
    """Take the steps of one epoch; all randomness is of seed and epoch."""
    config = recipe.training
    torch.manual_seed(1_000_003 * seed + state.epoch)
    generator = torch.Generator().manual_seed(1_000_003 * seed + state.epoch)
    state.network.train()
    losses = []
    for _ in range(config.steps_per_epoch):
        rows = torch.randint(lesson.n_train, (config.batch_size,), generator=generator)
        segments = augment_segments(
            lesson.segments[rows].float(), recipe.augment, generator
        )
        said = state.network(segments.to(fabric.device)).float()
        loss = lesson.loss(said, rows)
        take_step(state, loss, fabric)
        losses.append(loss.item())
    return float(np.mean(losses))


@torch.no_grad()
def _valid_loss(network: nn.Module, lesson: Lesson, fabric: Fabric) -> float:
    """Return the loss of the mixtures that are not learned from."""
    first, end = lesson.n_train, len(lesson.segments)
    said = [
        network(lesson.segments[start : start + 50].float().to(fabric.device))
        for start in range(first, end, 50)
    ]
    return float(lesson.loss(torch.cat(said), torch.arange(first, end)))
