"""A trained ``StridedCrnn`` as an ONNX network.

``torch.onnx`` unrolls a GRU step by step, which is larger and slower than the operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from genre_model.backbone.torch_layers import TorchLayers
from genre_model.errors import RecipeError
from genre_model.model.onnx_graph import OnnxGraph
from genre_model.training.networks.segment_input import FLAT_DB
from genre_model.training.networks.strided_crnn import (
    STEM_POOL,
    STEM_STRIDE,
    StridedCrnn,
    block_pools,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn


def order_outputs(network: nn.Module, order: Sequence[int]) -> None:
    """Put the logits of a trained ``StridedCrnn`` into another order."""
    head = check_student(network).head
    rows = torch.tensor(order)
    head.weight.data, head.bias.data = head.weight.data[rows], head.bias.data[rows]


def student_network(network: nn.Module, shape: tuple[int, int]) -> bytes:
    """Return the ONNX network of a trained ``StridedCrnn``.

    Args:
        network: in evaluation mode, on the CPU.
        shape: mel bands and frames of a segment.

    Returns:
        A network with input ``segments`` and outputs ``logits`` and ``embedding``.

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
    """Return the network, if it can be written as a model file.

    Raises:
        RecipeError: if it is another one.
    """
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
