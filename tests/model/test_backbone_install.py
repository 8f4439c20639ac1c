"""``genre-model backbone install``: published files become model files, or an error."""

from __future__ import annotations

import io
import json
import shutil
import urllib.error
import urllib.request
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from published_mn04 import make_known, random_weights
from published_mn04 import published_file as published_mn04
from published_taggers import published_file as published_tagger
from published_taggers import random_tagger

from genre_model import GenreClassifier
from genre_model.backbone import install, mn04_network, tagger_networks
from genre_model.backbone.install import TAGGERS
from genre_model.backbone.published import FILES
from genre_model.backbone.tagger_ensemble import ensemble_genres
from genre_model.model.source import BACKBONES
from genre_model.training.data.gtzan import GENRES

if TYPE_CHECKING:
    from commands import Command

NAMES = {"mn04": ("mn04",), "taggers": TAGGERS}
FRONT_ENDS = {"mn04": mn04_network.FRONT_END, "taggers": tagger_networks.FRONT_END}
on_both = pytest.mark.parametrize("backbone", NAMES)


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    """Published files with random weights."""
    taggers = {
        name: published_tagger(random_tagger(name.split("_")[1], seed))
        for seed, name in enumerate(TAGGERS)
    }
    return taggers | {"mn04": published_mn04(random_weights())}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where models are installed."""
    monkeypatch.setenv("GENRE_MODEL_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "models"


@pytest.fixture
def files(
    contents: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """Write the files; their checksums count as the published ones."""
    paths = {}
    for name, content in contents.items():
        make_known(content, monkeypatch, name)
        paths[name] = tmp_path / f"{name}.pth"
        paths[name].write_bytes(content)
    return paths


def from_files(*paths: Path) -> list[str]:
    return [word for path in paths for word in ("--from", str(path))]


@on_both
def test_it_installs_files_in_any_order(
    backbone: str, files: dict[str, Path], folder: Path, tmp_path: Path, run: Command
) -> None:
    sources = from_files(*(files[name] for name in reversed(NAMES[backbone])))
    model = BACKBONES[backbone]
    out = run("backbone", "install", *sources, backbone).out
    assert str(folder / f"{model}.onnx") in out
    assert f"\n{model}@" in run("models").out
    song = write_audio(tmp_path / "song.flac", music(35, 44100), 44100)
    out = run("predict", song, "--model", model, "--json").out
    probabilities = json.loads(out)["probabilities"]
    genres = GENRES if backbone == "mn04" else ensemble_genres(TAGGERS)
    assert sorted(probabilities) == sorted(genres)
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-3)
    classifier = GenreClassifier.load(model)
    front_end = classifier.card.front_end
    assert front_end == FRONT_ENDS[backbone]
    shape = classifier.segments_of(song).values.shape
    expected = (front_end.mel.n_mels, front_end.segment.segment_frames)
    assert shape[1:] == expected
    assert shape[0] == (7 if backbone == "mn04" else 3)


@on_both
def test_it_downloads_files_and_refuses_replaced_ones(
    backbone: str,
    files: dict[str, Path],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Command,
) -> None:
    by_url = {FILES[name].url: files[name].read_bytes() for name in NAMES[backbone]}
    asked = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        assert timeout > 0
        asked.append(url)
        return io.BytesIO(by_url[url])

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    run("backbone", "install", backbone)
    assert asked == list(by_url)
    installed = folder / f"{BACKBONES[backbone]}.onnx"
    before = installed.read_bytes()
    by_url[asked[0]] = b"replaced by its authors"
    assert asked[0] in run("backbone", "install", backbone, status=1).err
    assert installed.read_bytes() == before


@on_both
def test_a_failed_download_tells_what_to_do(
    backbone: str, folder: Path, monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    (line,) = run("backbone", "install", backbone, status=1).err.splitlines()
    assert FILES[NAMES[backbone][0]].url in line
    assert "--from FILE" in line
    assert not folder.exists()


@pytest.mark.parametrize("damage", [lambda _: b"", lambda content: content[:-1]])
@on_both
def test_another_file_is_named(
    backbone: str, files: dict[str, Path], folder: Path, run: Command, damage: object
) -> None:
    damaged = files[NAMES[backbone][-1]]
    assert callable(damage)
    damaged.write_bytes(damage(damaged.read_bytes()))
    sources = from_files(*(files[name] for name in NAMES[backbone]))
    (line,) = run("backbone", "install", backbone, *sources, status=1).err.splitlines()
    assert line.startswith(f"genre-model: {damaged}: it is not a published file")
    assert not folder.exists()


def test_a_missing_file_is_named(folder: Path, tmp_path: Path, run: Command) -> None:
    file = tmp_path / "weights.pt"
    assert str(file) in run("backbone", "install", "mn04", "--from", file, status=1).err
    assert not folder.exists()


def test_a_file_that_was_not_given_is_named(
    files: dict[str, Path], folder: Path, run: Command
) -> None:
    some = from_files(*(files[name] for name in TAGGERS[:3]))
    (line,) = run("backbone", "install", "taggers", *some, status=1).err.splitlines()
    assert "jamendo_crnn" in line
    assert FILES["jamendo_crnn"].url in line
    assert not folder.exists()


def test_a_damaged_head_is_refused(
    files: dict[str, Path],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Command,
) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(install.__file__).parents[1] / "models", package / "models")
    head = package / "models" / "gtzan_mn04_v1.npz"
    head.write_bytes(head.read_bytes()[:-1])
    monkeypatch.setattr(resources, "files", lambda _: package)
    result = run("backbone", "install", "mn04", "--from", files["mn04"], status=1)
    assert f"{head.name}: it is not the one" in result.err
    assert not folder.exists()


def test_errors_tell_how_to_install_a_backbone(
    folder: Path, tmp_path: Path, run: Command
) -> None:
    arguments = ("--data", tmp_path, "--out", tmp_path / "x.onnx", "--backbone", "mn04")
    error = run("train-head", *arguments, status=1).err
    assert "genre-model backbone install mn04" in error
    error = run("predict", "song.mp3", "--model", "taggers", status=1).err
    assert "did you mean published_taggers_v1?" in error
    assert not folder.exists()
