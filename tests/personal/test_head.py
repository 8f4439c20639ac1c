"""Heads: fitted to embeddings, joined to a network, the same in numpy and in the file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx_models import write_small_model
from sklearn.linear_model import LogisticRegression

from genre_model.classifier import GenreClassifier
from genre_model.errors import ModelFileError
from genre_model.features.segments import Segments
from genre_model.model.model_file import model_from_bytes, read_model
from genre_model.model.segment_probabilities import activate, softmax
from genre_model.model.source import read_network
from genre_model.personal import head_file
from genre_model.personal.head_file import head_model, parent_network
from genre_model.personal.heads import UNSEEN_LOGIT, HeadData, LinearHead, track_embedding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.model.card import Card


def fit_head(
    embeddings: NDArray[np.float32],
    targets: NDArray[np.bool_],
    strength: float,
    genre_balance: float,
    *,
    multi_label: bool,
) -> LinearHead:
    """Fit a single head."""
    data = HeadData(embeddings, targets, multi_label, genre_balance)
    return data.fit(np.arange(len(targets)), [strength])[strength]


def blobs(
    n_genres: int, n_tracks: int = 60, n_values: int = 8, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Make embeddings of well separated genres."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_tracks) % n_genres
    centres = rng.normal(0, 3, (n_genres, n_values))
    noise = rng.normal(0, 1, (n_tracks, n_values))
    return (centres[labels] + noise).astype(np.float32), np.eye(n_genres, dtype=bool)[
        labels
    ]


@pytest.mark.parametrize("n_genres", [2, 5])
def test_a_head_is_scikit_learns_regression_in_units_of_the_embedding(
    n_genres: int,
) -> None:
    embeddings, targets = blobs(n_genres)
    head = fit_head(embeddings, targets, 0.1, 0.0, multi_label=False)
    scale = embeddings[:, :4].std(axis=0).mean()
    scaled = (embeddings - embeddings.mean(axis=0)) / scale
    reference = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)
    reference.fit(scaled, targets.argmax(axis=1))
    expected = reference.predict_proba(scaled)
    assert softmax(head.logits(embeddings), 1.0) == pytest.approx(expected, abs=0.01)


def test_moved_and_stretched_embeddings_give_the_same_probabilities() -> None:
    embeddings, targets = blobs(3)
    moved = (100 * embeddings + 7).astype(np.float32)
    heads = [fit_head(x, targets, 0.1, 1.0, multi_label=False) for x in (embeddings, moved)]
    probabilities = [
        softmax(head.logits(x), 1.0)
        for head, x in zip(heads, (embeddings, moved), strict=True)
    ]
    assert probabilities[0] == pytest.approx(probabilities[1], abs=0.01)


def test_balance_lifts_a_rare_genre() -> None:
    rng = np.random.default_rng(1)
    labels = np.array([0] * 190 + [1] * 10)
    embeddings = (rng.normal(0, 1, (200, 4)) + labels[:, None] * 0.7).astype(np.float32)
    targets = np.eye(2, dtype=bool)[labels]
    shares = [
        softmax(
            fit_head(embeddings, targets, 0.01, b, multi_label=False).logits(embeddings), 1
        )[:, 1].mean()
        for b in (0.0, 0.5, 1.0)
    ]
    assert shares[0] == pytest.approx(0.05, abs=0.02), "a frequency without balance"
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] == pytest.approx(0.5, abs=0.1)


def test_a_genre_without_tracks_is_as_good_as_impossible() -> None:
    embeddings, targets = blobs(3)
    seen = targets[:, 1] == 0
    head = fit_head(embeddings[seen], targets[seen], 0.1, 1.0, multi_label=False)
    logits = head.logits(embeddings)
    assert (logits[:, 1] == UNSEEN_LOGIT).all()
    assert softmax(logits, 1.0)[:, 1].max() < 1e-6


def test_one_genre_alone_is_certain() -> None:
    embeddings, targets = blobs(2)
    only = targets[:, 1]
    head = fit_head(embeddings[only], targets[only], 0.1, 1.0, multi_label=False)
    assert softmax(head.logits(embeddings), 1.0)[:, 1].min() > 0.999


def test_a_multi_label_head_gives_each_genre_its_own_probability() -> None:
    rng = np.random.default_rng(2)
    targets = rng.random((300, 3)) < np.array([0.5, 0.3, 0.0])
    embeddings = rng.normal(0, 0.3, (300, 6)).astype(np.float32)
    embeddings[:, :3] += targets
    head = fit_head(embeddings, targets, 1.0, 1.0, multi_label=True)
    probabilities = activate(head.logits(embeddings), 1.0, multi_label=True)
    assert ((probabilities > 0.5) == targets).mean() > 0.95
    assert probabilities.mean(axis=0)[:2] == pytest.approx(
        targets.mean(axis=0)[:2], abs=0.02
    )
    assert probabilities[:, 2].max() < 1e-6
    assert probabilities.sum(axis=1).max() > 1.2, "they do not exclude each other"


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return write_small_model(tmp_path / "parent.onnx")


@pytest.fixture
def head() -> LinearHead:
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 0.1, (4, 2 * 84)).astype(np.float32)
    return LinearHead(weights, rng.normal(0, 1, 4).astype(np.float32))


@pytest.fixture
def card(parent: Path) -> Card:
    genres = ("a", "b", "c", "d")
    return replace(read_model(parent).card, name="mine", genres=genres, pool_logits=True)


def segments(n: int = 7) -> Segments:
    values = np.random.default_rng(4).normal(-40, 15, (n, 84, 112)).astype(np.float32)
    return Segments(values, np.zeros(n, np.int64))


def test_a_tracks_probabilities_are_those_of_the_head(
    parent: Path, head: LinearHead, card: Card
) -> None:
    model = model_from_bytes(
        head_model(parent.read_bytes(), head, replace(card, temperature=1.7))
    )
    scores = model.scorer.score(segments())
    assert np.array_equal(
        scores.embedding, read_model(parent).scorer.score(segments()).embedding
    )
    expected = head.logits(track_embedding(scores.embedding)[np.newaxis])[0]
    assert scores.logits.mean(axis=0) == pytest.approx(expected, abs=1e-4)
    track = GenreClassifier(model).track_probabilities(scores.logits)
    assert track == pytest.approx(softmax(expected, 1.7), abs=1e-5)


def test_one_segment_has_no_spread(parent: Path, head: LinearHead, card: Card) -> None:
    model = model_from_bytes(head_model(parent.read_bytes(), head, card))
    scores = model.scorer.score(segments(1))
    expected = scores.embedding @ head.weights[:, :84].T + head.bias
    assert scores.logits == pytest.approx(expected, abs=1e-4)


def test_a_head_can_take_the_place_of_a_head(
    parent: Path, head: LinearHead, card: Card, tmp_path: Path
) -> None:
    first = tmp_path / "first.onnx"
    first.write_bytes(head_model(parent.read_bytes(), head, card))
    other = LinearHead(head.weights[:2] * 2, head.bias[:2])
    again = head_model(first.read_bytes(), other, replace(card, genres=("x", "y")))
    assert len(again) <= len(first.read_bytes()), "the old head is gone"
    logits = model_from_bytes(again).scorer.score(segments()).logits.mean(axis=0)
    first_logits = read_model(first).scorer.score(segments()).logits.mean(axis=0)
    expected = 2 * (first_logits[:2] - head.bias[:2]) + head.bias[:2]
    assert logits == pytest.approx(expected, abs=1e-4)


def test_the_bundled_network_takes_a_head(card: Card) -> None:
    rng = np.random.default_rng(5)
    bundled = GenreClassifier.load()
    shape = read_model().scorer.segment_shape
    noise = rng.normal(-40, 15, (7, *shape)).astype(np.float32)
    segments = Segments(noise, np.zeros(7, np.int64))
    same = bundled.score_segments(segments).embedding
    n_values = same.shape[1]
    weights = rng.normal(0, 1, (4, 2 * n_values)).astype(np.float32)
    head = LinearHead(weights, np.zeros(4, np.float32))
    model = model_from_bytes(
        head_model(read_network(), head, replace(card, front_end=bundled.card.front_end))
    )
    scores = model.scorer.score(segments)
    assert scores.embedding == pytest.approx(same, abs=1e-6)


def test_a_file_that_differs_from_its_head_is_refused(
    parent: Path, head: LinearHead, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = head_file._joined

    def askew(network: bytes, head: LinearHead, *arguments: Any) -> bytes:
        return joined(network, LinearHead(head.weights, head.bias + 1), *arguments)

    monkeypatch.setattr(head_file, "_joined", askew)
    with pytest.raises(ModelFileError, match="differ by 1 in a logit"):
        head_model(parent.read_bytes(), head, card)


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.onnx"):
        parent_network(tmp_path / "none.onnx", "small@1")


def test_a_parent_that_was_replaced_meanwhile_is_refused(parent: Path) -> None:
    before = GenreClassifier.load(parent)
    parent_network(parent, before.model_id)
    write_small_model(parent, temperature=2.0)
    with pytest.raises(ModelFileError, match="has changed meanwhile"):
        parent_network(parent, before.model_id)


def test_a_parent_of_an_old_opset_is_refused_at_once(parent: Path) -> None:
    model = onnx.load(parent)
    model.opset_import[0].version = 13
    model.graph.node.remove(model.graph.node[0])
    mean = onnx.helper.make_node(
        "ReduceMean", ["segments"], ["embedding"], axes=[2], keepdims=0
    )
    model.graph.node.insert(0, mean)
    onnx.save(model, parent)
    with pytest.raises(ModelFileError, match="ONNX opset 13; a head needs 18"):
        parent_network(parent, GenreClassifier.load(parent).model_id)


def test_track_embeddings_are_mean_and_standard_deviation() -> None:
    segments = np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)
    assert track_embedding(segments).tolist() == [2.0, 5.0, 1.0, 0.0]
