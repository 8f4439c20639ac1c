"""Layers of torch as layers of an ONNX network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from genre_model.model.onnx_graph import OnnxGraph

#: Names of the parts of a batch normalisation in a state dictionary.
_PARTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class TorchLayers:
    """Adds layers to a network, with the weights of a state dictionary.

    ``conv`` and ``norm`` name the convolution and the batch normalisation of a block.
    """

    graph: OnnxGraph
    weights: Mapping[str, NDArray[np.float32]]
    conv: str = "conv"
    norm: str = "bn"
    epsilon: float = 1e-5

    def convolution(
        self, name: str, source: str, *, stride: int | tuple[int, int] = 1, groups: int = 1
    ) -> str:
        """Add the convolution of a block and the batch normalisation behind it, as one."""
        scale, shift = self._scale_and_shift(f"{name}.{self.norm}")
        kernel = self.weights[f"{name}.{self.conv}.weight"]
        bias = self.weights.get(f"{name}.{self.conv}.bias", np.zeros(1, np.float32))
        return self.graph.convolution(
            source,
            kernel * scale[:, None, None, None],
            bias * scale + shift,
            stride=stride,
            groups=groups,
        )

    def normalisation(self, name: str, source: str) -> str:
        """Add a batch normalisation of the last axis, or of a single channel."""
        scale, shift = self._scale_and_shift(name)
        return self.graph.affine(source, scale, shift)

    def linear(self, name: str, source: str, to: str = "") -> str:
        """Add a linear layer over one axis."""
        weights, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        constants = self.graph.constant(weights), self.graph.constant(bias)
        return self.graph.add("Gemm", source, *constants, to=to, transB=1)

    def gru(
        self, name: str, source: str, *, n_layers: int = 1, bidirectional: bool = False
    ) -> str:
        """Add a GRU [shape=(n_steps, n, n_in)] -> [shape=(n_steps, n, n_out)].

        ``n_out`` is the number of units, twice that if bidirectional.
        """
        suffixes = ("", "_reverse") if bidirectional else ("",)
        for number in range(n_layers):
            directions = [
                self._gru_weights(f"{name}.{{}}_l{number}{suffix}") for suffix in suffixes
            ]
            values = [np.stack(parts) for parts in zip(*directions, strict=True)]
            source = self.graph.add(
                "GRU",
                source,
                *map(self.graph.constant, values),
                hidden_size=values[1].shape[2],
                linear_before_reset=1,
                direction="bidirectional" if bidirectional else "forward",
            )
            source = self.graph.add("Transpose", source, perm=[0, 2, 1, 3])
            source = self.graph.add("Reshape", source, self.graph.integers(0, 0, -1))
        return source

    def _gru_weights(self, name: str) -> list[NDArray[np.float32]]:
        """Return the weights of input and state, and the biases, of one direction."""
        of_input, of_state, *biases = (
            _onnx_gates(self.weights[name.format(part)])
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        return [of_input, of_state, np.concatenate(biases)]

    def _scale_and_shift(
        self, name: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what a batch normalisation multiplies by, and then adds."""
        gain, bias, mean, variance = (
            self.weights[f"{name}.{part}"].astype(np.float64) for part in _PARTS
        )
        scale = gain / np.sqrt(variance + self.epsilon)
        return scale, bias - mean * scale


def _onnx_gates(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put reset, update, new, which is torch's order, into that of ONNX."""
    reset, update, new = np.split(values, 3)
    return np.concatenate([update, reset, new])
