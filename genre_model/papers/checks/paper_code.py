"""The networks in the code of paper 002: parameters, and their least loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp
from torch import nn

from genre_model.papers.outcome import Measurement
from genre_model.training.data.gtzan import GENRES
from genre_model.training.networks import build_network, count_parameters
from genre_model.training.networks.resnet18 import ResNet18
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Paper 002, sections III.B.4 and 5: parameters of the networks of these recipes.
PUBLISHED_PARAMETERS = {"b4_crnn": 372_048, "b5_extended_crnn": 3_914_064}
#: Of its third one, "ResNet18".
RESNET_RECIPE, PUBLISHED_RESNET = "b6_resnet_crnn", 58_144_138
#: Bottleneck blocks in the four stages of ResNet-152 (He et al. 2016, table 1).
RESNET_152_BLOCKS = (3, 8, 36, 3)


def size_measurements() -> Iterator[Measurement]:
    """Count the parameters of the networks at the paper's pictures, with and without GRU.

    Yields:
        The count of its code's summary beside the paper's number, then all of them.
    """
    for recipe, published in PUBLISHED_PARAMETERS.items():
        without, with_gru = parameters_of(recipe)
        name = f"recipe {recipe} on audio"
        yield Measurement(name, "parameters but the GRU's", published, without)
        yield Measurement(name, "parameters", None, with_gru)
    ours = count_parameters(ResNet18()) + _dense_parameters()
    name = "ResNet-18 and a dense layer"
    yield Measurement(name, "parameters but the GRU's", PUBLISHED_RESNET, ours)


def code_findings() -> Iterator[str]:
    """Say what the printed sizes are of, and below what the loss cannot fall."""
    dense = _dense_parameters()
    resnet_152 = bottleneck_parameters(RESNET_152_BLOCKS)
    same = "as many as" if resnet_152 + dense == PUBLISHED_RESNET else "other than"
    yield (
        f"ResNet-152 without its last layer has {resnet_152:,} parameters, the dense layer "
        f"behind the GRU has {dense}: together {resnet_152 + dense:,}, {same} the paper's "
        f"ResNet-18 of {PUBLISHED_RESNET:,}."
    )
    yield (
        "The code takes the cross-entropy of a softmax of a softmax: with probability 1 "
        f"for the true genre of {len(GENRES)} it still is {loss_floor(len(GENRES)):.4f}. "
        "B7 measures what that costs."
    )


def parameters_of(recipe_name: str) -> tuple[int, int]:
    """Count a network's parameters on audio: without its GRU, and all."""
    recipe = read_recipe(recipe_name)
    shape = (recipe.front_end.mel.n_mels, recipe.front_end.segment.segment_frames)
    network = build_network(recipe.network, shape, len(GENRES), recipe.network_options)
    recurrent = [part for part in network.modules() if isinstance(part, nn.GRU)]
    n_all = count_parameters(network)
    return n_all - sum(map(count_parameters, recurrent)), n_all


def bottleneck_parameters(blocks: tuple[int, ...]) -> int:
    """Count the parameters of a ResNet of bottleneck blocks, but for its last layer.

    He et al. (2016), section 4: 1 x 1, 3 x 3 and 1 x 1 convolutions, the last four times
    as wide; batch normalisation has two parameters a channel.

    Args:
        blocks: in each stage; the first stage is 64 channels wide, each further one
            twice as wide as the one before.
    """
    n_channels = 64
    total = 3 * 7 * 7 * n_channels + 2 * n_channels
    for stage, n_blocks in enumerate(blocks):
        width = 64 * 2**stage
        total += n_channels * 4 * width + 8 * width  # the first block's shortcut
        for _ in range(n_blocks):
            total += (n_channels + 9 * width + 4 * width) * width + 12 * width
            n_channels = 4 * width
    return total


def _dense_parameters() -> int:
    """Count those from the last GRU layer to the genres."""
    units = read_recipe(RESNET_RECIPE).network_options["units"]
    return int(units[-1] + 1) * len(GENRES)


def loss_floor(n_genres: int) -> float:
    """Return the cross-entropy, in nats, of a softmax of certain, right probabilities."""
    return float(logsumexp(np.eye(n_genres)[0]) - 1)
