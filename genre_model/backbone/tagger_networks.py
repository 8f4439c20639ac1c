"""The taggers of Won et al. as ONNX networks: log-mel segments to 50 tags each.

Won, Ferraro, Bogdanov & Serra, *Evaluation of CNN-based automatic music tagging models*,
SMC 2020 (arXiv 2006.00751), repository minzwon/sota-music-tagging-models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.backbone.torch_layers import TorchLayers
from genre_model.config import FrontEnd, MelConfig, SegmentConfig, WaveformConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from genre_model.backbone.onnx_graph import OnnxGraph

    Weights = Mapping[str, NDArray[np.float32]]

#: As the networks were trained, 29 s at a time, but for two details that move their logits
#: by less than 0.1: frames are not padded, and the window is symmetric.
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
        segment_frames=1813,
        n_segments=3,
        whole_below_seconds=90.0,
        min_track_seconds=3.0,
    ),
)
N_TAGS = 50
#: musicnn hears patches of 3 s.
_PATCH_FRAMES = 188


class TaggerOutputs(NamedTuple):
    """Names of what a tagger computes of each segment.

    Attributes:
        logits: of the tags [shape=(n, 50)].
        embedding: what they are a linear function of [shape=(n, n_features)].
        n_features: 64 of FCN, 32 of CRNN, 200 of musicnn.
    """

    logits: str
    embedding: str
    n_features: int


def add_fcn(graph: OnnxGraph, weights: Weights) -> TaggerOutputs:
    """Add the fully convolutional network of Choi et al. (2016).

    Args:
        graph: of a network whose input is ``segments`` [shape=(n, 96, 1813), dB].
        weights: name -> array, as published.
    """
    layers = TorchLayers(graph, weights)
    pools = [(2, 4), (2, 4), (2, 4), (3, 5), (4, 4)]
    embedding = graph.add("Flatten", _blocks(layers, pools), axis=1)
    return _outputs(layers, "dense", embedding)


def add_crnn(graph: OnnxGraph, weights: Weights) -> TaggerOutputs:
    """Add the convolutional recurrent network of Choi et al. (2017).

    Args:
        graph: as for :func:`add_fcn`.
        weights: likewise.
    """
    layers = TorchLayers(graph, weights)
    picture = _blocks(layers, [(2, 2), (3, 3), (4, 4), (4, 4)])
    row = graph.add("Squeeze", picture, graph.integers(2))
    steps = layers.gru("layer5", graph.add("Transpose", row, perm=[2, 0, 1]), n_layers=2)
    last = graph.add("Gather", steps, graph.integers(-1), axis=0)
    return _outputs(layers, "dense", graph.add("Squeeze", last, graph.integers(0)))


def add_musicnn(graph: OnnxGraph, weights: Weights) -> TaggerOutputs:
    """Add musicnn (Pons & Serra 2019); its outputs are means over patches of 3 s.

    Args:
        graph: as for :func:`add_fcn`.
        weights: likewise.
    """
    layers = TorchLayers(graph, weights)
    n_patches = FRONT_END.segment.segment_frames // _PATCH_FRAMES
    features = _musicnn_features(layers, _picture(layers, _patches(layers, n_patches)))
    dense = layers.linear("dense1", features)
    hidden = graph.add("Relu", layers.normalisation("bn", dense))

    def mean_of_patches(source: str, length: int) -> str:
        parted = graph.add("Reshape", source, graph.integers(-1, n_patches, length))
        return graph.add("ReduceMean", parted, graph.integers(1), keepdims=0)

    n_features = len(weights["dense1.bias"])
    return TaggerOutputs(
        mean_of_patches(layers.linear("dense2", hidden), N_TAGS),
        mean_of_patches(hidden, n_features),
        n_features,
    )


ARCHITECTURES: dict[str, Callable[[OnnxGraph, Weights], TaggerOutputs]] = {
    "fcn": add_fcn,
    "crnn": add_crnn,
    "musicnn": add_musicnn,
}


def _outputs(layers: TorchLayers, name: str, embedding: str) -> TaggerOutputs:
    n_features = layers.weights[f"{name}.weight"].shape[1]
    return TaggerOutputs(layers.linear(name, embedding), embedding, n_features)


def _blocks(layers: TorchLayers, pools: list[tuple[int, int]]) -> str:
    """Add blocks of a 3x3 convolution, ReLU and max pooling."""
    source = _picture(layers, "segments")
    for number, pool in enumerate(pools, 1):
        filtered = layers.graph.add("Relu", layers.convolution(f"layer{number}", source))
        source = layers.graph.max_pooling(filtered, pool)
    return source


def _picture(layers: TorchLayers, segments: str) -> str:
    """Turn our decibels into the networks' normalised ones, with a channel.

    Their bands add up power where ours take the mean, which is a gain for each band.
    """
    gains = layers.weights["spec.mel_scale.fb"].astype(np.float64).sum(axis=0)
    decibels = 10 * np.log10(gains)[:, np.newaxis]
    graph = layers.graph
    louder = graph.affine(segments, np.ones_like(decibels), decibels)
    normalised = layers.normalisation("spec_bn", louder)
    return graph.add("Unsqueeze", normalised, graph.integers(1))


def _patches(layers: TorchLayers, n_patches: int) -> str:
    """Cut segments into patches [shape=(n * n_patches, 96, 188)]."""
    graph, n_mels = layers.graph, FRONT_END.mel.n_mels
    ends = (graph.integers(0), graph.integers(n_patches * _PATCH_FRAMES))
    whole = graph.add("Slice", "segments", *ends, graph.integers(2))
    shape = graph.integers(0, n_mels, n_patches, _PATCH_FRAMES)
    parted = graph.add("Reshape", whole, shape)
    turned = graph.add("Transpose", parted, perm=[0, 2, 1, 3])
    return graph.add("Reshape", turned, graph.integers(-1, n_mels, _PATCH_FRAMES))


def _musicnn_features(layers: TorchLayers, picture: str) -> str:
    """Return maxima and means over time of all layers [shape=(n, n_features)]."""
    graph = layers.graph

    def filtered(name: str, source: str, padding: tuple[int, int] | None = None) -> str:
        return graph.add("Relu", layers.convolution(name, source, padding=padding))

    tall = [filtered(f"layers.{number}", picture, padding=(0, 3)) for number in (0, 1)]
    timbre = [graph.add("ReduceMax", one, graph.integers(2), keepdims=1) for one in tall]
    loudness = graph.add("ReduceMean", picture, graph.integers(2), keepdims=1)
    tempo = [filtered(f"layers.{number}", loudness) for number in (2, 3, 4)]
    front = graph.add("Concat", *timbre, *tempo, axis=1)
    first = filtered("layer1", front)
    second = graph.add("Add", filtered("layer2", first), first)
    third = graph.add("Add", filtered("layer3", second), second)
    all_layers = graph.add("Concat", front, first, second, third, axis=1)
    pooled = [
        graph.add(operator, all_layers, graph.integers(2, 3), keepdims=0)
        for operator in ("ReduceMax", "ReduceMean")
    ]
    return graph.add("Concat", *pooled, axis=1)
