"""Published taggers as teachers: genre logits and embeddings of any audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genre_model.backbone import mn04_network, tagger_networks
from genre_model.backbone.tagger_ensemble import ensemble_genres, tagger_ensemble
from genre_model.backbone.tags import tags_of_genres
from genre_model.mel_frames import mel_frames_from_waveform
from genre_model.segment_probabilities import SegmentScorer
from genre_model.segments import Segments, repeat_to_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd

    Weights = Mapping[str, NDArray[np.float32]]

MN04 = "mn04"
TAGGER_RATE_HZ = tagger_networks.FRONT_END.waveform.sample_rate_hz
MN04_RATE_HZ = mn04_network.FRONT_END.waveform.sample_rate_hz


class TeacherOutputs(NamedTuple):
    """The outputs of the teachers for one excerpt.

    Attributes:
        logits: mean over the teachers that know the genre [shape=(n_genres,)].
        embedding: of all teachers, concatenated [shape=(n_features,)].
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Teachers:
    """mn04 and the taggers of Won et al. (2020), with equal weights.

    Args:
        weights: name of each network, ``mn04`` among them -> its state dictionary.

    Attributes:
        genres: in the order of the logits.
    """

    def __init__(self, weights: Mapping[str, Weights]) -> None:
        taggers = {name: part for name, part in weights.items() if name != MN04}
        self._taggers = SegmentScorer(tagger_ensemble(taggers))
        self._mn04 = SegmentScorer(mn04_network.mn04_network(weights[MN04]))
        tags = tags_of_genres("audioset")
        self.genres = tuple(sorted({*ensemble_genres(taggers), *tags}))
        n_taggers = [sum(genre in ensemble_genres([n]) for n in taggers) for genre in tags]
        self._share_of_mn04 = {
            genre: 1 / (n + 1) for genre, n in zip(tags, n_taggers, strict=True)
        }
        self._ensemble_genres = ensemble_genres(taggers)

    def listen(
        self, at_16_khz: NDArray[np.float32], at_32_khz: NDArray[np.float32]
    ) -> TeacherOutputs:
        """Return what the teachers hear in one excerpt of 3 to 10 s.

        Args:
            at_16_khz: waveform [shape=(n_samples,), full scale 1].
            at_32_khz: the same seconds [shape=(2 * n_samples,)].
        """
        of_taggers = self._taggers.score(_segment(at_16_khz, tagger_networks.FRONT_END))
        of_mn04 = self._mn04.score(_segment(at_32_khz, mn04_network.FRONT_END))
        logits = self._join(of_taggers.logits[0], of_mn04.logits[0])
        embeddings = of_taggers.embedding[0], of_mn04.embedding[0]
        return TeacherOutputs(logits, np.concatenate(embeddings))

    def _join(
        self, of_taggers: NDArray[np.float32], tags: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the mean logit of each genre over all networks that know it."""
        logits = dict(zip(self._ensemble_genres, of_taggers, strict=True))
        for genre, found in tags_of_genres("audioset").items():
            logit = (tags[list(found.places)] + np.log(found.weights)).max()
            share = self._share_of_mn04[genre]
            logits[genre] = share * logit + (1 - share) * logits.get(genre, 0.0)
        return np.array([logits[genre] for genre in self.genres], np.float32)


def _segment(waveform: NDArray[np.float32], front_end: FrontEnd) -> Segments:
    """Repeat an excerpt until it fills one segment of a front end."""
    rate_hz = front_end.waveform.sample_rate_hz
    frames = mel_frames_from_waveform(waveform, rate_hz, front_end.mel)
    n_frames = front_end.segment.segment_frames
    values = repeat_to_length(frames, n_frames)[np.newaxis, :, :n_frames]
    return Segments(values, np.zeros(1, np.int64))
