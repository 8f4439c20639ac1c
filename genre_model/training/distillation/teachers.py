"""Published taggers as teachers: genre logits and embeddings of any audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.backbone import mn04_network, tagger_networks
from genre_model.backbone.tagger_ensemble import (
    ensemble_genres,
    tagger_ensemble,
    tags_of_genres,
)
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.features.segments import Segments, repeat_to_length
from genre_model.model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd

    Weights = Mapping[str, NDArray[np.float32]]

MN04 = "mn04"
#: How much mn04 counts beside a tagger; 1, 2 and 4 were tried on labelled songs.
MN04_WEIGHT = 2
TAGGER_RATE_HZ = tagger_networks.FRONT_END.waveform.sample_rate_hz


class TeacherOutputs(NamedTuple):
    """The outputs of the teachers for one excerpt.

    Attributes:
        logits: of each network; NaN of genres that it does not know
            [shape=(n_networks, n_genres)].
        embedding: of all teachers, concatenated [shape=(n_features,)].
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Teachers:
    """mn04 and the taggers of Won et al. (2020).

    Args:
        weights: name of each network, ``mn04`` among them -> its state dictionary.

    Attributes:
        genres: in the order of the logits.
    """

    def __init__(self, weights: Mapping[str, Weights]) -> None:
        taggers = [name for name in weights if name != MN04]
        self._taggers = [
            (
                ensemble_genres([name]),
                SegmentScorer(tagger_ensemble({name: weights[name]})),
            )
            for name in taggers
        ]
        self._mn04 = SegmentScorer(mn04_network.mn04_network(weights[MN04]))
        self._tags = tags_of_genres("audioset")
        self.genres = tuple(sorted({*ensemble_genres(taggers), *self._tags}))

    def listen(
        self, at_16_khz: NDArray[np.float32], at_32_khz: NDArray[np.float32]
    ) -> TeacherOutputs:
        """Return what the teachers hear in one excerpt of 3 to 10 s.

        Args:
            at_16_khz: waveform [shape=(n_samples,), full scale 1].
            at_32_khz: the same seconds [shape=(2 * n_samples,)].
        """
        segment = _segment(at_16_khz, tagger_networks.FRONT_END)
        logits, embeddings = [], []
        for genres, scorer in self._taggers:
            scores = scorer.score(segment)
            logits.append(dict(zip(genres, scores.logits[0], strict=True)))
            embeddings.append(scores.embedding[0])
        scores = self._mn04.score(_segment(at_32_khz, mn04_network.FRONT_END))
        tags = scores.logits[0]
        logits.append(
            {
                genre: (tags[list(found.places)] + np.log(found.weights)).max()
                for genre, found in self._tags.items()
            }
        )
        embeddings.append(scores.embedding[0])
        rows = [[known.get(genre, np.nan) for genre in self.genres] for known in logits]
        return TeacherOutputs(np.array(rows, np.float32), np.concatenate(embeddings))


def mean_logits(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over the networks that know a genre [shape=(n, n_genres)].

    Args:
        logits: of each network, mn04 last [shape=(n, n_networks, n_genres)].
    """
    weights = np.ones(logits.shape[1])
    weights[-1] = MN04_WEIGHT
    known = np.ma.masked_invalid(logits)
    mean = np.ma.average(known, axis=1, weights=weights)
    return np.asarray(mean, np.float32)


def _segment(waveform: NDArray[np.float32], front_end: FrontEnd) -> Segments:
    """Repeat an excerpt until it fills one segment of a front end."""
    rate_hz = front_end.waveform.sample_rate_hz
    frames = mel_frames_from_waveform(waveform, rate_hz, front_end.mel)
    n_frames = front_end.segment.segment_frames
    values = repeat_to_length(frames, n_frames)[np.newaxis, :, :n_frames]
    return Segments(values, np.zeros(1, np.int64))
