"""Ways to make a model file claim, name or ask for what it should not."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from mutations import mutated
from onnx import TensorProto, helper, numpy_helper

from genre_model.model.model_file import CARD_KEY
from genre_model.model.source import read_network

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

SIZES = (-1, 0, 1, 7, 2**16, 2**31 - 1, 2**31, 2**40, 2**62)
#: What a card may say in place of anything.
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, float("nan"), 2**70, "", "\x1b[2J\x07", "../../x",
    "x" * 10**6, [], {}, [[]], ["rock"] * 1000, ["a\nb", "\u202ec"], [1],
    {"a": {"b": [None]}},
)  # fmt: skip
OPERATORS = tuple(
    """
    Add Cast ConstantOfShape Conv Einsum Expand Gather GRU Identity If Loop MatMul
    OptionalGetElement Range Reshape Resize Scan SequenceAt SplitToSequence StringSplit Tile
    TopK Upsample Where nothing
    """.split()  # noqa: SIM905 -- shorter, and a line each would be too long
)


def seeds(folder: Path) -> list[bytes]:
    """Return model files that are sound."""
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from onnx_models import write_small_model

    folder.mkdir(exist_ok=True)
    small = write_small_model(folder / "seed.onnx").read_bytes()
    return [small, small, read_network()]


def claim_size(model: onnx.ModelProto, rng: random.Random) -> None:
    """Change a dimension of a tensor, or of what goes in or out."""
    tensors = list(model.graph.initializer)
    values = [v.type.tensor_type.shape for v in (*model.graph.input, *model.graph.output)]
    if rng.random() < 0.5 and tensors:
        dims = rng.choice(tensors).dims
        if dims:
            dims[rng.randrange(len(dims))] = rng.choice(SIZES)
        else:
            dims.append(rng.choice(SIZES))
    else:
        shape = rng.choice(values)
        if shape.dim:
            rng.choice(list(shape.dim)).dim_value = rng.choice(SIZES)


def spoil_values(model: onnx.ModelProto, rng: random.Random) -> None:
    """Make weights no numbers, too few, or of another type."""
    tensor = rng.choice(list(model.graph.initializer))
    if rng.random() < 0.4 and tensor.data_type == TensorProto.FLOAT:
        values = np.full(
            numpy_helper.to_array(tensor).shape, rng.choice((np.nan, np.inf, 1e38))
        )
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))
    elif rng.random() < 0.5:
        tensor.raw_data = tensor.raw_data[: rng.randrange(len(tensor.raw_data) + 1)]
    else:
        tensor.data_type = rng.randrange(30)


def read_elsewhere(model: onnx.ModelProto, rng: random.Random) -> None:
    """Let a tensor lie in another file."""
    tensor = rng.choice(list(model.graph.initializer))
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    place = rng.choice(("/etc/passwd", "../../secret", "/dev/zero", "\x00", "C:\\x"))
    tensor.external_data.add(key="location", value=place)
    tensor.external_data.add(key="length", value=str(rng.choice(SIZES)))


def rewire(model: onnx.ModelProto, rng: random.Random) -> None:
    """Connect, rename, double or drop nodes."""
    nodes = model.graph.node
    node = rng.choice(list(nodes))
    names = [name for other in nodes for name in (*other.input, *other.output)]
    match rng.randrange(6):
        case 0 if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice(names)
        case 1 if node.output:
            node.output[rng.randrange(len(node.output))] = rng.choice(names)
        case 2:
            node.op_type = rng.choice(OPERATORS)
        case 3:
            node.domain = rng.choice(("com.microsoft", "ai.onnx.ml", "x\x1b[1m", ""))
        case 4:
            nodes.append(node)
        case _:
            nodes.remove(node)


def ask_for_much(model: onnx.ModelProto, rng: random.Random) -> None:
    """Add a node that makes something huge, and let an output depend on it."""
    size = rng.choice((2**20, 2**28, 2**31, 2**33, 2**40, 2**62))
    shape = numpy_helper.from_array(np.array([size], np.int64), "much_shape")
    model.graph.initializer.append(shape)
    much = helper.make_node("ConstantOfShape", ["much_shape"], ["much"])
    model.graph.node.insert(0, much)
    most = helper.make_node("ReduceMax", ["much"], ["most"], keepdims=0)
    model.graph.node.insert(1, most)
    for node in model.graph.node:
        if "logits" in node.output:
            node.output[list(node.output).index("logits")] = "less"
    model.graph.node.append(helper.make_node("Add", ["less", "most"], ["logits"]))


def change_attribute(model: onnx.ModelProto, rng: random.Random) -> None:
    """Put an odd number or text into an attribute."""
    nodes = [node for node in model.graph.node if node.attribute]
    if not nodes:
        return
    attribute = rng.choice(list(rng.choice(nodes).attribute))
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(SIZES)
    elif attribute.HasField("s"):
        attribute.s = rng.choice((b"", b"\xff\xfe", b"x" * 10_000))
    else:
        attribute.i = rng.choice(SIZES)


def change_versions(model: onnx.ModelProto, rng: random.Random) -> None:
    """Claim to be of another version."""
    model.ir_version = rng.choice((0, 1, 3, 8, 99, 2**40))
    for opset in model.opset_import:
        opset.version = rng.choice((0, 1, 7, 13, 21, 999, 2**40))


def change_card(model: onnx.ModelProto, rng: random.Random) -> None:
    """Put something odd into the card, at any depth."""
    entries = [entry for entry in model.metadata_props if entry.key == CARD_KEY]
    if not entries:
        return
    card = place = json.loads(entries[0].value)
    while True:
        key = rng.choice(sorted(place))
        if isinstance(place[key], dict) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        place[key] = rng.choice(VALUES)
        break
    text = json.dumps(card)
    if rng.random() < 0.2:
        text = rng.choice((text[: len(text) // 2], "[" * 50_000, "9" * 10_000, "\x00"))
    entries[0].value = text


MODEL_MUTATIONS: tuple[Callable[[onnx.ModelProto, random.Random], None], ...] = (
    claim_size,
    spoil_values,
    read_elsewhere,
    rewire,
    rewire,
    ask_for_much,
    change_attribute,
    change_versions,
    change_card,
    change_card,
)


def mutated_model(content: bytes, rng: random.Random) -> bytes:
    """Mutate a model file: its bytes, or one to three of its parts."""
    if rng.random() < 0.2:
        return mutated(content, rng)
    model = onnx.load_model_from_string(content)
    # What was mutated before may not allow what comes next.
    with suppress(Exception):
        for _ in range(rng.randrange(1, 4)):
            rng.choice(MODEL_MUTATIONS)(model, rng)
    mutant: bytes = model.SerializeToString()
    return mutant
