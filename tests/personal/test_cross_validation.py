"""Cross-validation: no track is predicted by a head that was fitted to its artist."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from genre_model.errors import TrainingStoppedError
from genre_model.personal import heads
from genre_model.personal.grouping import grouped_folds
from genre_model.personal.heads import C_VALUES, HeadData, cross_validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold
    from genre_model.personal.heads import LinearHead


def library(
    n_artists: int = 24, n_each: int = 5, spread: float = 1.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Make embeddings in which artists differ, of three genres that do too."""
    rng = np.random.default_rng(seed)
    genre_of_artist = np.arange(n_artists) % 3
    groups = np.repeat(np.arange(n_artists), n_each)
    labels = genre_of_artist[groups]
    genres = rng.normal(0, spread, (3, 40))
    artists = rng.normal(0, 3, (n_artists, 40))
    noise = rng.normal(0, 0.3, (len(groups), 40))
    return (genres[labels] + artists[groups] + noise).astype(np.float32), labels, groups


def data_of(embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> HeadData:
    targets = np.eye(int(labels.max()) + 1, dtype=bool)[labels]
    return HeadData(embeddings, targets, multi_label=False, genre_balance=1.0)


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def test_artists_do_not_help() -> None:
    # The genre says nothing here; only the artist would give it away.
    embeddings, labels, groups = library(spread=0.0)
    data = data_of(embeddings, labels)
    honest = cross_validate(data, grouped_folds(labels, groups, 5, 0))
    leaky = cross_validate(data, grouped_folds(labels, np.arange(len(labels)), 5, 0))
    assert accuracy(leaky.probabilities, labels) > 0.9
    assert accuracy(honest.probabilities, labels) < 0.6


def test_genres_that_differ_are_found() -> None:
    embeddings, labels, groups = library(spread=6.0)
    validated = cross_validate(
        data_of(embeddings, labels), grouped_folds(labels, groups, 5, 0)
    )
    assert accuracy(validated.probabilities, labels) > 0.9
    assert validated.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_no_head_is_fitted_to_tracks_that_choose_or_score_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embeddings, labels, groups = library()
    folds = grouped_folds(labels, groups, 4, 0)
    fitted: list[frozenset[int]] = []
    genuine = HeadData.fit

    def fit(
        data: HeadData, rows: NDArray[np.int64], strengths: Sequence[float]
    ) -> dict[float, LinearHead]:
        assert tuple(strengths) == C_VALUES
        fitted.append(frozenset(rows.tolist()))
        return genuine(data, rows, strengths)

    monkeypatch.setattr(HeadData, "fit", fit)
    cross_validate(data_of(embeddings, labels), folds)

    tests = [frozenset(test.tolist()) for _, test in folds]
    everything = frozenset(range(len(labels)))
    expected = {everything - tests[i] - tests[j] for i in range(4) for j in range(i, 4)}
    assert set(fitted) == expected
    assert len(fitted) == len(expected)


def test_the_tracks_of_a_fold_do_not_choose_its_strength(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embeddings, labels, groups = library()
    folds = grouped_folds(labels, groups, 4, 0)
    chosen_by: list[set[int]] = []
    genuine = heads._choose

    def choose(data: HeadData, rows: NDArray[np.int64], logits: Any) -> object:
        chosen_by.append(set(rows.tolist()))
        return genuine(data, rows, logits)

    monkeypatch.setattr(heads, "_choose", choose)
    cross_validate(data_of(embeddings, labels), folds)
    everything = set(range(len(labels)))
    assert chosen_by == [
        *(everything - set(test.tolist()) for _, test in folds),
        everything,
    ]


def test_the_temperature_makes_probabilities_frequencies() -> None:
    rng = np.random.default_rng(7)
    embeddings, labels, groups = library(n_artists=150, spread=3.0, seed=7)
    wrong = rng.random(len(labels)) < 0.3
    noisy = np.where(wrong, rng.integers(0, 3, len(labels)), labels)
    validated = cross_validate(
        data_of(embeddings, noisy), grouped_folds(noisy, groups, 5, 0)
    )
    confidence = validated.probabilities.max(axis=1).mean()
    assert confidence == pytest.approx(accuracy(validated.probabilities, noisy), abs=0.05)


def test_two_folds_leave_nothing_to_choose_by() -> None:
    embeddings, labels, groups = library(n_artists=6, spread=6.0)
    folds = grouped_folds(labels, groups, 2, 0)
    validated = cross_validate(data_of(embeddings, labels), folds)
    assert accuracy(validated.probabilities, labels) > 0.5
    assert validated.choice.strength in C_VALUES


def test_a_genre_that_a_fold_has_whole_is_wrong_there_and_spoils_nothing() -> None:
    embeddings, labels, groups = library(spread=6.0)
    rare = np.flatnonzero(groups == 0)
    labels = labels.copy()
    labels[rare] = 3
    folds: list[Fold] = grouped_folds(labels, groups, 4, 0)
    validated = cross_validate(data_of(embeddings, labels), folds)
    assert accuracy(validated.probabilities[rare], labels[rare]) == 0
    others = np.setdiff1d(np.arange(len(labels)), rare)
    assert accuracy(validated.probabilities[others], labels[others]) > 0.85
    assert validated.choice.temperature < 4


def test_the_same_data_give_the_same_probabilities() -> None:
    embeddings, labels, groups = library()
    folds = grouped_folds(labels, groups, 5, 0)
    runs = [
        cross_validate(data_of(embeddings, labels), folds, n_threads=n).probabilities
        for n in (1, 2, 2)
    ]
    for one, other in pairwise(runs):
        assert np.array_equal(one, other)


def test_it_can_be_stopped() -> None:
    embeddings, labels, groups = library()
    folds = grouped_folds(labels, groups, 5, 0)
    with pytest.raises(TrainingStoppedError):
        cross_validate(data_of(embeddings, labels), folds, should_stop=lambda: True)


def test_the_final_head_is_fitted_like_those_that_were_scored() -> None:
    embeddings, labels, _ = library()
    data = data_of(embeddings, labels)
    on_all = data.fit(np.arange(len(labels)), C_VALUES)
    for strength in C_VALUES:
        kept = data.fit_final(strength)
        assert np.array_equal(kept.weights, on_all[strength].weights)
        assert np.array_equal(kept.bias, on_all[strength].bias)
