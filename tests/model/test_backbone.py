"""mn04: computed as published, installed once."""

from __future__ import annotations

import io
import json
import shutil
import urllib.error
import urllib.request
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import music, write_audio
from published_mn04 import make_known, published_file, random_weights

from genre_model import GenreClassifier
from genre_model.backbone import install, published
from genre_model.backbone.mn04_network import BLOCKS, FRONT_END, mn04_network
from genre_model.cli.main import main
from genre_model.features.segments import Segments
from genre_model.model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from published_mn04 import Weights

NAME = "gtzan_mn04_v1"
URL = published.FILES["mn04"].url


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture(scope="module")
def content(weights: Weights) -> bytes:
    return published_file(weights)


@pytest.fixture
def known(content: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let that be the published file."""
    make_known(content, monkeypatch)
    return content


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


def test_mn04_is_installed_from_a_file(
    known: bytes, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(known)
    assert main(["backbone", "install", "mn04", "--from", str(file)]) == 0
    assert str(folder / f"{NAME}.onnx") in capsys.readouterr().out
    assert main(["models"]) == 0
    assert f"\n{NAME}@" in capsys.readouterr().out
    song = write_audio(tmp_path / "song.flac", music(35, 44100), 44100)
    assert main(["predict", str(song), "--model", NAME, "--json"]) == 0
    probabilities = json.loads(capsys.readouterr().out)["probabilities"]
    assert len(probabilities) == 10
    classifier = GenreClassifier.load(NAME)
    assert classifier.card.front_end == FRONT_END
    assert classifier.segments_of(song).values.shape == (7, 128, 1000)


def test_mn04_is_installed_by_a_download(
    known: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        assert timeout > 0
        asked.append(url)
        return io.BytesIO(known)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    assert main(["backbone", "install", "mn04"]) == 0
    assert asked == [URL]
    assert (folder / f"{NAME}.onnx").is_file()


def test_a_failed_download_tells_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    assert main(["backbone", "install", "mn04"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert URL in line
    assert "--from FILE" in line
    assert not folder.exists()


@pytest.mark.parametrize("content", [b"", b"damaged"])
def test_another_file_installs_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(content)
    assert main(["backbone", "install", "mn04", "--from", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"genre-model: {file}: it is not a published file")
    assert not folder.exists()


def test_a_missing_file_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "weights.pt"
    assert main(["backbone", "install", "mn04", "--from", str(file)]) == 1
    assert str(file) in capsys.readouterr().err
    assert not folder.exists()


def test_a_damaged_head_is_refused(
    known: bytes,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(install.__file__).parents[1] / "models", package / "models")
    head = package / "models" / f"{NAME}.npz"
    head.write_bytes(head.read_bytes()[:-1])
    file = tmp_path / "weights.pt"
    file.write_bytes(known)
    monkeypatch.setattr(resources, "files", lambda _: package)
    assert main(["backbone", "install", "mn04", "--from", str(file)]) == 1
    assert f"{NAME}.npz: it is not the one" in capsys.readouterr().err
    assert not folder.exists()


def test_the_error_tells_how_to_install_a_backbone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "own.onnx")
    arguments = ["--data", str(tmp_path), "--out", out, "--backbone", "mn04"]
    assert main(["train-head", *arguments]) == 1
    assert "genre-model backbone install mn04" in capsys.readouterr().err
    assert not folder.exists()


def test_the_published_network_hears_what_is_there(data_dir: Path, folder: Path) -> None:
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
