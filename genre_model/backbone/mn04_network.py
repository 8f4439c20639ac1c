"""mn04 as an ONNX network: log-mel segments to AudioSet's tags, by way of an embedding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genre_model.backbone.mn04_layout import (
    BLOCKS,
    N_FEATURES,
    N_TAGS,
    Block,
)
from genre_model.backbone.onnx_graph import OnnxGraph
from genre_model.config import FrontEnd, KaldiMelConfig, SegmentConfig, WaveformConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: As the network was trained; 10 s at a time.
FRONT_END = FrontEnd(
    WaveformConfig(32_000),
    KaldiMelConfig(
        window_samples=800,
        n_fft=1024,
        hop_samples=320,
        n_mels=128,
        f_min_hz=0.0,
        f_max_hz=15_000.0,
        keep_below_hz=15_000.0,
        preemphasis=0.97,
        power_floor=1e-5,
    ),
    SegmentConfig(
        segment_frames=1000,
        n_segments=7,
        whole_below_seconds=60.0,
        min_track_seconds=3.0,
    ),
)
#: Of the batch normalisations.
EPSILON = 1e-3


def mn04_network(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the network that the weights are of.

    Args:
        weights: name -> array, as published.

    Returns:
        An ONNX network with input ``segments`` [shape=(n, 128, 1000), dB] and outputs
        ``logits`` of AudioSet's classes [shape=(n, 527)] and ``embedding``
        [shape=(n, 384)].
    """
    layers = _Layers(OnnxGraph(), weights)
    graph = layers.graph
    source = layers.convolution("features.0", _input(graph), stride=2)
    source, n_in = graph.hard_swish(source), layers.n_out("features.0")
    for number, block in enumerate(BLOCKS, 1):
        source = layers.block(f"features.{number}.block", source, n_in, block)
        n_in = block.n_out
    source = graph.hard_swish(layers.convolution(f"features.{len(BLOCKS) + 1}", source))
    pooled = graph.mean_over_picture(source)
    embedding = graph.add("Flatten", pooled, to="embedding", axis=1)
    hidden = graph.hard_swish(layers.linear("classifier.2", embedding))
    layers.linear("classifier.5", hidden, to="logits")
    mel, segment = FRONT_END.mel, FRONT_END.segment
    return graph.content(
        (mel.n_mels, segment.segment_frames), {"logits": N_TAGS, "embedding": N_FEATURES}
    )


def _input(graph: OnnxGraph) -> str:
    """Turn decibels into (ln(power) + 4.5) / 5, with a channel."""
    nepers_per_decibel = math.log(10) / 10
    scaled = graph.add(
        "Mul", "segments", graph.constant(np.array(nepers_per_decibel / 5, np.float32))
    )
    shifted = graph.add("Add", scaled, graph.constant(np.array(4.5 / 5, np.float32)))
    return graph.add("Unsqueeze", shifted, graph.constant(np.array([1], np.int64)))


@dataclass(frozen=True)
class _Layers:
    graph: OnnxGraph
    weights: Mapping[str, NDArray[np.float32]]

    def n_out(self, name: str) -> int:
        """Return the channels that come out of a convolution."""
        return len(self.weights[f"{name}.0.weight"])

    def convolution(self, name: str, source: str, stride: int = 1, groups: int = 1) -> str:
        """Add a convolution with the batch normalisation behind it."""
        gain, shift, mean, variance = (
            self.weights[f"{name}.1.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + EPSILON)
        weights = self.weights[f"{name}.0.weight"] * scale[:, None, None, None]
        return self.graph.convolution(
            source, weights, shift - mean * scale, stride=stride, groups=groups
        )

    def linear(self, name: str, source: str, to: str = "") -> str:
        """Add a linear layer over one axis."""
        weights, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        constants = self.graph.constant(weights), self.graph.constant(bias)
        return self.graph.add("Gemm", source, *constants, to=to, transB=1)

    def block(self, name: str, source: str, n_in: int, block: Block) -> str:
        """Add an inverted residual."""
        inner, part = source, 0
        if block.n_expanded != n_in:
            inner = self._activated(self.convolution(f"{name}.0", source), block)
            part = 1
        filtered = self.convolution(
            f"{name}.{part}", inner, stride=block.stride, groups=block.n_expanded
        )
        inner = self._activated(filtered, block)
        if block.is_excited:
            part += 1
            inner = self._excited(f"{name}.{part}.conc_se_layers.0", inner)
        inner = self.convolution(f"{name}.{part + 1}", inner)
        if block.stride == 1 and block.n_out == n_in:
            inner = self.graph.add("Add", inner, source)
        return inner

    def _activated(self, source: str, block: Block) -> str:
        if block.is_hard:
            return self.graph.hard_swish(source)
        return self.graph.add("Relu", source)

    def _excited(self, name: str, source: str) -> str:
        """Weight channels by a function of their means (squeeze and excitation)."""
        squeezed = self._pointwise(f"{name}.fc1", self.graph.mean_over_picture(source))
        gate = self._pointwise(f"{name}.fc2", self.graph.add("Relu", squeezed))
        return self.graph.add("Mul", source, self.graph.add("Sigmoid", gate))

    def _pointwise(self, name: str, source: str) -> str:
        weights, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return self.graph.convolution(source, weights[:, :, None, None], bias)
