"""Model files: what is read, what is refused."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_models import (
    FRONT_END,
    GENRES,
    rewrite_card,
    spectral_balance_network,
    write_small_model,
)

from genre_model.errors import FingerprintMismatchError, ModelFileError
from genre_model.features.config import MelConfig, fingerprint
from genre_model.model import source as model_source
from genre_model.model.card import Card
from genre_model.model.model_file import read_model, write_model
from genre_model.model.source import CHECKSUMS, DEFAULT_MODEL, bundled_model_names


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    return write_small_model(tmp_path / "small.onnx")


def card_values(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(read_model(path).card.to_json())
    return values


def test_a_card_survives_the_file(tmp_path: Path) -> None:
    card = Card(
        name="small",
        genres=GENRES,
        front_end=FRONT_END,
        temperature=1.5,
        metrics={"fault-filtered": {"accuracy": 0.5, "sd": 0.1}},
        training={"track_ids": ["blues.00000"]},
        licence="none",
    )
    write_model(tmp_path / "small.onnx", spectral_balance_network(), card)
    model = read_model(tmp_path / "small.onnx")
    assert model.card == card
    assert model.model_id == f"small@{model.sha256[:8]}"


def test_the_card_is_one_json_text_in_the_metadata(model_path: Path) -> None:
    (entry,) = onnx.load(model_path).metadata_props
    assert entry.key == "card"
    assert json.loads(entry.value)["genres"] == list(GENRES)


def test_the_bundled_model_is_found_by_name_and_by_default() -> None:
    assert bundled_model_names() == ["genre_crnn_v1"]
    assert read_model().sha256 == read_model("genre_crnn_v1").sha256


def test_every_bundled_model_has_its_checksum_written_down() -> None:
    folder = Path(model_source.__file__).parents[1] / "models"
    lines = (folder / CHECKSUMS).read_text("utf-8").splitlines()
    listed = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
    files = [path for path in folder.iterdir() if path.suffix in (".onnx", ".npz")]
    assert {f"{name}.onnx" for name in bundled_model_names()} <= listed.keys()
    assert listed == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_a_bundled_model_that_is_not_the_published_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(model_source.__file__).parents[1] / "models", tmp_path / "models")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    read_model()
    path = tmp_path / "models" / f"{DEFAULT_MODEL}.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not the one that was published"):
        read_model()
    assert read_model(path).sha256  # by its path it is not compared


def test_a_head_without_its_network_tells_what_to_install() -> None:
    with pytest.raises(ModelFileError, match=r"needs a network .* backbone install mn04"):
        read_model("gtzan_mn04_v1")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelFileError, match="no model 'resnet'; there is genre_crnn_v1"):
        read_model("resnet")


def test_a_file_of_another_suffix_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.txt").touch()
    with pytest.raises(ModelFileError, match=r"model\.txt: its name must end in \.onnx"):
        read_model(tmp_path / "model.txt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"gone\.onnx: cannot be read"):
        read_model(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04pickle"])
def test_what_is_no_onnx_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"bad\.onnx: it is no ONNX network") as caught:
        read_model(path)
    assert "\n" not in str(caught.value)


def test_a_truncated_model_is_refused(model_path: Path) -> None:
    content = model_path.read_bytes()
    model_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError, match=r"small\.onnx"):
        read_model(model_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "has no card"),
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "card format None"),
        ('{"format_version": 3}', "card format 3"),
        ('{"format_version": 1}', "configs holds NoneType"),
        ('{"format_version": 2}', "configs holds NoneType"),
    ],
)
def test_a_wrong_card_is_refused(
    model_path: Path, text: str | None, complaint: str
) -> None:
    rewrite_card(model_path, text)
    with pytest.raises(ModelFileError, match=complaint):
        read_model(model_path)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("genres", [], "expected names"),
        ("genres", ["low", "low"], "names a genre twice"),
        ("genres", ["low", "high", "mid"], "2 outputs, its card 3"),
        ("genres", ["low", 3], "expected names"),
        ("temperature", 0.0, "temperature 0.0"),
        ("temperature", "warm", "expected float"),
        ("name", None, "expected str"),
        ("training", None, "expected dict"),
    ],
)
def test_each_wrong_value_is_named(
    model_path: Path, name: str, value: object, complaint: str
) -> None:
    rewrite_card(model_path, json.dumps(card_values(model_path) | {name: value}))
    with pytest.raises(ModelFileError, match=complaint):
        read_model(model_path)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("hop_samples", -1, "MelConfig.hop_samples is -1; expected a positive int"),
        ("hop_samples", 1.5, "MelConfig.hop_samples is 1.5; expected a positive int"),
        ("band_value", "loudness", "MelConfig.band_value is 'loudness'"),
        ("n_mels", None, "MelConfig.n_mels is None"),
    ],
)
def test_each_wrong_number_of_the_front_end_is_named(
    model_path: Path, field: str, value: object, complaint: str
) -> None:
    values = card_values(model_path)
    values["configs"]["mel"][field] = value
    rewrite_card(model_path, json.dumps(values))
    with pytest.raises(ModelFileError, match=complaint):
        read_model(model_path)


def test_another_front_end_than_the_fingerprints_is_refused(model_path: Path) -> None:
    values = card_values(model_path)
    values["configs"]["mel"]["f_min_hz"] = 31.0
    rewrite_card(model_path, json.dumps(values))
    with pytest.raises(FingerprintMismatchError, match=r"small\.onnx.*front end"):
        read_model(model_path)


def test_a_front_end_that_the_network_does_not_take_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    narrow = replace(FRONT_END, segment=replace(FRONT_END.segment, segment_frames=64))
    path = write_small_model(tmp_path / "small.onnx", front_end=narrow)
    with pytest.raises(
        ModelFileError, match=r"segments of \(84, 112\), its card of \(84, 64\)"
    ):
        read_model(path)


def test_a_network_of_other_outputs_is_refused(tmp_path: Path) -> None:
    model = onnx.load_model_from_string(spectral_balance_network())
    model.graph.output.pop()
    card = Card(name="small", genres=GENRES, front_end=FRONT_END, temperature=1.0)
    write_model(tmp_path / "small.onnx", model.SerializeToString(), card)
    with pytest.raises(ModelFileError, match="expected"):
        read_model(tmp_path / "small.onnx")


def test_every_number_of_the_front_end_changes_the_fingerprint() -> None:
    mel = FRONT_END.mel
    prints = {fingerprint(mel)}
    for name, value in vars(mel).items():
        other = "db_of_mean" if isinstance(value, str) else value * 2
        prints.add(fingerprint(MelConfig(**(vars(mel) | {name: other}))))
    assert len(prints) == 1 + len(vars(mel))


def test_a_failed_write_leaves_the_old_file(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = model_path.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("genre_model.atomic_file.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_small_model(model_path)
    assert model_path.read_bytes() == before
    assert list(model_path.parent.iterdir()) == [model_path]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rejected": ["low"]}, "names and rejects the same"),
        ({"rejected": ["third"]}, "has 2 outputs, its card 3"),
        ({"rejected": "third"}, "rejected 'third'; expected list"),
        (
            {"genres": ["low"], "rejected": ["x"], "pool_logits": False},
            "without pooling logits",
        ),
    ],
)
def test_cards_with_odd_rejections_are_refused(
    changes: dict[str, object], problem: str, tmp_path: Path
) -> None:
    path = write_small_model(tmp_path / "small.onnx", pool_logits=True)
    values = json.loads(read_model(path).card.to_json()) | changes
    rewrite_card(path, json.dumps(values))
    with pytest.raises(ModelFileError, match=re.escape(problem)):
        read_model(path)


def test_a_card_of_old_loads(tmp_path: Path) -> None:
    path = write_small_model(tmp_path / "small.onnx")
    values = json.loads(read_model(path).card.to_json()) | {"known_music": {"limit": 1.0}}
    rewrite_card(path, json.dumps(values))
    assert read_model(path).card.rejected == ()


def test_the_network_runs() -> None:
    model = read_model()
    shape = (3, *model.scorer.segment_shape)
    values = np.random.default_rng(0).normal(-40, 15, shape).astype(np.float32)
    from genre_model.features.segments import Segments

    scores = model.scorer.score(Segments(values, np.zeros(3, np.int64)))
    assert scores.logits.shape == (3, model.card.n_outputs)
    assert scores.embedding.shape[0] == 3
    assert not np.allclose(scores.logits.sum(axis=1), 1, atol=0.05), "logits, not softmax"
