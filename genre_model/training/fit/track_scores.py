"""Track-level scores of a network that is still being trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from genre_model import metrics
from genre_model.features.segments import segments_from_mel_frames
from genre_model.model.segment_probabilities import softmax
from genre_model.model.track_probabilities import combine_segments

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from genre_model.features.config import SegmentConfig
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames

#: Temperatures that are tried, from far sharper to far flatter than the network.
TEMPERATURES = np.geomspace(0.2, 5.0, 161)


class TrackScores(NamedTuple):
    """Loss (negative log-likelihood) and accuracy over whole tracks."""

    loss: float
    accuracy: float


def score_tracks(
    network: nn.Module, tracks: LabelledMelFrames, config: SegmentConfig
) -> TrackScores:
    """Score whole tracks as tagging does, at temperature 1."""
    probabilities = _track_probabilities(track_logits(network, tracks, config), 1.0)
    return TrackScores(
        metrics.negative_log_likelihood(probabilities, tracks.labels),
        metrics.accuracy(probabilities, tracks.labels),
    )


def track_logits(
    network: nn.Module, tracks: LabelledMelFrames, config: SegmentConfig
) -> list[NDArray[np.float32]]:
    """Return the segment logits of each track [shape=(n_segments, n_genres)]."""
    segments = (segments_from_mel_frames(values, config) for values in tracks.mel_frames)
    return [segment_logits(network, one.values) for one in segments]


@torch.no_grad()
def segment_logits(
    network: nn.Module, segments: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Score the segments of one track, on the device of the network.

    Args:
        network: put into evaluation mode.
        segments: log-mel [shape=(n_segments, n_mels, n_frames), dB].

    Returns:
        Logits [shape=(n_segments, n_genres)].
    """
    network.eval()
    device = next(network.parameters()).device
    scores, _ = network(torch.from_numpy(segments).to(device))
    logits: NDArray[np.float32] = scores.float().cpu().numpy()
    return logits


def fit_temperature(logits: list[NDArray[np.float32]], labels: NDArray[np.int64]) -> float:
    """Find the temperature of the lowest track-level loss (Guo et al. 2017)."""
    losses = [
        metrics.negative_log_likelihood(_track_probabilities(logits, t), labels)
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _track_probabilities(
    logits: list[NDArray[np.float32]], temperature: float
) -> NDArray[np.float32]:
    """Combine the segments of each track as tagging does [shape=(n_tracks, n_genres)]."""
    return np.stack([combine_segments(softmax(scores, temperature)) for scores in logits])
