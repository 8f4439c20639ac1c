"""Open sets: recognise music of genres that a head does not know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression

from genre_model.errors import TrainingStoppedError
from genre_model.model.segment_probabilities import activate
from genre_model.personal.heads import fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from genre_model.personal.grouping import Fold
    from genre_model.personal.heads import HeadData

    #: Distances of known tracks, and of unknown ones.
    Trial = tuple[NDArray[np.float32], NDArray[np.float32]]

#: Name of the output of a head for genres that it does not know.
NONE_OF_THESE = "none of these"
#: Share of the logits' variance that is added within genres, so that few tracks cannot make
#: a genre a point.
ADDED_VARIANCE = 0.01
#: Without one genre, at least two must be left to tell known from unknown.
MIN_GENRES = 3
#: The default of the plugin's ``min_confidence``.
MIN_CONFIDENCE = 0.6


@dataclass(frozen=True)
class OpenSet:
    """The odds that a track is of no known genre, by its distance from the known ones.

    The distance is that of Mahalanobis to the mean of the nearest genre, in the logits of
    the parent and with one covariance for all genres (Lee et al. 2018, arXiv 1807.03888).
    Labels that were left out compete: a track that is nearer to one of them is unknown.

    Attributes:
        whitening: divides by the spread within genres [shape=(n_outputs, n_outputs)].
        means: of the genres, whitened [shape=(n_genres, n_outputs)].
        left_out: the same of labels that were left out [shape=(n_left_out, n_outputs)].
        handicaps: added to the squared distance from each of these, because they are rare
            [shape=(n_left_out,)].
        slope: of the log odds that a track is of no known genre.
        threshold: the distance at which these odds are even.
    """

    whitening: NDArray[np.float32]
    means: NDArray[np.float32]
    left_out: NDArray[np.float32]
    handicaps: NDArray[np.float32]
    slope: float = 1.0
    threshold: float = 0.0

    def distances(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the distance of each track from the nearest genre [shape=(n_tracks,)].

        Args:
            logits: of the parent, mean over segments [shape=(n_tracks, n_outputs)].
        """
        return _nearest(logits @ self.whitening, self.means, np.float32(0))

    def log_odds(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log odds that each track is of no known genre [shape=(n_tracks,)]."""
        limit: NDArray[np.float32] | float = self.threshold
        if len(self.left_out):
            points = logits @ self.whitening
            limit = np.minimum(limit, _nearest(points, self.left_out, self.handicaps))
        odds: NDArray[np.float32] = self.slope * (self.distances(logits) - limit)
        return odds

    def none_logits(
        self,
        genres: NDArray[np.float32],
        logits: NDArray[np.float32],
        temperature: float,
        *,
        multi_label: bool,
    ) -> NDArray[np.float32]:
        """Return the logit of ``NONE_OF_THESE`` for each track [shape=(n_tracks,)].

        Args:
            genres: logits of the head, mean over segments [shape=(n_tracks, n_genres)].
            logits: of the parent, mean over segments [shape=(n_tracks, n_outputs)].
            temperature: of the head.
            multi_label: whether several genres can be probable at once.
        """
        odds = self.log_odds(logits)
        if not multi_label:
            odds = odds + logsumexp(genres / temperature, axis=1)
        return np.asarray(temperature * odds, np.float32)

    def known(
        self, logits: NDArray[np.float32], *, multi_label: bool
    ) -> NDArray[np.float32]:
        """Return the factor of the probabilities of genres [shape=(n_tracks,)].

        It is the probability that the track is of a known genre; for a multi-label model,
        whose outputs are no shares of anything, it is rounded to 0 or 1.
        """
        probability = expit(-self.log_odds(logits))
        factor = (probability > 0.5) if multi_label else probability
        return np.asarray(factor, np.float32)


@dataclass(frozen=True)
class UnknownScore:
    """Share of tracks of unknown genres on which a model would write a genre.

    Attributes:
        n_tracks: of genres that were left out in turn.
        min_confidence: from which on a genre is written.
        written: the share.
        written_unchecked: the same without the open set.
    """

    n_tracks: int
    min_confidence: float
    written: float
    written_unchecked: float

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"Of genres that it does not know, left out in turn, it writes "
            f"{self.written:.1%} at {self.min_confidence:g} ({self.written_unchecked:.1%} "
            "without its check)"
        )


@dataclass(frozen=True)
class OpenSetData:
    """Training data of open sets.

    Attributes:
        logits: of the parent, mean over segments [shape=(n_tracks, n_outputs)].
        labels: number of each track's genre, or first genre [shape=(n_tracks,)].
        folds: of whole groups.
        left_out: logits of the tracks of each label that was left out
            [shape=(n_tracks_of_label, n_outputs)].
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    folds: Sequence[Fold]
    left_out: Sequence[NDArray[np.float32]] = ()

    def fit(self, without: int | None = None) -> OpenSet | None:
        """Fit to all tracks, or to those without one genre.

        Each genre in turn counts as unknown, as if it had been left out; the tracks of the
        others are scored in folds that do not hold them.

        Returns:
            None if unknown genres are no farther away than known ones.
        """
        rows = np.flatnonzero(self.labels != (-1 if without is None else without))
        trials = chain.from_iterable(
            trials for genre, trials in self._trials.items() if genre != without
        )
        return _with_odds(self._fitted(rows), list(trials))

    def held_out_known(self, fitted: OpenSet, *, multi_label: bool) -> NDArray[np.float32]:
        """Return :meth:`OpenSet.known` of each track, fitted to the other folds.

        Only the two numbers that turn a distance into odds come from all tracks.
        """
        known = np.ones(len(self.labels), np.float32)
        for train, test in self.folds:
            fold = self._fitted(train)
            fold = replace(fold, slope=fitted.slope, threshold=fitted.threshold)
            known[test] = fold.known(self.logits[test], multi_label=multi_label)
        return known

    @cached_property
    def _trials(self) -> dict[int, list[Trial]]:
        """Distances of known tracks and of those of one genre, by genre, in each fold."""
        return {genre: list(self._trials_of(genre)) for genre in np.unique(self.labels)}

    def _trials_of(self, unknown: int) -> Iterator[Trial]:
        known = self.labels != unknown
        for train, test in self.folds:
            rows, others = train[known[train]], test[known[test]]
            if len(rows) > 1 and len(others):  # one track has no spread
                fold = self._fitted(rows)
                own = fold.distances(self.logits[others])
                yield own, fold.distances(self.logits[~known])

    def _fitted(self, rows: NDArray[np.int64]) -> OpenSet:
        logits, labels = self.logits[rows].astype(np.float64), self.labels[rows]
        means = np.stack([logits[labels == one].mean(axis=0) for one in np.unique(labels)])
        residuals = logits - means[np.searchsorted(np.unique(labels), labels)]
        spread = LedoitWolf(assume_centered=True).fit(residuals).covariance_
        # Of all tracks: one genre of one sound has no variance.
        added = ADDED_VARIANCE * self.logits.var(axis=0).mean() + 1e-9
        spread += added * np.eye(len(spread))
        whitening = np.linalg.cholesky(np.linalg.inv(spread))
        common = np.median(np.unique(labels, return_counts=True)[1])
        counts = np.array([len(tracks) for tracks in self.left_out])
        left_out = [tracks.mean(axis=0) for tracks in self.left_out]
        return OpenSet(
            whitening.astype(np.float32),
            (means @ whitening).astype(np.float32),
            (np.reshape(left_out, (-1, len(spread))) @ whitening).astype(np.float32),
            # The prior log odds of the genres; and the more labels there are, the more
            # often one of them is nearer by chance.
            2 * np.log(np.maximum(common / counts, 1) * len(counts)).astype(np.float32),
        )


def _with_odds(fitted: OpenSet, trials: Sequence[Trial]) -> OpenSet | None:
    """Fit the odds; in each trial known and unknown tracks weigh the same."""
    parts = [part for trial in trials for part in trial]
    if not parts:
        return None
    distances = np.concatenate(parts)
    is_unknown = np.repeat(np.arange(len(parts)) % 2, list(map(len, parts)))
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in parts])
    regression = LogisticRegression().fit(
        distances[:, np.newaxis], is_unknown, sample_weight=weights / weights.mean()
    )
    slope, intercept = float(regression.coef_[0, 0]), float(regression.intercept_[0])
    if slope <= 0:
        return None
    return replace(fitted, slope=slope, threshold=-intercept / slope)


