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
from onnx_models import rewrite_card, spectral_balance_network, write_small_model

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


def in_an_initializer(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(elsewhere())


def in_a_sparse_initializer(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().values.CopyFrom(elsewhere())


def in_a_constant(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=elsewhere()))


def in_a_subgraph_of_a_subgraph(model: onnx.ModelProto) -> None:
    innermost = graph_of(helper.make_node("Constant", [], ["c"], value=elsewhere()))
    inner = graph_of(helper.make_node("If", ["x"], ["y"], then_branch=innermost))
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], else_branch=inner))


def in_a_function(model: onnx.ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=elsewhere())
    add_function(model, constant)


def in_a_training(model: onnx.ModelProto) -> None:
    model.training_info.add().algorithm.initializer.append(elsewhere())


def without_a_location(model: onnx.ModelProto) -> None:
    """What is no external data to one library may be some to another."""
    tensor = elsewhere()
    tensor.data_location = TensorProto.DEFAULT
    model.graph.initializer.append(tensor)


def add_function(
    model: onnx.ModelProto, *nodes: onnx.NodeProto, domain: str = "local"
) -> None:
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(domain, 1)]
    model.functions.append(
        helper.make_function(domain, "Twice", ["x"], ["y"], nodes, opsets)
    )
    if domain not in {opset.domain for opset in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(domain, 1))


def call_function(model: onnx.ModelProto, domain: str = "local") -> None:
    """Send the logits through a function of the file."""
    model.graph.node[1].output[0] = "before"
    call = helper.make_node("Twice", ["before"], ["logits"], domain=domain)
    model.graph.node.append(call)


def set_type(model: onnx.ModelProto, elem_type: int) -> None:
    model.graph.output[0].type.tensor_type.elem_type = elem_type


