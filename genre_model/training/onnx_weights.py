"""The weights in an exported network, as torch has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.utils import Extractor
from torch import nn

from genre_model.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

#: What ONNX Runtime calls 8-bit weights, and what it makes of them.
INT8, FLOATS = "_quantized", "_DequantizeLinear_Output"
#: Before the names of the first of two networks that are one model file.
FIRST = "network0_"
#: Batch normalisation adds it to the variance before it takes the root.
EPSILON = nn.BatchNorm2d(1).eps


class OnnxWeights:
    """Reads tensors out of an exported ``residual_crnn``, by the names of torch.

    Of two networks in one file, it is the first.

    The exporter folds batch normalisation into the convolutions, so that they have a
    bias, and writes the GRU in ONNX's layout: small ones at once, the weights of large
    ones by nodes that put them together. 8-bit weights are read as the floats that they
    stand for.

    Args:
        content: of a model file.

    Attributes:
        is_int8: whether convolutions compute with 8-bit integers.
        is_fused: whether there is another network beside it.
    """

    def __init__(self, content: bytes) -> None:
        self._model = onnx.load_model_from_string(content)
        self._constants = {one.name: one for one in self._model.graph.initializer}
        self.is_fused = any(name.startswith(FIRST) for name in self._constants)
        self._prefix = FIRST if self.is_fused else ""
        self.is_int8 = any(node.op_type == "QuantizeLinear" for node in self._nodes())

    def has(self, name: str) -> bool:
        """Tell whether there are weights of this name."""
        name = f"{self._prefix}{name}"
        return name in self._constants or f"{name}{INT8}" in self._constants

    def block(self, name: str) -> dict[str, Tensor]:
        """Return convolutions, and normalisations that only add their biases.

        Args:
            name: of the block, such as ``blocks.0``.

        Raises:
            ModelFileError: if there is no such block.
        """
        values: dict[str, Tensor] = {}
        for conv, norm in (
            (f"{name}.conv1", f"{name}.norm1"),
            (f"{name}.conv2", f"{name}.norm2"),
        ):
            node = self._node("Conv", f"{conv}.weight")
            if len(node.input) < 3:
                raise ModelFileError(f"its network is no residual_crnn (no bias of {conv})")
            bias = self._tensor(node.input[2])
            values |= {
                f"{conv}.weight": self._tensor(node.input[1]),
                f"{norm}.weight": torch.ones_like(bias),
                f"{norm}.bias": bias,
                f"{norm}.running_mean": torch.zeros_like(bias),
                f"{norm}.running_var": torch.ones_like(bias) - EPSILON,
            }
        shortcut = f"{name}.shortcut.weight"
        return values | {shortcut: self._tensor(self._node("Conv", shortcut).input[1])}

    def gru(self) -> dict[str, Tensor]:
        """Return the GRU; torch orders its gates r, z, n, and ONNX z, r, n.

        Raises:
            ModelFileError: if there is none.
        """
        _, *names = self._node("GRU").input[:4]
        of_input, of_state, biases = (self._computed(name) for name in names)
        n_units = of_state.shape[2]
        values: dict[str, NDArray[np.float32]] = {}
        for direction, end in enumerate(("l0", "l0_reverse")):
            bias_of_input, bias_of_state = np.split(biases[direction], 2)
            values |= {
                f"pooling.gru.weight_ih_{end}": of_input[direction],
                f"pooling.gru.weight_hh_{end}": of_state[direction],
                f"pooling.gru.bias_ih_{end}": bias_of_input,
                f"pooling.gru.bias_hh_{end}": bias_of_state,
            }
        gates = np.arange(3 * n_units).reshape(3, n_units)[[1, 0, 2]].reshape(-1)
        return {name: torch.from_numpy(array[gates]) for name, array in values.items()}

    def _nodes(self) -> list[onnx.NodeProto]:
        """Return the nodes of this network, not those of one that is fused with it."""
        nodes: list[onnx.NodeProto] = list(self._model.graph.node)
        return [
            node for node in nodes if any(x.startswith(self._prefix) for x in node.output)
        ]

    def _node(self, kind: str, weight: str | None = None) -> onnx.NodeProto:
        """Find the only node of a kind, or the one with this weight."""
        sought = (f"{self._prefix}{weight}", f"{self._prefix}{weight}{FLOATS}")
        for node in self._nodes():
            if node.op_type != kind:
                continue
            if weight is None or node.input[1] in sought:
                return node
        raise ModelFileError(f"its network is no residual_crnn (no {weight or kind})")

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self._computed(name))

    def _computed(self, name: str) -> NDArray[np.float32]:
        """Return a constant, or what nodes compute from constants alone."""
        if name in self._constants:
            return numpy_helper.to_array(self._constants[name]).astype(np.float32)
        try:
            whole = Extractor(onnx.shape_inference.infer_shapes(self._model))
            nodes = ReferenceEvaluator(whole.extract_model([], [name]))
            (values,) = nodes.run(None, {})
        except Exception as error:
            raise ModelFileError(f"its network is no residual_crnn ({name})") from error
        return np.asarray(values, np.float32)
