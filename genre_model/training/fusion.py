"""Two networks as one, whose logits are the mean of theirs (late fusion)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.compose import add_prefix

from genre_model.errors import TrainingDataError
from genre_model.training.recipe_identity import recipe_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genre_model.card import Card
    from genre_model.model_file import Model

INPUT, LOGITS, EMBEDDING = "segments", "logits", "embedding"


def fused_network(models: Sequence[Model], share: float) -> bytes:
    """Join two networks that take the same segments.

    Logits are the weighted mean of theirs, the embedding is theirs, one behind the other:
    the logits are a linear function of it, as they must be for heads to be trained on it.

    Args:
        models: the two.
        share: of the second in the mean, 0 to 1.

    Returns:
        A serialised network, without a card.

    Raises:
        TrainingDataError: if the two mean different things by an operation's name.
    """
    protos = [onnx.load_model_from_string(model.content) for model in models]
    parts = [add_prefix(proto, prefix_of(i)) for i, proto in enumerate(protos)]
    first = protos[0].graph
    nodes = [
        *(helper.make_node("Identity", [INPUT], [_name(i, INPUT)]) for i in (0, 1)),
        *(node for part in parts for node in part.graph.node),
        *(
            helper.make_node("Mul", [_name(i, LOGITS), f"share{i}"], [f"weighed{i}"])
            for i in (0, 1)
        ),
        helper.make_node("Add", ["weighed0", "weighed1"], [LOGITS]),
        helper.make_node(
            "Concat", [_name(i, EMBEDDING) for i in (0, 1)], [EMBEDDING], axis=1
        ),
    ]
    shares = [
        numpy_helper.from_array(np.array(value, np.float32), f"share{i}")
        for i, value in enumerate((1 - share, share))
    ]
    logits = next(value for value in first.output if value.name == LOGITS)
    graph = helper.make_graph(
        nodes,
        "fused",
        list(first.input),
        [logits, _embedding_of([proto.graph for proto in protos])],
        [*(one for part in parts for one in part.graph.initializer), *shares],
    )
    fused = helper.make_model(
        graph,
        opset_imports=_common_opsets(protos),
        ir_version=max(proto.ir_version for proto in protos),
    )
    content: bytes = fused.SerializeToString()
    return content


def _common_opsets(protos: Sequence[onnx.ModelProto]) -> list[onnx.OperatorSetIdProto]:
    """Return what both need; of one operation, two versions can compute otherwise."""
    version_of: dict[str, int] = {}
    for opset in (opset for proto in protos for opset in proto.opset_import):
        version = version_of.setdefault(opset.domain, opset.version)
        if version != opset.version:
            raise TrainingDataError(
                f"the two models are of ONNX opsets {version} and {opset.version}, which "
                "may compute otherwise: export both with the same version of torch"
            )
    return [helper.make_opsetid(*one) for one in version_of.items()]


def fused_card(models: Sequence[Model], share: float) -> Card:
    """Say of two networks what is true of both.

    Raises:
        TrainingDataError: if they have other genres or another front end, or do not say
            which tracks they were trained on, or other tracks were heard or left out.
    """
    first, second = (model.card for model in models)
    if (first.genres, first.front_end) != (second.genres, second.front_end):
        raise TrainingDataError("the two models have other genres, or another front end")
    heard = [set(card.training.get("track_ids", ())) for card in (first, second)]
    if not heard[0] or heard[0] != heard[1]:
        raise TrainingDataError("the two models were not trained on the same tracks")
    if first.training.get("left_out") != second.training.get("left_out"):
        raise TrainingDataError("the two models had other tracks left out (--leave-out)")
    recipes = [recipe_of(card) for card in (first, second)]
    text = repr((recipes, share))
    training: dict[str, Any] = first.training | {
        "recipe": f"{recipes[0][0]} and {recipes[1][0]}",
        "recipe_hash": hashlib.sha256(text.encode()).hexdigest()[:16],
        "n_parameters": _sum(first, second, "n_parameters"),
        "seconds": _sum(first, second, "seconds"),
        "fused": {
            "models": [model.model_id for model in models],
            "recipes": [recipe[0] for recipe in recipes],
            "int8": ["int8" in card.training for card in (first, second)],
            "share": share,
        },
    }
    licence = _licence_of_both(first.licence, second.licence)
    name = f"{first.name}_fused"
    return replace(first, name=name, training=training, metrics={}, licence=licence)


def _licence_of_both(first: str, second: str) -> str:
    """Join two texts; of one that says what the other does, nothing is said twice."""
    if first in second or second in first:
        return max(first, second, key=len)
    return f"{first} {second}"


def _sum(first: Card, second: Card, name: str) -> Any:
    return sum(card.training.get(name, 0) for card in (first, second))


def prefix_of(place: int) -> str:
    """Return how names begin in a fused network, of what belongs to one of the two."""
    return f"network{place}_"


def _name(place: int, name: str) -> str:
    return f"{prefix_of(place)}{name}"


def _embedding_of(graphs: Sequence[onnx.GraphProto]) -> onnx.ValueInfoProto:
    outputs = [
        next(value for value in graph.output if value.name == EMBEDDING) for graph in graphs
    ]
    dims = [value.type.tensor_type.shape.dim for value in outputs]
    n_values = sum(each[1].dim_value for each in dims)
    shape = [dims[0][0].dim_param, n_values]
    return helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, shape)
