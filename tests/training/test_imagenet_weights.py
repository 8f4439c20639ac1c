"""Published weights of ResNet-18: files and downloads, whole and broken."""

from __future__ import annotations

import argparse
import hashlib
import logging
import pickle
from typing import TYPE_CHECKING

import pytest
import torch
from gtzan_folder import write_pictures

from genre_model.cli.train import add_train, train
from genre_model.errors import RecipeError
from genre_model.training.networks import build_network, resnet18
from genre_model.training.networks.resnet18 import ResNet18, load_weights, provide_weights

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.fit.experiment import Experiment
    from genre_model.training.run_folder import RunFolder


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    """Random weights under torchvision's names, written down independently of ours."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, n: int) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        shapes.update({f"{name}.{part}": (n,) for part in parts})

    norm("bn1", 64)
    for stage, n in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            n_in = n // 2 if stage > 1 and block == 0 else n
            shapes[f"{name}.conv1.weight"] = (n, n_in, 3, 3)
            shapes[f"{name}.conv2.weight"] = (n, n, 3, 3)
            norm(f"{name}.bn1", n)
            norm(f"{name}.bn2", n)
            if n_in != n:
                shapes[f"{name}.downsample.0.weight"] = (n, n_in, 1, 1)
                norm(f"{name}.downsample.1", n)
    shapes |= {"fc.weight": (1000, 512), "fc.bias": (1000,)}
    # One number repeated makes a small file; each tensor has another.
    numbers = torch.rand(len(shapes), generator=torch.Generator().manual_seed(0))
    values = [number.clone() for number in numbers]
    return {name: v.expand(shapes[name]) for name, v in zip(shapes, values, strict=True)}


@pytest.fixture(scope="module")
def official(
    published: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A file named as the official one is: with the first digits of its SHA-256."""
    path = tmp_path_factory.mktemp("server") / "weights.pth"
    torch.save(published, path)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return path.rename(path.with_name(f"resnet18-{digits}.pth"))


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of torch.hub, in a folder of its own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


def serve(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(resnet18, "URL", url)


def be_official(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a file be the official one, which nobody serves."""
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    serve(monkeypatch, f"http://127.0.0.1:9/resnet18-{digits}.pth")


def equal(network: torch.nn.Module, weights: dict[str, torch.Tensor]) -> bool:
    state = network.state_dict()
    known = [name for name in weights if not name.startswith("fc.")]
    return all(torch.equal(state[name], weights[name]) for name in known)


def test_random_weights_are_announced(caplog: pytest.LogCaptureFixture) -> None:
    load_weights(ResNet18(), "random")
    assert "begins with random weights, not with those of ImageNet" in caplog.text


def test_a_file_is_provided(
    official: Path,
    published: dict[str, torch.Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hub: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    be_official(monkeypatch, official)
    given = tmp_path / "any name.pth"
    given.write_bytes(official.read_bytes())
    provide_weights(given)
    given.unlink()
    assert [path.name for path in hub.iterdir()] == [official.name]
    options = {"weights": "imagenet", "units": [4]}
    network = build_network("resnet_crnn", (20, 40), 4, options)
    assert equal(network.get_submodule("encoder.1"), published)
    assert caplog.text == ""


def test_a_file_of_somebody_else_is_refused(
    official: Path, monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    serve(monkeypatch, "http://127.0.0.1:9/resnet18-00000000.pth")
    text = "are not the official file, whose SHA-256 begins with 00000000: .* --imagenet"
    with pytest.raises(RecipeError, match=text):
        provide_weights(official)
    assert not hub.exists()


def test_a_cache_that_cannot_be_written_is_named(
    official: Path, monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    be_official(monkeypatch, official)
    hub.parent.mkdir(parents=True)
    hub.write_text("no folder")
    with pytest.raises(RecipeError, match=f"cannot copy weights to {hub}"):
        provide_weights(official)


def test_the_command_wants_a_recipe_that_begins_with_them(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    be_official(monkeypatch, official)
    trained = []

    def train_nothing(experiment: Experiment, *_: object) -> list[RunFolder]:
        trained.append(experiment.recipe.name)
        return []

    monkeypatch.setattr("genre_model.training.fit.experiment.train_protocol", train_nothing)
    folder = str(write_pictures(tmp_path / "gtzan", range(1)))
    arguments = ["train", "b6_resnet_crnn", "--data", folder, "--out", str(tmp_path)]
    arguments += ["--imagenet", str(official)]
    parser = argparse.ArgumentParser()
    add_train(parser.add_subparsers(dest="command"))
    with pytest.raises(
        RecipeError, match="--imagenet: recipe b6_resnet_crnn begins with no"
    ):
        train(parser.parse_args(arguments))
    assert not trained
    change = 'network_options.weights="imagenet"'
    assert train(parser.parse_args([*arguments, "--set", change])) == 0
    assert trained == [f"b6_resnet_crnn+{change}"]
    assert (hub / official.name).read_bytes() == official.read_bytes()


def test_the_official_file_is_downloaded_once(
    official: Path,
    published: dict[str, torch.Tensor],
    monkeypatch: pytest.MonkeyPatch,
    hub: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    serve(monkeypatch, official.as_uri())
    caplog.set_level(logging.INFO)
    for _ in range(2):
        network = ResNet18()
        load_weights(network, "imagenet")
        assert equal(network, published)
    assert caplog.text.count("downloading") == 1
    assert [path.name for path in hub.iterdir()] == [official.name]


def test_a_download_that_is_not_official_is_refused(
    official: Path, monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    other = official.with_name("resnet18-00000000.pth")
    other.write_bytes(official.read_bytes())
    serve(monkeypatch, other.as_uri())
    with pytest.raises(RecipeError, match=r"cannot download .*invalid hash value"):
        load_weights(ResNet18(), "imagenet")
    assert list(hub.iterdir()) == []


def test_without_network_there_is_a_way_out(
    monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    serve(monkeypatch, "http://127.0.0.1:9/resnet18-00000000.pth")
    with pytest.raises(RecipeError, match=r'cannot download http.*set weights = "random"'):
        load_weights(ResNet18(), "imagenet")
    assert list(hub.iterdir()) == []


def test_a_damaged_cache_is_named(
    official: Path,
    published: dict[str, torch.Tensor],
    monkeypatch: pytest.MonkeyPatch,
    hub: Path,
) -> None:
    serve(monkeypatch, official.as_uri())
    hub.mkdir(parents=True)
    cached = hub / official.name
    torch.save(published | {"fc.bias": torch.zeros(1000)}, cached)
    with pytest.raises(RecipeError, match=f"{official.name} are damaged: delete the file"):
        load_weights(ResNet18(), "imagenet")
    cached.write_bytes(official.read_bytes()[:1000])
    with pytest.raises(RecipeError, match=f"{official.name} are damaged: delete the file"):
        load_weights(ResNet18(), "imagenet")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(RecipeError, match=f"cannot read weights {path}: No such file"):
        provide_weights(path)


def test_code_in_a_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pth"
    torch.save(print, path)
    be_official(monkeypatch, path)
    provide_weights(path)
    with pytest.raises(pickle.UnpicklingError):
        load_weights(ResNet18(), "imagenet")
