"""Model files of unknown origin: what is refused before ONNX Runtime sees it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import rewrite_card, write_small_model

from genre_model.errors import FingerprintMismatchError, ModelFileError
from genre_model.features.config import FrontEnd
from genre_model.model.model_file import read_model
from genre_model.model.source import DEFAULT_MODEL, read_network
from genre_model.model.untrusted_network import MOST
from genre_model.worker.isolated_classifier import check_untrusted_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_small_model(tmp_path / "small.onnx")


def change(path: Path, how: Callable[[onnx.ModelProto], object]) -> None:
    """Change the network of a model file, whether that makes sense or not."""
    model = onnx.load_model_from_string(path.read_bytes())
    how(model)
    path.write_bytes(model.SerializeToString())


def refusal(path: Path) -> str:
    """Return why a file is refused, less the file, which must be named first."""
    with pytest.raises(ModelFileError) as caught:
        check_untrusted_model(path)
    text = str(caught.value)
    assert text.isprintable()
    assert text.startswith(f"model file {path}: ")
    assert text.count(str(path)) == 1
    return text.removeprefix(f"model file {path}: ")


def elsewhere() -> TensorProto:
    """Make a tensor that reads another file."""
    tensor = TensorProto(name="theirs", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    return tensor


def graph_of(*nodes: onnx.NodeProto) -> onnx.GraphProto:
    return helper.make_graph(nodes, "inner", [], [])


def constant(tensor: TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["c"], value=tensor)


def adding(*nodes: onnx.NodeProto) -> Callable[[onnx.ModelProto], object]:
    return lambda model: model.graph.node.extend(nodes)


def with_function(
    *nodes: onnx.NodeProto, domain: str = "local"
) -> Callable[[onnx.ModelProto], object]:
    """Add a function ``Twice`` from x to y to a network."""

    def add(model: onnx.ModelProto) -> None:
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(domain, 1)]
        function = helper.make_function(domain, "Twice", ["x"], ["y"], nodes, opsets)
        model.functions.append(function)
        if domain not in {opset.domain for opset in model.opset_import}:
            model.opset_import.append(helper.make_opsetid(domain, 1))

    return add


def nested(node: onnx.NodeProto) -> onnx.NodeProto:
    """Put a node into a branch."""
    return helper.make_node("If", ["x"], ["y"], then_branch=graph_of(node))


def internal_elsewhere() -> TensorProto:
    """Make a tensor that only some libraries read from another file."""
    tensor = elsewhere()
    tensor.data_location = TensorProto.DEFAULT
    return tensor


def renaming_logits(model: onnx.ModelProto, *nodes: onnx.NodeProto, **axes: int) -> None:
    """Let nodes compute the logits from ``each``, the earlier ones; axes are constants."""
    model.graph.node[1].output[0] = "each"
    for name, axis in axes.items():
        axis_tensor = numpy_helper.from_array(np.array([axis], np.int64), name)
        model.graph.initializer.append(axis_tensor)
    model.graph.node.extend(nodes)


def divide_by_range(model: onnx.ModelProto) -> None:
    """Divide the logits by how much the input varies."""
    node = helper.make_node
    renaming_logits(
        model,
        node("ReduceMax", ["segments", "over_frames"], ["m"], keepdims=0),
        node("ReduceMin", ["segments", "over_frames"], ["l"], keepdims=0),
        node("Sub", ["m", "l"], ["ranges"]),
        node("ReduceMax", ["ranges", "over_bands"], ["range"], keepdims=1),
        node("Div", ["each", "range"], ["logits"]),
        over_frames=2,
        over_bands=1,
    )


def sum_over_segments(model: onnx.ModelProto) -> None:
    total = helper.make_node("ReduceSum", ["each", "over_segments"], ["logits"])
    renaming_logits(model, total, over_segments=0)
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "one"


def poison_embedding(model: onnx.ModelProto) -> None:
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "mean"
    nan = numpy_helper.from_array(np.array(np.nan, np.float32), "nan")
    model.graph.initializer.append(nan)
    model.graph.node.append(helper.make_node("Add", ["mean", "nan"], ["embedding"]))


def set_type(value: str, elem_type: int) -> Callable[[onnx.ModelProto], object]:
    def change_type(model: onnx.ModelProto) -> None:
        values = {each.name: each for each in (*model.graph.input, *model.graph.output)}
        values[value].type.tensor_type.elem_type = elem_type

    return change_type


def test_the_checked_content_is_returned(path: Path) -> None:
    assert check_untrusted_model(path) == path.read_bytes()


def test_the_bundled_model_passes(tmp_path: Path) -> None:
    content = read_network(DEFAULT_MODEL)
    (tmp_path / "theirs.onnx").write_bytes(content)
    assert check_untrusted_model(tmp_path / "theirs.onnx") == content


def test_functions_of_standard_operators_pass(path: Path) -> None:
    change(path, with_function(ADD))
    call = helper.make_node("Twice", ["each"], ["logits"], domain="local")
    change(path, lambda model: renaming_logits(model, call))
    assert check_untrusted_model(path) == path.read_bytes()


@pytest.mark.parametrize("kind", ["missing.onnx", "folder.onnx", "fifo.onnx"])
def test_a_missing_file_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "folder.onnx":
        (tmp_path / kind).mkdir()
    elif kind == "fifo.onnx":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no named pipes")
        os.mkfifo(tmp_path / kind)
    expected = "cannot be read (No such" if kind == "missing.onnx" else "it is no file"
    assert refusal(tmp_path / kind).startswith(expected)


def test_other_suffixes_and_names_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path.rename(path.with_name(DEFAULT_MODEL))
    monkeypatch.chdir(path.parent)
    assert refusal(path) == "its name must end in .onnx"


ADD = helper.make_node("Add", ["x", "x"], ["y"])
GELU = helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")
LOOP = helper.make_node("Loop", ["x"], ["y"], body=graph_of())
SCAN = helper.make_node("Scan", ["x"], ["y"], body=graph_of())
TWICE = helper.make_node("Twice", ["x"], ["y"], domain="local")
ODD = helper.make_node("\x1b[2JNoSuch\n", ["segments"], ["\x1b[31m"])
POSES = "its function 'Twice' poses as an operator"
IN_A_FILE = "its values 'theirs' lie in another file"
NOT_STANDARD = "its operator 'Gelu' of 'com.microsoft' is not one of the ONNX standard"


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        (lambda model: model.graph.initializer.append(elsewhere()), IN_A_FILE),
        (
            lambda model: model.graph.sparse_initializer.add().values.CopyFrom(elsewhere()),
            IN_A_FILE,
        ),
        (adding(constant(elsewhere())), IN_A_FILE),
        (adding(nested(nested(constant(elsewhere())))), IN_A_FILE),
        (with_function(constant(elsewhere())), IN_A_FILE),
        (
            lambda model: model.training_info.add().algorithm.initializer.append(
                elsewhere()
            ),
            IN_A_FILE,
        ),
        (lambda model: model.graph.initializer.append(internal_elsewhere()), IN_A_FILE),
        (adding(GELU), NOT_STANDARD),
        (adding(nested(GELU)), NOT_STANDARD),
        (with_function(GELU), NOT_STANDARD),
        (adding(LOOP), "its operator 'Loop' may run for ever"),
        (adding(SCAN), "its operator 'Scan' may run for ever"),
        (with_function(TWICE), "its operator 'Twice' of 'local' is not one"),
        *(
            (
                with_function(ADD, domain=domain),
                f"its function 'Twice' poses as an operator of {domain!r}",
            )
            for domain in ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
        ),
        (adding(ODD), "its network is invalid ("),
        (set_type("segments", TensorProto.DOUBLE), "its segments are no float32 numbers"),
        (set_type("logits", TensorProto.STRING), "its logits are no float32 numbers"),
        (divide_by_range, "the network returned values that are no numbers"),
        (
            sum_over_segments,
            "its network gives logits of (1, 2) for 5 segments and 2 genres",
        ),
        (poison_embedding, "its network gives no embedding for each segment"),
    ],
)
def test_harmful_and_invalid_networks_are_refused(
    path: Path, how: Callable[[onnx.ModelProto], object], complaint: str
) -> None:
    change(path, how)
    assert refusal(path).startswith(complaint)


def test_two_cards_are_refused(path: Path) -> None:
    change(path, lambda model: model.metadata_props.add(key="card", value="{}"))
    assert "duplicate" in refusal(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "it has no card"),
        ("{}", "card format None"),
        ('{"format_version": 2, "configs": ' + "[" * 100_000, ""),
        ('{"format_version": ' + "9" * 5000 + "}", ""),
    ],
    ids=["missing", "empty", "deep", "huge number"],
)
def test_a_missing_card_is_refused(path: Path, text: str | None, complaint: str) -> None:
    rewrite_card(path, text)
    assert complaint in refusal(path)


def test_another_front_end_is_refused(path: Path) -> None:
    values = json.loads(read_model(path).card.to_json())
    rewrite_card(path, json.dumps(values | {"fingerprint": "0" * 64}))
    with pytest.raises(FingerprintMismatchError, match="front end"):
        check_untrusted_model(path)


@pytest.mark.parametrize("name", [*MOST, "frames per second"])
def test_a_front_end_that_would_fill_the_memory_is_refused(path: Path, name: str) -> None:
    front_end = read_model(path).card.front_end
    configs = front_end.to_dict()
    changed: dict[str, Any] = {name: MOST.get(name, 0) * 10}
    if name == "frames per second":
        changed, name = {"hop_samples": 1}, "hop_samples"
    for config in configs.values():
        config.update({key: changed[key] for key in config.keys() & changed})
    # Anyone can compute the right fingerprint.
    card = replace(read_model(path).card, front_end=FrontEnd.from_dict(configs))
    rewrite_card(path, card.to_json())
    assert refusal(path).startswith(f"its card has {name} ")
