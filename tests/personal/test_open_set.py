"""The check for genres that a head does not know: distances, odds, and its output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx_models import write_small_model

from genre_model.classifier import GenreClassifier
from genre_model.errors import TrainingStoppedError
from genre_model.features.segments import Segments
from genre_model.model.model_file import model_from_bytes, read_model
from genre_model.model.segment_probabilities import activate
from genre_model.personal.head_file import head_model
from genre_model.personal.heads import HeadData, LinearHead, track_embedding
from genre_model.personal.open_set import NONE_OF_THESE, OpenSet, OpenSetData, unknown_score

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Where the tracks of four genres lie; the last is never trained on.
CENTRES = np.array([[6, 0, 0], [0, 6, 0], [0, 0, 6], [-6, -6, -6]], np.float32)
N_EACH = 20


def points(genre: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng([seed, genre])
    return rng.normal(CENTRES[genre], 1, (N_EACH, 3)).astype(np.float32)


def data(
    left_out: Sequence[NDArray[np.float32]] = (), logits: NDArray[np.float32] | None = None
) -> OpenSetData:
    """Return tracks of the first three genres, in four folds."""
    rows = np.arange(3 * N_EACH)
    if logits is None:
        logits = np.concatenate([points(genre) for genre in range(3)])
    folds = [(rows[rows % 4 != fold], rows[rows % 4 == fold]) for fold in range(4)]
    return OpenSetData(logits, rows // N_EACH, folds, left_out)


def fitted(opened: OpenSetData) -> OpenSet:
    open_set = opened.fit()
    assert open_set is not None
    return open_set


def test_known_genres_are_known_and_others_are_not() -> None:
    open_set = fitted(data())
    assert (open_set.log_odds(points(3, seed=1)) > 0).all()
    assert (open_set.log_odds(points(0, seed=1)) < 0).mean() > 0.9
    assert open_set.known(points(3), multi_label=True).tolist() == [0.0] * N_EACH


def test_a_track_nearer_to_a_left_out_label_is_unknown() -> None:
    between = np.array([[4.0, -1.5, 0]], np.float32)
    assert fitted(data()).log_odds(between) < 0
    common = np.repeat(np.array([[4.5, -3.0, 0]], np.float32), N_EACH, axis=0)
    assert fitted(data([common])).log_odds(between) > 0
    assert fitted(data([common[:1]])).log_odds(between) < 0, "it is rare"


def test_held_out_tracks_are_scored_in_the_other_folds() -> None:
    logits = np.concatenate([points(genre) for genre in range(3)])
    logits[0] = CENTRES[3]  # nothing but itself is there
    opened = data(logits=logits)
    open_set = fitted(opened)
    known = opened.held_out_known(open_set, multi_label=False)
    assert known[0] < 0.01
    assert np.median(known) > 0.9


def test_there_is_no_open_set_if_distances_do_not_differ() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (3 * N_EACH, 3)).astype(np.float32)
    noise[N_EACH:] = noise[:N_EACH].repeat(2, axis=0)  # all genres are one
    assert data(logits=noise).fit() is None


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_score_leaves_each_genre_out(multi_label: bool) -> None:
    opened = data()
    targets = np.eye(3, dtype=bool)[opened.labels]
    heads = HeadData(
        np.hstack([opened.logits, opened.logits]), targets, multi_label, genre_balance=0.0
    )
    score = unknown_score(heads, opened, strength=1.0, temperature=0.3)
    assert score is not None
    assert score.n_tracks == 3 * N_EACH
    assert score.written < 0.1
    if not multi_label:
        assert score.written_unchecked > 0.9
    assert f"writes {score.written:.1%} at 0.6" in str(score)


def test_two_genres_have_no_score() -> None:
    opened = data()
    two = OpenSetData(opened.logits, opened.labels % 2, opened.folds)
    heads = HeadData(opened.logits, np.eye(2, dtype=bool)[two.labels], False, 0.0)
    assert unknown_score(heads, two, strength=1.0, temperature=1.0) is None


def test_the_score_can_be_stopped() -> None:
    opened = data()
    heads = HeadData(opened.logits, np.eye(3, dtype=bool)[opened.labels], False, 0.0)
    with pytest.raises(TrainingStoppedError):
        unknown_score(heads, opened, 1.0, 1.0, should_stop=lambda: True)


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("n_left_out", [0, 2])
def test_the_model_file_rejects_as_numpy_does(
    tmp_path: Path, n_left_out: int, multi_label: bool
) -> None:
    parent = write_small_model(tmp_path / "parent.onnx")
    model = read_model(parent)
    rng = np.random.default_rng(1)
    n_outputs, n_features = model.card.n_outputs, model.scorer.n_features
    head = LinearHead(
        rng.normal(0, 0.1, (4, 2 * n_features)).astype(np.float32), np.zeros(4, np.float32)
    )
    values = rng.normal(-40, 15, (7, *model.scorer.segment_shape)).astype(np.float32)
    segments = Segments(values, np.zeros(7, np.int64))
    of_parent = model.scorer.score(segments)
    logits = of_parent.logits.mean(axis=0, keepdims=True)
    means = logits + rng.normal(0, 1, (4, n_outputs)).astype(np.float32)
    whitening = rng.normal(0, 1, (n_outputs, n_outputs)).astype(np.float32)
    left_out = (logits + rng.normal(0, 0.5, (n_left_out, n_outputs))).astype(np.float32)
    open_set = OpenSet(
        whitening,
        means @ whitening,
        left_out @ whitening,
        np.linspace(0, 1, n_left_out, dtype=np.float32),
        slope=0.7,
        threshold=2.0,
    )
    card = replace(
        model.card,
        name="mine",
        genres=tuple("abcd"),
        pool_logits=True,
        temperature=1.7,
        multi_label=multi_label,
    )

    made = GenreClassifier(
        model_from_bytes(head_model(parent.read_bytes(), head, card, open_set))
    )

    assert made.card.rejected == (NONE_OF_THESE,)
    scores = made.score_segments(segments)
    genres = head.logits(track_embedding(of_parent.embedding)[np.newaxis])[0]
    known = 1 / (1 + np.exp(open_set.log_odds(logits)[0]))
    expected = activate(genres, 1.7, multi_label=multi_label)
    if not multi_label:
        expected = expected * known
    assert made.track_probabilities(scores.logits) == pytest.approx(expected, abs=1e-4)
    strangeness = made.predict_segments(tmp_path, segments).strangeness
    rival = known if multi_label else expected.max()
    assert strangeness == pytest.approx((1 - known) / rival, rel=1e-3)
