"""Cross-validation of heads: every track judged by a head that never saw its group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar

from genre_model import metrics
from genre_model.batch import default_threads
from genre_model.errors import TrainingStoppedError
from genre_model.model.segment_probabilities import activate
from genre_model.personal.head_fitting import UNSEEN_LOGIT, fit_heads, fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold
    from genre_model.personal.head_file import LinearHead

    Pair = tuple[int, int]
    #: By number of the fold: logits of its tracks.
    LogitsOfFolds = dict[int, NDArray[np.float32]]
    #: Rows of tracks, and their logits.
    Judged = tuple[NDArray[np.int64], NDArray[np.float32]]
    JudgedByStrength = dict[float, Judged]

#: Tried from the strongest penalty to the weakest; steps between matter less than the
#: temperature, which is fitted with each.
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
#: Taken where there is nothing to choose by.
DEFAULT_STRENGTH = 1e-2
#: The least and the greatest temperature.
TEMPERATURES = (0.1, 5.0)


@dataclass(frozen=True)
class Choice:
    """What is chosen by the loss on tracks that a head has not seen."""

    strength: float
    temperature: float


@dataclass(frozen=True)
class CrossValidation:
    """What heads say of tracks that they have not seen.

    Attributes:
        probabilities: of each track, by the head of its fold, whose strength and
            temperature were chosen without the fold [shape=(n_tracks, n_genres)].
        choice: for the final head, made on all tracks.
    """

    probabilities: NDArray[np.float32]
    choice: Choice


@dataclass(frozen=True)
class HeadData:
    """What heads are fitted to.

    Attributes:
        embeddings: [shape=(n_tracks, 2 * n_features)].
        targets: which genres each track has [shape=(n_tracks, n_genres)].
        multi_label: whether a track can have several.
        genre_balance: as in ``PersonalSettings``.
    """

    embeddings: NDArray[np.float32]
    targets: NDArray[np.bool_]
    multi_label: bool
    genre_balance: float

    def fit(
        self, rows: NDArray[np.int64], strengths: Sequence[float]
    ) -> dict[float, LinearHead]:
        """Fit heads to some of the tracks, from the strongest penalty to the weakest."""
        heads = fit_heads(
            self.embeddings[rows],
            self.targets[rows],
            strengths,
            self.genre_balance,
            multi_label=self.multi_label,
        )
        return dict(zip(strengths, heads, strict=True))

    def fit_final(self, strength: float) -> LinearHead:
        """Fit the head that is kept, the way the ones that were judged were fitted."""
        path = [each for each in STRENGTHS if each <= strength]
        with fitting():
            return self.fit(np.arange(len(self.targets)), path)[strength]


def cross_validate(
    data: HeadData,
    folds: Sequence[Fold],
    *,
    n_threads: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> CrossValidation:
    """Judge every track by a head that saw neither it nor its group.

    Strength and temperature of a fold's head are chosen by heads that saw neither that
    fold nor the one they are judged on (nested cross-validation; Varma & Simon 2006). A
    head without two folds serves both as tests, which halves the work.

    Raises:
        TrainingStoppedError: if asked to stop.
    """
    tests = [test for _, test in folds]
    pairs = list(combinations_with_replacement(range(len(folds)), 2))
    judged = _judge_pairs(data, tests, pairs, n_threads, should_stop)
    logits = {
        strength: {pair: judged[pair].get(strength, {}) for pair in pairs}
        for strength in STRENGTHS
    }
    probabilities = np.zeros(data.targets.shape, np.float32)
    for i, test in enumerate(tests):
        others = [j for j in range(len(folds)) if j != i]
        inner = {
            strength: _stacked([(tests[j], by_pair[_pair(i, j)][j]) for j in others])
            for strength, by_pair in logits.items()
            if len(folds) > 2
        }
        choice = _choose(data, inner)
        own = logits[choice.strength][i, i][i]
        probabilities[test] = activate(
            own, choice.temperature, multi_label=data.multi_label
        )
    outer = {
        strength: _stacked([(test, by_pair[i, i][i]) for i, test in enumerate(tests)])
        for strength, by_pair in logits.items()
    }
    return CrossValidation(probabilities, _choose(data, outer))


def _judge_pairs(
    data: HeadData,
    tests: Sequence[NDArray[np.int64]],
    pairs: Sequence[Pair],
    n_threads: int | None,
    should_stop: Callable[[], bool],
) -> dict[Pair, dict[float, LogitsOfFolds]]:
    every_row = np.arange(len(data.embeddings))

    def judge(pair: Pair) -> dict[float, LogitsOfFolds]:
        if should_stop():
            raise TrainingStoppedError("stopped while fitting; nothing has changed")
        unseen = np.concatenate([tests[fold] for fold in set(pair)])
        rows = np.setdiff1d(every_row, unseen)
        if not len(rows):
            return {}
        return {
            strength: {
                fold: head.logits(data.embeddings[tests[fold]]) for fold in set(pair)
            }
            for strength, head in data.fit(rows, STRENGTHS).items()
        }

    with fitting(), ThreadPoolExecutor(n_threads or default_threads()) as pool:
        return dict(zip(pairs, pool.map(judge, pairs), strict=True))


def _choose(data: HeadData, judged: JudgedByStrength) -> Choice:
    """Choose strength and temperature by the loss."""
    best = (float("inf"), Choice(DEFAULT_STRENGTH, 1.0))
    for strength, (rows, logits) in judged.items():
        targets = data.targets[rows]
        # Of a genre that its head never saw, a track says nothing about either.
        known = ~((logits == UNSEEN_LOGIT) & targets).any(axis=1)
        if known.any():
            loss, temperature = _fit_temperature(
                logits[known], targets[known], multi_label=data.multi_label
            )
            best = min(best, (loss, Choice(strength, temperature)), key=itemgetter(0))
    return best[1]


def _fit_temperature(
    logits: NDArray[np.float32], targets: NDArray[np.bool_], *, multi_label: bool
) -> tuple[float, float]:
    """Return the least loss, and the temperature that gives it (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        probabilities = activate(
            logits, float(np.exp(log_temperature)), multi_label=multi_label
        )
        return metrics.log_loss(probabilities, targets, multi_label=multi_label)

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(found.fun), float(np.exp(found.x))


def _stacked(parts: Sequence[Judged]) -> Judged:
    return (
        np.concatenate([rows for rows, _ in parts]),
        np.concatenate([logits for _, logits in parts]),
    )


def _pair(i: int, j: int) -> Pair:
    return min(i, j), max(i, j)
