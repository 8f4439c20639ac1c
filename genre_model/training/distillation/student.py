"""The student: its training on examples of the teachers, and its ONNX network."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from genre_model.backbone.torch_layers import TorchLayers
from genre_model.errors import RecipeError
from genre_model.model.onnx_graph import OnnxGraph
from genre_model.training.data.augment import augment_segments, beta_shares
from genre_model.training.distillation.recordings import TAGGER_RATE_HZ
from genre_model.training.distillation.teachers import mean_logits
from genre_model.training.fit.train import finish_epoch, resume, start_training
from genre_model.training.networks import untrained_network
from genre_model.training.networks.crnn import (
    STEM_POOL,
    STEM_STRIDE,
    StridedCrnn,
    block_pools,
)
from genre_model.training.networks.segment_input import FLAT_DB, standardise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator, Tensor

    from genre_model.training.distillation.teachers import Examples
    from genre_model.training.fit.train import TrainingState
    from genre_model.training.recipe import Recipe
    from genre_model.training.run_folder import RunFolder


#: Weight of the embeddings' squared error beside the cross-entropy of the genres.
EMBEDDING_WEIGHT = 0.5
#: Share of a label in the target, where one is known; the teachers have the rest.
LABEL_SHARE = 0.3
#: Relative to the mean power of a segment, before the logarithm.
POWER_FLOOR = 1e-8
#: Lengths of segments that the teachers take.
MIN_SECONDS, MAX_SECONDS = 1.0, 10.1

log = logging.getLogger(__name__)


class Targets(NamedTuple):
    """What the student learns of each segment.

    Attributes:
        genres: probabilities; the last column is ``NOT_MUSIC`` [shape=(n, n_genres + 1)].
        embeddings: standardised [shape=(n, n_features)].
    """

    genres: Tensor
    embeddings: Tensor


class Imitator(nn.Module):
    """A network, and a linear layer from its embedding to the teachers'."""

    def __init__(self, network: nn.Module, n_embedding: int, n_features: int) -> None:
        super().__init__()
        self.network = network
        self.imitate = nn.Linear(n_embedding, n_features)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of genres, and predicted embeddings of the teachers."""
        logits, embedding = self.network(segments)
        return logits, self.imitate(embedding)


def targets_of(examples: Examples) -> Targets:
    """Return the teachers' probabilities with the labels, and standardised embeddings."""
    labels = torch.from_numpy(examples.labels)
    logits = torch.from_numpy(mean_logits(examples.logits))
    opinion = functional.pad(logits.softmax(dim=1), (0, 1))
    # Teachers have no output for sounds that are not music: there the label is everything.
    share = LABEL_SHARE * labels.sum(dim=1, keepdim=True)
    share = share.maximum(labels[:, -1:])
    known = labels / labels.sum(dim=1, keepdim=True).clamp(min=1e-6)
    genres = opinion.lerp(known, share)
    embeddings = torch.from_numpy(examples.embeddings)
    embeddings = (embeddings - embeddings.mean(dim=0)) / (embeddings.std(dim=0) + 1e-4)
    return Targets(genres, embeddings)


def check_recipe(recipe: Recipe, n_outputs: int) -> None:
    """Refuse impossible recipes of students, before hours of computation."""
    check_student(untrained_network(recipe, n_outputs))
    front_end, config = recipe.front_end, recipe.training
    rate_hz = front_end.waveform.sample_rate_hz
    seconds = front_end.segment_samples / rate_hz
    if rate_hz != TAGGER_RATE_HZ:
        raise RecipeError(f"sample_rate_hz is {rate_hz}; teachers take {TAGGER_RATE_HZ}")
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise RecipeError(
            f"segment_frames are {seconds:.1f} s; teachers take {MIN_SECONDS:g} to "
            f"{MAX_SECONDS:g} s"
        )
    if config.needs_validation or config.label_smoothing or config.standardise_tracks:
        raise RecipeError(
            "a student has no validation tracks, label_smoothing or standardise_tracks: "
            "leave patience_epochs 0 and schedule one_cycle, constant or step"
        )


def example_shares(targets: Targets, genre_balance: float) -> Tensor:
    """Return how often each example is drawn [shape=(n,), sum 1].

    A ``genre_balance`` of 0 draws each example equally often, of 1 each genre that is the
    most probable one of an example.
    """
    best = targets.genres.argmax(dim=1)
    weights = best.bincount()[best].double() ** -genre_balance
    return weights / weights.sum()


def train_student(
    recipe: Recipe, examples: Examples, seed: int, run: RunFolder
) -> nn.Module:
    """Train a network on examples of its teachers, or finish an interrupted training.

    Returns:
        The averaged network in evaluation mode, on the CPU.
    """
    torch.manual_seed(seed)
    targets, segments = targets_of(examples), torch.from_numpy(examples.segments)
    shares = example_shares(targets, recipe.training.genre_balance)
    network = untrained_network(recipe, targets.genres.shape[1])
    with torch.no_grad():
        n_embedding = network.eval()(segments[:1].float())[1].shape[1]
    imitator = Imitator(network, n_embedding, targets.embeddings.shape[1])
    state = start_training(imitator, recipe.training)
    resume(state, run)
    n_left = recipe.training.epochs - state.epoch
    for _ in tqdm(range(n_left), "epochs", disable=None, leave=False):
        start_seconds = time.monotonic()
        loss = _epoch(recipe, (segments, targets, shares), seed, state)
        state.epoch += 1
        finish_epoch(state, {"train_loss": loss}, run, start_seconds)
    imitator.load_state_dict(state.average.state_dict())
    return imitator.network.cpu().eval()