def _nearest(
    points: NDArray[np.float32],
    means: NDArray[np.float32],
    handicaps: NDArray[np.float32] | np.float32,
) -> NDArray[np.float32]:
    squares = np.square(points[:, np.newaxis] - means).sum(axis=2) + handicaps
    nearest: NDArray[np.float32] = np.sqrt(squares.min(axis=1))
    return nearest


def unknown_score(
    data: HeadData,
    opened: OpenSetData,
    strength: float,
    temperature: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> UnknownScore | None:
    """Leave each genre out in turn, of head and open set, and score its tracks.

    Args:
        data: of the heads.
        opened: of the open sets; rows as in ``data``.
        strength: ``C`` of the heads.
        temperature: of the heads.
        should_stop: asked before each genre.

    Returns:
        None if there are fewer than three genres, or none has a track of its own.

    Raises:
        TrainingStoppedError: if asked to stop.
    """
    if len(np.unique(opened.labels)) < MIN_GENRES:
        return None
    only = data.targets.sum(axis=1) == 1
    checked, unchecked = [], []
    for genre in range(data.targets.shape[1]):
        if should_stop():
            raise TrainingStoppedError("stopped while fitting; nothing has changed")
        rest = np.flatnonzero(~data.targets[:, genre])
        unknown = np.flatnonzero(data.targets[:, genre] & only)
        if not (len(unknown) and len(rest)):
            continue
        with fitting():
            head = data.fit(rest, [strength])[strength]
        logits = head.logits(data.embeddings[unknown])
        probabilities = activate(logits, temperature, multi_label=data.multi_label)
        highest = probabilities.max(axis=1)
        unchecked.append(highest)
        open_set = opened.fit(without=genre)
        if open_set is not None:
            known = open_set.known(opened.logits[unknown], multi_label=data.multi_label)
            highest = highest * known
        checked.append(highest)
    if not checked:
        return None
    written, written_unchecked = (
        np.concatenate(parts) >= MIN_CONFIDENCE for parts in (checked, unchecked)
    )
    return UnknownScore(
        len(written), MIN_CONFIDENCE, float(written.mean()), float(written_unchecked.mean())
    )
