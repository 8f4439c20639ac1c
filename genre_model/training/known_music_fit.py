"""The distribution of the tracks that a model is trained on, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingDataError
from genre_model.known_music import N_FEATURES, KnownMusic, track_features
from genre_model.segments import segments_from_mel_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.config import SegmentConfig
    from genre_model.training.labelled_mel_frames import LabelledMelFrames

#: Tracks that were left out of the fit and are taken for unknown all the same, in percent.
PERCENT_BEYOND = 0.5
#: Music of other decades and studios is further away than other tracks of one collection,
#: and audio further than the pictures of it.
MARGIN = 1.25
#: Variance that copies of one recording have beside each other, in shares of that of all
#: tracks: without it, what a codec does to the flattest directions counts most.
RIDGE = 0.1
N_PARTS = 10
# Of a feature over tracks: where it never varies, nothing is to be divided by.
_LEAST_DEVIATION = 1e-3
SPLIT_SEED = 0


def fit_known_music(tracks: LabelledMelFrames, config: SegmentConfig) -> KnownMusic:
    """Fit a normal distribution, whose Mahalanobis distance judges (Lee et al. 2018).

    The limit is the distance that ``PERCENT_BEYOND`` of the tracks exceed where they are
    left out of the fit, a tenth at a time, times ``MARGIN``.

    Args:
        tracks: of the training, as the network hears them.
        config: how segments are cut.

    Raises:
        TrainingDataError: if there are too few tracks.
    """
    return known_music_of(features_of(tracks, config))


def known_music_of(features: NDArray[np.float32]) -> KnownMusic:
    """Fit it to described tracks [shape=(n_tracks, N_FEATURES)], as above."""
    if len(features) < N_PARTS * 2:
        raise TrainingDataError(f"{len(features)} tracks are too few to tell unknown music")
    part_of = np.random.default_rng(SPLIT_SEED).permutation(len(features)) % N_PARTS
    distances = np.concatenate(
        [
            _distances(_fitted(features[part_of != part]), features[part_of == part])
            for part in range(N_PARTS)
        ]
    )
    limit = MARGIN * float(np.percentile(distances, 100 - PERCENT_BEYOND))
    fitted = _fitted(features)
    return KnownMusic(fitted.centre, fitted.whitening, limit)


def features_of(tracks: LabelledMelFrames, config: SegmentConfig) -> NDArray[np.float32]:
    """Describe tracks [shape=(n_tracks, N_FEATURES)]."""
    segments = (segments_from_mel_frames(values, config) for values in tracks.mel_frames)
    rows = [track_features(one.values) for one in segments]
    return np.stack(rows) if rows else np.zeros((0, N_FEATURES), np.float32)


def _fitted(features: NDArray[np.float32]) -> KnownMusic:
    mean, deviations = features.mean(axis=0), features.std(axis=0, dtype=np.float64)
    deviations = np.maximum(deviations, _LEAST_DEVIATION)
    correlations = np.cov(((features - mean) / deviations).T)
    values, vectors = np.linalg.eigh(correlations + RIDGE * np.eye(N_FEATURES))
    whitening = vectors / np.sqrt(values) / deviations[:, np.newaxis]
    return KnownMusic(mean.astype(np.float32), whitening.astype(np.float32), 1.0)


def _distances(known: KnownMusic, features: NDArray[np.float32]) -> list[float]:
    return [known.distance(row) for row in features]
