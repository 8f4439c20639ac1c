"""The head of a backbone: trained on some clips, judged on others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import tone, write_audio
from onnx_models import write_small_model
from published_mn04 import make_known, published_file, random_weights

from genre_model import GenreClassifier
from genre_model.backbone import head_store
from genre_model.backbone.head_store import head_content, read_head
from genre_model.backbone.mn04_network import FRONT_END
from genre_model.cli.main import main
from genre_model.errors import TrainingDataError
from genre_model.personal.heads import HeadData
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.data.protocols import folds_of
from genre_model.training.gtzan_head import (
    BY_ARTIST,
    Clips,
    measure_lines,
    train_gtzan_head,
)

if TYPE_CHECKING:
    from pathlib import Path

N_FEATURES = 12
FOLD = folds_of("fault-filtered")[0]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> GenreClassifier:
    return GenreClassifier.load(
        str(write_small_model(tmp_path_factory.mktemp("model") / "small.onnx"))
    )


def clips_of(ids: list[str], noise: float = 0.1) -> Clips:
    """Make clips, each genre of which has a direction of its own."""
    labels = np.array([list(GENRE_OF_FOLDER).index(name.split(".")[0]) for name in ids])
    rng = np.random.default_rng(0)
    means = np.eye(len(GENRES), N_FEATURES)[labels]
    means = means + rng.normal(0, noise, means.shape)
    embeddings = np.concatenate([means, np.zeros_like(means)], axis=1).astype(np.float32)
    targets = np.eye(len(GENRES), dtype=bool)[labels]
    data = HeadData(embeddings, targets, multi_label=False, genre_balance=1.0)
    return Clips(tuple(ids), labels, np.arange(len(ids)) // 2, data)


def some(names: tuple[str, ...], n_each: int) -> list[str]:
    """Return the first tracks of each genre."""
    by_genre = [[n for n in names if n.startswith(f"{g}.")] for g in GENRE_OF_FOLDER]
    return [name for names in by_genre for name in names[:n_each]]


def test_the_test_clips_train_nothing(backbone: GenreClassifier) -> None:
    train, test = some(FOLD.train + FOLD.valid, 6), some(FOLD.test, 3)
    head, card = train_gtzan_head(clips_of(train + test), backbone)
    assert card.training["track_ids"] == train
    assert card.training["n_tracks"] == 60
    measured = {name: values["n_tracks"] for name, values in card.metrics.items()}
    assert measured == {
        "fault-filtered, real clips": 30,
        "artist-grouped cross-validation": 60,
        BY_ARTIST: 90,
    }
    again, _ = train_gtzan_head(clips_of(train + test[:10]), backbone)
    assert np.array_equal(head.weights, again.weights)


def test_what_can_be_told_is_told_and_what_cannot_is_not(backbone: GenreClassifier) -> None:
    ids = some(FOLD.train + FOLD.valid, 6) + some(FOLD.test, 3)
    _, card = train_gtzan_head(clips_of(ids), backbone)
    assert all(values["accuracy"] > 0.95 for values in card.metrics.values())
    _, lost = train_gtzan_head(clips_of(ids, noise=50), backbone)
    assert all(values["accuracy"] < 0.35 for values in lost.metrics.values())
    (first, *lines) = measure_lines(card)
    assert first.startswith("trained on 60 clips")
    assert len(lines) == len(card.metrics)


def test_without_a_genre_there_is_no_head(backbone: GenreClassifier) -> None:
    ids = [n for n in some(FOLD.train, 3) if not n.startswith("jazz")] + some(FOLD.test, 1)
    with pytest.raises(TrainingDataError, match="no audio of jazz to train on"):
        train_gtzan_head(clips_of(ids), backbone)
    with pytest.raises(TrainingDataError, match="to test on"):
        train_gtzan_head(clips_of(some(FOLD.train, 3)), backbone)


def test_the_command_prints_it_and_writes_a_head_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = published_file(random_weights())
    make_known(content, monkeypatch)
    weights = tmp_path / "weights.pt"
    weights.write_bytes(content)
    data = tmp_path / "data"
    for name in some(FOLD.train, 2) + some(FOLD.test, 1):
        genre = name.split(".")[0]
        path = data / genre / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        hz = 100.0 * 1.5 ** list(GENRE_OF_FOLDER).index(genre)
        write_audio(path, tone(hz, 3.2, 22050), 22050)
    out = tmp_path / "models" / "own.npz"
    arguments = ["--data", str(data), "--cache", str(tmp_path / "c.db"), "--out", str(out)]
    assert main(["backbone", "train", "mn04", "--from", str(weights), *arguments]) == 0
    assert "trained on 20 clips" in capsys.readouterr().out
    monkeypatch.setattr(head_store, "check_sum", lambda *_: None)
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    head, card = read_head("own", FRONT_END)
    assert head.weights.shape == (10, 2 * 384)
    assert not head.weights[:, 384:].any()
    assert card.genres == GENRES
    assert head_content(head, card) == out.read_bytes()
