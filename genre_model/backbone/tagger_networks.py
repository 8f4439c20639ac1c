"""The taggers of Won et al. as ONNX networks: log-mel segments to 50 tags each.

Won, Ferraro, Bogdanov & Serra, *Evaluation of CNN-based automatic music tagging models*,
SMC 2020 (arXiv 2006.00751), repository minzwon/sota-music-tagging-models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.backbone.torch_layers import TorchLayers
from genre_model.features.config import FrontEnd, MelConfig, SegmentConfig, WaveformConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from genre_model.model.onnx_graph import OnnxGraph

    Weights = Mapping[str, NDArray[np.float32]]

#: As the networks were trained, 29 s at a time, except that frames are not padded, so that
#: they begin one hop later, the window is symmetric, and the power floor is added.
FRONT_END = FrontEnd(
    WaveformConfig(16_000),
    MelConfig(
        n_fft=512,
        hop_samples=256,
        n_mels=96,
        f_min_hz=0.0,
        f_max_hz=8_000.0,
        keep_below_hz=8_000.0,
        band_value="db_of_mean",
        power_floor=1e-10,
    ),
    SegmentConfig(
        segment_frames=1813, n_segments=3, whole_below_seconds=90.0, min_track_seconds=3.0
    ),
)
N_TAGS = 50


class TaggerOutputs(NamedTuple):
    """Names of the outputs of a tagger, and the length of its embedding."""

    logits: str
    embedding: str
    n_features: int


def add_fcn(graph: OnnxGraph, weights: Weights) -> TaggerOutputs:
    """Add the fully convolutional network of Choi et al. (2016)."""
    layers = TorchLayers(graph, weights)
    pools = [(2, 4), (2, 4), (2, 4), (3, 5), (4, 4)]
    embedding = graph.add("Flatten", _blocks(layers, pools), axis=1)
    return _outputs(layers, embedding)


def add_crnn(graph: OnnxGraph, weights: Weights) -> TaggerOutputs:
    """Add the convolutional recurrent network of Choi et al. (2017)."""
    layers = TorchLayers(graph, weights)
    picture = _blocks(layers, [(2, 2), (3, 3), (4, 4), (4, 4)])
    row = graph.add("Squeeze", picture, graph.integers(2))
    steps = layers.gru("layer5", graph.add("Transpose", row, perm=[2, 0, 1]), n_layers=2)
    last = graph.add("Gather", steps, graph.integers(-1), axis=0)
    return _outputs(layers, graph.add("Squeeze", last, graph.integers(0)))


#: Each adds a tagger to a network with input ``segments`` [shape=(n, 96, 1813), dB].
ARCHITECTURES: dict[str, Callable[[OnnxGraph, Weights], TaggerOutputs]] = {
    "fcn": add_fcn,
    "crnn": add_crnn,
}


def _outputs(layers: TorchLayers, embedding: str) -> TaggerOutputs:
    n_features = layers.weights["dense.weight"].shape[1]
    return TaggerOutputs(layers.linear("dense", embedding), embedding, n_features)


def _blocks(layers: TorchLayers, pools: list[tuple[int, int]]) -> str:
    """Add blocks of a 3x3 convolution, ReLU and max pooling."""
    source = _picture(layers)
    for number, pool in enumerate(pools, 1):
        filtered = layers.graph.add("Relu", layers.convolution(f"layer{number}", source))
        source = layers.graph.max_pooling(filtered, pool)
    return source


def _picture(layers: TorchLayers) -> str:
    """Convert decibels of ``FRONT_END`` to the networks' input, and add a channel axis.

    The published bands sum power where those of ``FRONT_END`` average it, so that they
    differ by a gain for each band.
    """
    gains = layers.weights["spec.mel_scale.fb"].astype(np.float64).sum(axis=0)
    decibels = 10 * np.log10(gains)[:, np.newaxis]
    graph = layers.graph
    louder = graph.affine("segments", np.ones_like(decibels), decibels)
    normalised = layers.normalisation("spec_bn", louder)
    return graph.add("Unsqueeze", normalised, graph.integers(1))
