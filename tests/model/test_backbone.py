"""mn04: computed as published, installed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from published_mn04 import random_weights

from genre_model import GenreClassifier
from genre_model.backbone import install, published
from genre_model.backbone.mn04_network import BLOCKS, mn04_network
from genre_model.features.segments import Segments
from genre_model.model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from published_mn04 import Weights

NAME = "gtzan_mn04_v1"
URL = published.FILES["mn04"].url


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENRE_MODEL_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "models"


def test_it_computes_what_torch_computes(weights: Weights) -> None:
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(1).normal(-40, 15, (2, 128, 1000)).astype(np.float32)
    scores = SegmentScorer(mn04_network(weights)).score(
        Segments(values, np.zeros(2, np.int64))
    )
    embedding, logits = computed_by_torch(torch, weights, values)
    np.testing.assert_allclose(
        scores.embedding, embedding, rtol=0, atol=2e-4 * np.abs(embedding).max()
    )
    np.testing.assert_allclose(
        scores.logits, logits, rtol=0, atol=2e-4 * np.abs(logits).max()
    )


def computed_by_torch(
    torch: Any, weights: Weights, values: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the network layer by layer, batch normalisation by itself."""
    functions = torch.nn.functional
    given = {name: torch.from_numpy(value) for name, value in weights.items()}

    def convolution(name: str, x: Any, stride: int = 1, groups: int = 1) -> Any:
        kernel = given[f"{name}.0.weight"]
        x = functions.conv2d(x, kernel, None, stride, kernel.shape[2] // 2, groups=groups)
        parts = ("running_mean", "running_var", "weight", "bias")
        return functions.batch_norm(
            x, *(given[f"{name}.1.{part}"] for part in parts), False, 0.0, 1e-3
        )

    def linear(name: str, x: Any) -> Any:
        return functions.linear(x, given[f"{name}.weight"], given[f"{name}.bias"])

    x = ((torch.from_numpy(values) * np.log(10) / 10 + 4.5) / 5)[:, None]
    x = functions.hardswish(convolution("features.0", x, 2))
    for number, block in enumerate(BLOCKS, 1):
        activation = functions.hardswish if block.is_hard else functions.relu
        name, part, y = f"features.{number}.block", 0, x
        if block.n_expanded != x.shape[1]:
            y, part = activation(convolution(f"{name}.0", y)), 1
        y = convolution(f"{name}.{part}", y, block.stride, block.n_expanded)
        y = activation(y)
        if block.is_excited:
            part += 1
            layers = f"{name}.{part}.conc_se_layers.0"
            hidden = functions.relu(linear(f"{layers}.fc1", y.mean((2, 3))))
            gate = torch.sigmoid(linear(f"{layers}.fc2", hidden))
            y = y * gate[:, :, None, None]
        y = convolution(f"{name}.{part + 1}", y)
        x = x + y if y.shape == x.shape else y
    embedding = functions.hardswish(convolution("features.16", x)).mean((2, 3))
    hidden = functions.hardswish(linear("classifier.2", embedding))
    return embedding.numpy(), linear("classifier.5", hidden).numpy()


def test_the_published_network_recognises_tags(data_dir: Path, folder: Path) -> None:
    """AudioSet's tags of real clips, whose places are those of its list of classes."""
    source = data_dir / "backbone" / "mn04_as_mAP_432.pt"
    listener = GenreClassifier(
        install.listening_model("mn04", install.published_network([source]))
    )
    lines = (data_dir / "backbone" / "class_labels_indices.csv").read_text("utf-8")
    names = [line.split(",", 2)[2].strip('"') for line in lines.splitlines()[1:]]
    for genre, tag in {"hiphop": "Hip hop music", "reggae": "Reggae"}.items():
        clip = next(iter(sorted((data_dir / "gtzan" / "clips" / genre).glob("*00005*"))))
        ranked = listener.predict_file(clip).ranked()
        heard = [names[int(name.split()[1])] for name, _ in ranked[:4]]
        assert heard[0] == "Music"
        assert tag in heard
    assert not folder.exists()
