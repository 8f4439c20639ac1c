"""ONNX networks, written layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from onnx import GraphProto, NodeProto

#: With which personal heads can go on.
OPSET = 18
#: Of the same age; ONNX Runtime 1.17 reads it.
IR_VERSION = 9


@dataclass
class OnnxGraph:
    """A list of layers; each method adds one, and returns the name of its output.

    Attributes:
        prefix: of all names, for layers behind those of another network.
    """

    prefix: str = ""
    _nodes: list[NodeProto] = field(default_factory=list)
    _values: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Add any operator; ``to`` names its output."""
        output = to or f"{self.prefix}{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, values: NDArray[Any]) -> str:
        """Add numbers."""
        name = f"{self.prefix}values_{len(self._values)}"
        self._values[name] = np.ascontiguousarray(values)
        return name

    def convolution(
        self,
        source: str,
        weights: NDArray[np.floating[Any]],
        bias: NDArray[np.floating[Any]],
        *,
        stride: int | tuple[int, int] = 1,
        groups: int = 1,
    ) -> str:
        """Add a convolution over two axes that keeps their lengths at stride 1.

        Args:
            source: name of the input.
            weights: [shape=(n_out, n_in / groups, height, width)], odd lengths.
            bias: [shape=(n_out,)].
            stride: in both directions, or in each.
            groups: of channels.
        """
        strides = [stride, stride] if isinstance(stride, int) else list(stride)
        height, width = weights.shape[2:]
        return self.add(
            "Conv",
            source,
            self.constant(weights.astype(np.float32)),
            self.constant(bias.astype(np.float32)),
            kernel_shape=[height, width],
            pads=[height // 2, width // 2] * 2,
            strides=strides,
            group=groups,
        )

    def integers(self, *values: int) -> str:
        """Add whole numbers: axes, shapes, places."""
        return self.constant(np.array(values, np.int64))

    def affine(
        self,
        source: str,
        scale: NDArray[np.floating[Any]],
        shift: NDArray[np.floating[Any]],
    ) -> str:
        """Add a multiplication, and then an addition, of numbers."""
        scaled = self.add("Mul", source, self.constant(scale.astype(np.float32)))
        return self.add("Add", scaled, self.constant(shift.astype(np.float32)))

    def max_pooling(self, source: str, lengths: tuple[int, int]) -> str:
        """Add the maximum over pictures of these lengths that do not overlap."""
        shape = list(lengths)
        return self.add("MaxPool", source, kernel_shape=shape, strides=shape)

    def hard_swish(self, source: str) -> str:
        """Add x * min(1, max(0, x / 6 + 1 / 2))."""
        gate = self.add("HardSigmoid", source, alpha=1 / 6, beta=0.5)
        return self.add("Mul", source, gate)

    def mean_over_picture(self, source: str) -> str:
        """Add the mean over the last two axes, which stay, of length 1."""
        return self.add("ReduceMean", source, self.integers(2, 3), keepdims=1)

    def add_to(self, graph: GraphProto) -> None:
        """Add all layers behind those of a network."""
        graph.node.extend(self._nodes)
        graph.initializer.extend(self._tensors())

    def content(self, input_shape: tuple[int, int], outputs: Mapping[str, int]) -> bytes:
        """Return the serialised network.

        Args:
            input_shape: mel bands and frames of a segment; the input is ``segments``.
            outputs: name -> length, for each segment.
        """
        kind, n = TensorProto.FLOAT, "n_segments"
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info("segments", kind, [n, *input_shape])],
            [
                helper.make_tensor_value_info(name, kind, [n, length])
                for name, length in outputs.items()
            ],
            self._tensors(),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        content: bytes = model.SerializeToString()
        return content

    def _tensors(self) -> list[TensorProto]:
        return [
            numpy_helper.from_array(value, name) for name, value in self._values.items()
        ]


def set_output_aside(graph: GraphProto, output: str) -> str:
    """Rename an output of a network, so that layers behind it can have its name."""
    name = free_name(graph, f"earlier_{output}")
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if each == output else each for each in names]
    return name


def free_name(graph: GraphProto, name: str) -> str:
    """Return a name with which no name in a network begins, made of the given one."""
    taken = {one.name for one in (*graph.initializer, *graph.input)}
    taken.update(each for node in graph.node for each in (*node.input, *node.output))
    while any(each.startswith(name) for each in taken):
        name = f"{name}_"
    return name
