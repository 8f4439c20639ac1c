"""Networks whose weights are stored as 8-bit integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Tensors of fewer weights stay as they are: they take no space.
LEAST_WEIGHTS = 256
LARGEST = 127


def with_int8_weights(content: bytes) -> bytes:
    """Round the weights of a model file to 255 levels.

    Each output channel has a scale of its own. The network turns them back into floats
    and computes with those, so that the file becomes smaller, and scoring no faster.

    Args:
        content: of a model file, the card in it.

    Returns:
        The content of a smaller model file, with the same card.
    """
    model = onnx.load_model_from_string(content)
    nodes = []
    for weights in list(model.graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < LEAST_WEIGHTS:
            continue
        levels, scales = _rounded(values)
        names = [f"{weights.name}_int8", f"{weights.name}_scale"]
        model.graph.initializer.remove(weights)
        model.graph.initializer.append(numpy_helper.from_array(levels, names[0]))
        model.graph.initializer.append(numpy_helper.from_array(scales, names[1]))
        nodes.append(helper.make_node("DequantizeLinear", names, [weights.name], axis=0))
    # Nodes stand behind those that they take their values from.
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
    smaller: bytes = model.SerializeToString()
    return smaller


def _rounded(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return integers and the scale of each row of the first axis."""
    greatest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scales = np.maximum(greatest, np.finfo(np.float32).tiny * LARGEST) / LARGEST
    levels = np.rint(values / scales).astype(np.int8)
    return levels, scales.reshape(-1).astype(np.float32)