def _epoch(
    recipe: Recipe, data: tuple[Tensor, Targets, Tensor], seed: int, state: TrainingState
) -> float:
    """Take the steps of one epoch; all randomness comes from seed and epoch."""
    config, (segments, targets, shares) = recipe.training, data
    torch.manual_seed(1_000_003 * seed + state.epoch)
    generator = torch.Generator().manual_seed(1_000_003 * seed + state.epoch)
    state.network.train()
    losses = []
    for _ in range(config.steps_per_epoch):
        n_rows = 2 * config.batch_size
        drawn = torch.multinomial(shares, n_rows, replacement=True, generator=generator)
        rows = drawn.reshape(2, config.batch_size)
        alpha = recipe.augment.mixup_alpha
        crops, wanted = _mixed(segments, targets, rows, alpha, generator)
        crops = augment_segments(standardise(crops), recipe.augment, generator)
        logits, embeddings = state.forward(crops)
        loss = _loss(logits.cpu(), embeddings.cpu(), wanted)
        state.take_step(loss)
        losses.append(loss.item())
    return float(np.mean(losses))


def _loss(logits: Tensor, embeddings: Tensor, targets: Targets) -> Tensor:
    of_genres = functional.cross_entropy(logits, targets.genres)
    return of_genres + EMBEDDING_WEIGHT * functional.mse_loss(
        embeddings, targets.embeddings
    )


def _mixed(
    segments: Tensor, targets: Targets, rows: Tensor, alpha: float, generator: Generator
) -> tuple[Tensor, Targets]:
    """Mix the power of every other segment with that of another (Zhang et al. 2018)."""
    n = rows.shape[1]
    shares = beta_shares(n, alpha, generator)
    shares[::2] = 1.0
    one, other = (_power(segments[part].float()) for part in rows)
    power = other.lerp(one, shares[:, None, None])
    wanted = [one[rows[1]].lerp(one[rows[0]], shares[:, None]) for one in targets]
    return 10 * torch.log10(power + POWER_FLOOR), Targets(*wanted)


def _power(segments: Tensor) -> Tensor:
    """Return the power, with a mean of 1 for each segment."""
    power = 10 ** (segments / 10)
    return power / power.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)


def order_outputs(network: nn.Module, order: Sequence[int]) -> None:
    """Put the logits of a trained ``StridedCrnn`` into another order."""
    head = check_student(network).head
    rows = torch.tensor(order)
    head.weight.data, head.bias.data = head.weight.data[rows], head.bias.data[rows]


def student_network(network: nn.Module, shape: tuple[int, int]) -> bytes:
    """Return the ONNX network of a trained ``StridedCrnn``.

    ``torch.onnx`` unrolls a GRU step by step, which is larger and slower than the operator.

    Args:
        network: in evaluation mode, on the CPU.
        shape: mel bands and frames of a segment.

    Raises:
        RecipeError: if the network is another one.
    """
    network = check_student(network)
    graph = OnnxGraph()
    weights = {name: one.numpy() for name, one in network.state_dict().items()}
    layers = TorchLayers(graph, weights, conv="0", norm="1")
    source = graph.add("Unsqueeze", _standardised(graph), graph.integers(1))
    stem = layers.convolution("stem", source, stride=STEM_STRIDE)
    source = graph.max_pooling(graph.add("Relu", stem), STEM_POOL)
    for number, pool in enumerate(block_pools(len(network.blocks))):
        source = _block(layers, f"blocks.{number}", source, pool)
    rows = graph.integers(2)
    pooled = (
        graph.add("ReduceMean", source, rows, keepdims=0),
        graph.add("ReduceMax", source, rows, keepdims=0),
    )
    steps = graph.add("Transpose", graph.add("Concat", *pooled, axis=1), perm=[2, 0, 1])
    steps = layers.gru("gru", steps, bidirectional=True)
    time = graph.integers(0)
    summaries = (
        graph.add("ReduceMean", steps, time, keepdims=0),
        graph.add("ReduceMax", steps, time, keepdims=0),
    )
    embedding = graph.add("Concat", *summaries, to="embedding", axis=1)
    layers.linear("head", embedding, to="logits")
    n_genres, n_embedding = network.head.weight.shape
    return graph.content(shape, {"logits": n_genres, "embedding": n_embedding})


def check_student(network: nn.Module) -> StridedCrnn:
    """Return the network; refuse one that cannot be written as a model file."""
    if not isinstance(network, StridedCrnn):
        raise RecipeError(f"a student is a strided_crnn, no {type(network).__name__}")
    return network


def _standardised(graph: OnnxGraph) -> str:
    """Give every segment mean 0 and standard deviation 1."""
    axes = graph.integers(1, 2)
    centred = graph.add(
        "Sub", "segments", graph.add("ReduceMean", "segments", axes, keepdims=1)
    )
    variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), axes, keepdims=1)
    spread = graph.add(
        "Max", graph.add("Sqrt", variance), graph.constant(np.array(FLAT_DB, np.float32))
    )
    return graph.add("Div", centred, spread)


def _block(layers: TorchLayers, name: str, source: str, pool: tuple[int, int]) -> str:
    graph = layers.graph
    inner = graph.add("Relu", layers.convolution(f"{name}.first", source))
    inner = layers.convolution(f"{name}.second", inner)
    total = graph.add("Add", inner, layers.convolution(f"{name}.shortcut", source))
    return graph.max_pooling(graph.add("Relu", total), pool)