def cast_segments(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


class TestGood:
    def test_the_content_is_returned(self, path: Path) -> None:
        assert check_untrusted_model(path) == path.read_bytes()

    def test_the_bundled_model(self, tmp_path: Path) -> None:
        content = read_network(DEFAULT_MODEL)
        (tmp_path / "theirs.onnx").write_bytes(content)
        assert check_untrusted_model(tmp_path / "theirs.onnx") == content

    def test_functions_of_standard_operators(self, path: Path) -> None:
        def use_function(model: onnx.ModelProto) -> None:
            add_function(model, helper.make_node("Add", ["x", "x"], ["y"]))
            call_function(model)

        change(path, use_function)
        assert check_untrusted_model(path) == path.read_bytes()


class TestFile:
    @pytest.mark.parametrize("kind", ["missing.onnx", "folder.onnx", "fifo.onnx"])
    def test_no_file(self, tmp_path: Path, kind: str) -> None:
        if kind == "folder.onnx":
            (tmp_path / kind).mkdir()
        elif kind == "fifo.onnx":
            if not hasattr(os, "mkfifo"):
                pytest.skip("this system has no named pipes")
            os.mkfifo(tmp_path / kind)
        expected = "cannot be read (No such" if kind == "missing.onnx" else "it is no file"
        assert refusal(tmp_path / kind).startswith(expected)

    def test_another_suffix_and_the_name_of_a_bundled_model(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = path.rename(path.with_name(DEFAULT_MODEL))
        monkeypatch.chdir(path.parent)
        assert refusal(path) == "its name must end in .onnx"


class TestNetwork:
    @pytest.mark.parametrize(
        "how",
        [
            in_an_initializer,
            in_a_sparse_initializer,
            in_a_constant,
            in_a_subgraph_of_a_subgraph,
            in_a_function,
            in_a_training,
            without_a_location,
        ],
    )
    def test_values_in_another_file(
        self, path: Path, how: Callable[[onnx.ModelProto], None]
    ) -> None:
        change(path, how)
        assert refusal(path).startswith("its values 'theirs' lie in another file")

    @pytest.mark.parametrize("where", ["graph", "subgraph", "function"])
    def test_operators_of_another_domain(self, path: Path, where: str) -> None:
        node = helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")
        inner = helper.make_node("If", ["x"], ["y"], then_branch=graph_of(node))

        def add(model: onnx.ModelProto) -> None:
            if where == "function":
                add_function(model, node)
            else:
                model.graph.node.append(node if where == "graph" else inner)

        change(path, add)
        text = "its operator 'Gelu' of 'com.microsoft' is not one of the ONNX standard"
        assert refusal(path) == text

    @pytest.mark.parametrize("operator", ["Loop", "Scan"])
    def test_operators_that_may_run_for_ever(self, path: Path, operator: str) -> None:
        node = helper.make_node(operator, ["x"], ["y"], body=graph_of())
        change(path, lambda model: model.graph.node.append(node))
        assert refusal(path).startswith(f"its operator {operator!r} may run for ever")

    def test_functions_that_call_each_other(self, path: Path) -> None:
        call = helper.make_node("Twice", ["x"], ["y"], domain="local")
        change(path, lambda model: add_function(model, call))
        assert refusal(path).startswith("its operator 'Twice' of 'local' is not one")

    @pytest.mark.parametrize("domain", ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"])
    def test_functions_that_pose_as_operators(self, path: Path, domain: str) -> None:
        add = helper.make_node("Add", ["x", "x"], ["y"])
        change(path, lambda model: add_function(model, add, domain=domain))
        assert refusal(path) == f"its function 'Twice' poses as an operator of {domain!r}"

    def test_what_the_checker_of_onnx_refuses(self, path: Path) -> None:
        node = helper.make_node("\x1b[2JNoSuch\n", ["segments"], ["\x1b[31m"])
        change(path, lambda model: model.graph.node.append(node))
        assert refusal(path).startswith("its network is invalid (")

    def test_two_cards(self, path: Path) -> None:
        change(path, lambda model: model.metadata_props.add(key="card", value="{}"))
        assert "duplicate" in refusal(path)

    @pytest.mark.parametrize(
        "how", [cast_segments, lambda model: set_type(model, TensorProto.STRING)]
    )
    def test_other_types_than_floats(
        self, path: Path, how: Callable[[onnx.ModelProto], None]
    ) -> None:
        change(path, how)
        assert refusal(path).endswith("are no float32 numbers")


class TestCard:
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
    def test_that_is_none(self, path: Path, text: str | None, complaint: str) -> None:
        rewrite_card(path, text)
        assert complaint in refusal(path)

    def test_of_another_front_end_than_this_version_computes(self, path: Path) -> None:
        values = json.loads(read_model(path).card.to_json())
        rewrite_card(path, json.dumps(values | {"fingerprint": "0" * 64}))
        with pytest.raises(FingerprintMismatchError, match="front end"):
            check_untrusted_model(path)

    @pytest.mark.parametrize("name", [*MOST, "frames per second"])
    def test_that_would_fill_the_memory(self, path: Path, name: str) -> None:
        front_end = read_model(path).card.front_end
        configs = front_end.to_dict()
        changed: dict[str, Any] = {name: MOST.get(name, 0) * 10}
        if name == "frames per second":
            changed, name = {"hop_samples": 1}, "hop_samples"
        for config in configs.values():
            config.update({key: changed[key] for key in config.keys() & changed})
        # The fingerprint is no secret; anybody can compute the right one.
        card = replace(read_model(path).card, front_end=FrontEnd.from_dict(configs))
        rewrite_card(path, card.to_json())
        assert refusal(path).startswith(f"its card has {name} ")


class TestAnswers:
    def test_that_are_no_numbers_for_silence(self, path: Path) -> None:
        """A network that divides by how much its input varies."""

        def divide(model: onnx.ModelProto) -> None:
            node = helper.make_node
            model.graph.node[1].output[0] = "sums"
            for name, axis in (("over_frames", 2), ("over_bands", 1)):
                axes = numpy_helper.from_array(np.array([axis], np.int64), name)
                model.graph.initializer.append(axes)
            model.graph.node.extend(
                [
                    node("ReduceMax", ["segments", "over_frames"], ["m"], keepdims=0),
                    node("ReduceMin", ["segments", "over_frames"], ["l"], keepdims=0),
                    node("Sub", ["m", "l"], ["ranges"]),
                    node("ReduceMax", ["ranges", "over_bands"], ["range"], keepdims=1),
                    node("Div", ["sums", "range"], ["logits"]),
                ]
            )

        change(path, divide)
        assert refusal(path) == "the network returned values that are no numbers"

    def test_of_another_shape(self, path: Path) -> None:
        def add_up(model: onnx.ModelProto) -> None:
            model.graph.node[1].output[0] = "each"
            axis = numpy_helper.from_array(np.array([0], np.int64), "over_segments")
            model.graph.initializer.append(axis)
            total = helper.make_node("ReduceSum", ["each", "over_segments"], ["logits"])
            model.graph.node.append(total)
            model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "one"

        change(path, add_up)
        text = "its network gives logits of (1, 2) for 5 segments and 2 genres"
        assert refusal(path) == text

    def test_whose_embedding_is_no_number(self, path: Path) -> None:
        network = onnx.load_model_from_string(spectral_balance_network())

        def poison(model: onnx.ModelProto) -> None:
            mean = network.graph.node[0]
            mean.output[0] = "mean"
            nan = numpy_helper.from_array(np.array(np.nan, np.float32), "nan")
            model.graph.initializer.append(nan)
            model.graph.node[0].CopyFrom(mean)
            model.graph.node[1].input[0] = "mean"
            poisoned = helper.make_node("Add", ["mean", "nan"], ["embedding"])
            model.graph.node.append(poisoned)

        change(path, poison)
        assert refusal(path) == "its network gives no embedding for each segment"
