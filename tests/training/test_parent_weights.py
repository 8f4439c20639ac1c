"""Weights out of model files: the same network again, with a new head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import torch
from onnx_models import FRONT_END, write_small_model
from torch import nn
from torch.nn import functional

from genre_model.card import Card
from genre_model.errors import ModelFileError
from genre_model.model_file import read_model
from genre_model.model_source import read_network
from genre_model.personal.head_file import LinearHead, head_model
from genre_model.segments import Segments
from genre_model.training.export import export_model
from genre_model.training.gtzan import GENRES
from genre_model.training.networks.residual_crnn import ResidualCrnn
from genre_model.training.parent_weights import ParentWeights, read_parent_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


#: Of the networks here; the bundled one computes with 8-bit integers.
CHANNELS = (8, 8, 12, 16)


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a network that is fused with nothing, and computes with floats."""
    path = tmp_path_factory.mktemp("parent") / "parent.onnx"
    torch.manual_seed(4)
    network = ResidualCrnn((84, 112), len(GENRES), CHANNELS, gru_units=96)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after a training
            nn.init.normal_(module.bias, std=0.2)
    front_end = read_model().card.front_end
    export_model(network, Card("parent", GENRES, front_end, temperature=1.0), path)
    return path


@pytest.fixture(scope="module")
def weights(parent: Path) -> ParentWeights:
    return read_parent_weights(parent)


def noise_segments() -> NDArray[np.float32]:
    rng = np.random.default_rng(5)
    return rng.normal(-30, 20, (4, 84, 112)).astype(np.float32)


def embedding_of(weights: ParentWeights) -> NDArray[np.float32]:
    network = weights.build(3, 0.5, 10).eval()
    with torch.no_grad():
        logits, embedding = network(torch.from_numpy(noise_segments()))
    assert logits.shape == (4, 3)
    values: NDArray[np.float32] = embedding.numpy()
    return values


def test_torch_computes_the_embedding_of_the_model(
    weights: ParentWeights, parent: Path
) -> None:
    segments = Segments(noise_segments(), np.zeros(4, np.int64))
    expected = read_model(parent).scorer.score(segments).embedding
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(embedding_of(weights), expected, atol=1e-4)


def test_torch_computes_nearly_the_embedding_of_the_bundled_model() -> None:
    """It rounds to 8 bits; covariances stand behind what its CRNN makes of segments."""
    bundled = read_parent_weights()
    assert bundled.channels == (16, 32, 64, 96)
    segments = Segments(noise_segments(), np.zeros(4, np.int64))
    expected = read_model().scorer.score(segments).embedding
    assert expected.shape == (4, 2 * 96 + 96)
    found = embedding_of(bundled)
    assert np.corrcoef(found.ravel(), expected[:, :192].ravel())[0, 1] > 0.99


def test_sizes_are_read_from_the_file(weights: ParentWeights, parent: Path) -> None:
    assert weights.channels == CHANNELS
    assert weights.gru_units == 96
    assert weights.front_end == read_model(parent).card.front_end
    assert weights.sha256 == read_model(parent).sha256


def test_a_model_with_a_head_of_its_own_serves(
    weights: ParentWeights, parent: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.onnx"
    head = LinearHead(np.ones((2, 384), np.float32), np.zeros(2, np.float32))
    card = Card("mine", ("a", "b"), FRONT_END, temperature=1.0, pool_logits=True)
    path.write_bytes(head_model(read_network(parent), head, card))
    again = read_parent_weights(path)
    assert np.array_equal(embedding_of(again), embedding_of(weights))
    assert again.sha256 != weights.sha256


def test_the_head_is_new_and_favours_nothing(weights: ParentWeights) -> None:
    network = weights.build(3, 0.5, 10)
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(noise_segments()))
    assert torch.equal(logits, torch.zeros(4, 3))


def test_the_head_learns_faster(weights: ParentWeights) -> None:
    moved = []
    for rate in (1.0, 10.0):
        network = weights.build(3, 0.0, rate).train()
        optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
        logits, embedding = network(torch.from_numpy(noise_segments()))
        functional.cross_entropy(logits, torch.tensor([0, 1, 2, 2])).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        moved.append(network.head(embedding.detach()).abs().mean().item())
    assert moved[1] == pytest.approx(10 * moved[0], rel=1e-3)


def test_statistics_stay_while_the_rest_learns(weights: ParentWeights) -> None:
    network = weights.build(3, 0.0, 10).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    logits, embedding = network(torch.from_numpy(noise_segments()))
    (logits.mean() + embedding.square().mean()).backward()
    torch.optim.SGD(network.parameters(), 1.0).step()
    after = network.state_dict()
    stayed = {name for name in after if torch.equal(before[name], after[name])}
    assert stayed == {name for name in after if ".running_" in name or ".num_" in name}
    again = weights.build(3, 0.0, 10).state_dict()
    name = "blocks.0.norm1.bias"
    assert torch.equal(before[name], again[name])


def test_training_starts_from_what_tagging_computes(weights: ParentWeights) -> None:
    network = weights.build(3, 0.0, 10).train()
    with torch.no_grad():
        _, embedding = network(torch.from_numpy(noise_segments()))
    np.testing.assert_allclose(embedding.numpy(), embedding_of(weights), atol=1e-6)


def test_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    path = write_small_model(tmp_path / "small.onnx")
    complaint = r"small\.onnx: cannot be fine-tuned: its network is no residual_crnn"
    with pytest.raises(ModelFileError, match=complaint):
        read_parent_weights(path)
    with pytest.raises(ModelFileError, match=r"gone\.onnx: cannot be read"):
        read_parent_weights(tmp_path / "gone.onnx")


def changed_model(parent: Path, path: Path, change: str) -> Path:
    """Write a model with something else in it."""
    model = onnx.load_model_from_string(read_network(parent))
    nodes = {node.op_type: node for node in model.graph.node}
    if change == "another activation":
        nodes["Relu"].op_type = "Softplus"
    elif change == "no bias":
        next(node for node in model.graph.node if node.op_type == "Conv").input.pop()
    elif change == "no shortcut":
        for node in model.graph.node:
            node.input[:] = [name.replace("shortcut", "detour") for name in node.input]
        for constant in model.graph.initializer:
            constant.name = constant.name.replace("shortcut", "detour")
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("another activation", r"torch and ONNX Runtime differ by [\d.e+]+ in its embedd"),
        ("no bias", r"no residual_crnn \(no bias of blocks\.0\.conv1\)"),
        ("no shortcut", r"no residual_crnn \(no blocks\.0\.shortcut\.weight\)"),
    ],
)
def test_a_network_that_torch_would_compute_otherwise_is_refused(
    change: str, complaint: str, parent: Path, tmp_path: Path
) -> None:
    path = changed_model(parent, tmp_path / "changed.onnx", change)
    with pytest.raises(ModelFileError, match=rf"changed\.onnx: cannot be .*{complaint}"):
        read_parent_weights(path)
