"""mn04 as an ONNX network: log-mel segments to AudioSet's tags, by way of an embedding.

Schmid, Koutini & Widmer, *Efficient large-scale audio tagging via transformer-to-CNN
knowledge distillation*, ICASSP 2023; Howard et al., *Searching for MobileNetV3*, 2019,
table 1. It is a MobileNetV3 of width 0.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.backbone.torch_layers import TorchLayers
from genre_model.features.config import (
    FrontEnd,
    KaldiMelConfig,
    SegmentConfig,
    WaveformConfig,
)
from genre_model.model.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Block(NamedTuple):
    """An inverted residual: expand, filter each channel alone, project.

    Attributes:
        kernel: width of the filters in both directions.
        n_expanded: channels between the two ends.
        n_out: channels of the output.
        is_excited: has squeeze and excitation.
        is_hard: its activation is hard-swish, otherwise ReLU.
        stride: in both directions.
    """

    kernel: int
    n_expanded: int
    n_out: int
    is_excited: bool
    is_hard: bool
    stride: int


BLOCKS = (
    Block(3, 8, 8, False, False, 1),
    Block(3, 24, 16, False, False, 2),
    Block(3, 32, 16, False, False, 1),
    Block(5, 32, 16, True, False, 2),
    Block(5, 48, 16, True, False, 1),
    Block(5, 48, 16, True, False, 1),
    Block(3, 96, 32, False, True, 2),
    Block(3, 80, 32, False, True, 1),
    Block(3, 72, 32, False, True, 1),
    Block(3, 72, 32, False, True, 1),
    Block(3, 192, 48, True, True, 1),
    Block(3, 272, 48, True, True, 1),
    Block(5, 272, 64, True, True, 2),
    Block(5, 384, 64, True, True, 1),
    Block(5, 384, 64, True, True, 1),
)
N_FEATURES = 6 * BLOCKS[-1].n_out
#: AudioSet's classes.
N_TAGS = 527
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
        segment_frames=1000, n_segments=7, whole_below_seconds=60.0, min_track_seconds=3.0
    ),
)
BATCH_NORM_EPSILON = 1e-3


def mn04_network(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the ONNX network of published weights.

    Its input is ``segments`` [shape=(n, 128, 1000), dB], its outputs are ``logits`` of
    AudioSet's classes [shape=(n, 527)] and ``embedding`` [shape=(n, 384)].
    """
    layers = _Layers(OnnxGraph(), weights, conv="0", norm="1", epsilon=BATCH_NORM_EPSILON)
    graph = layers.graph
    source = layers.convolution("features.0", _input(graph), stride=2)
    source, n_in = graph.hard_swish(source), len(weights["features.0.0.weight"])
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
    scale, shift = np.array(nepers_per_decibel / 5), np.array(4.5 / 5)
    return graph.add("Unsqueeze", graph.affine("segments", scale, shift), graph.integers(1))


class _Layers(TorchLayers):
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
