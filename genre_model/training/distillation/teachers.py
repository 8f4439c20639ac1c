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
#: Of mn04 in the mean logit of a genre that the taggers know, too. On labelled songs the
#: taggers alone are as often right, and surer.
MN04_SHARE = 0.1
TAGGER_RATE_HZ = tagger_networks.FRONT_END.waveform.sample_rate_hz


class TeacherOutputs(NamedTuple):
    """The outputs of the teachers for one excerpt.

    Attributes:
        logits: mean of the taggers that know a genre, and those of mn04; NaN if it is
            unknown [shape=(2, n_genres)].
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
        taggers = {name: part for name, part in weights.items() if name != MN04}
        self._taggers = SegmentScorer(tagger_ensemble(taggers))
        self._mn04 = SegmentScorer(mn04_network.mn04_network(weights[MN04]))
        self._ensemble_genres = ensemble_genres(taggers)
        self._tags = tags_of_genres("audioset")
        self.genres = tuple(sorted({*self._ensemble_genres, *self._tags}))

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
        tags = of_mn04.logits[0]
        logits = [
            dict(zip(self._ensemble_genres, of_taggers.logits[0], strict=True)),
            {
                genre: (tags[list(found.places)] + np.log(found.weights)).max()
                for genre, found in self._tags.items()
            },
        ]
        rows = [[known.get(genre, np.nan) for genre in self.genres] for known in logits]
        embeddings = of_taggers.embedding[0], of_mn04.embedding[0]
        return TeacherOutputs(np.array(rows, np.float32), np.concatenate(embeddings))


def mean_logits(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the teachers' logits.

    Args:
        logits: of taggers and of mn04 [shape=(n, 2, n_genres)].

    Returns:
        ``MN04_SHARE`` of mn04 where both know the genre [shape=(n, n_genres)].
    """
    of_taggers, of_mn04 = logits[:, 0], logits[:, 1]
    both = (1 - MN04_SHARE) * of_taggers + MN04_SHARE * of_mn04
    either = np.where(np.isnan(of_mn04), of_taggers, of_mn04)
    return np.where(np.isnan(both), either, both)


def _segment(waveform: NDArray[np.float32], front_end: FrontEnd) -> Segments:
    """Repeat an excerpt until it fills one segment of a front end."""
    rate_hz = front_end.waveform.sample_rate_hz
    frames = mel_frames_from_waveform(waveform, rate_hz, front_end.mel)
    n_frames = front_end.segment.segment_frames
    values = repeat_to_length(frames, n_frames)[np.newaxis, :, :n_frames]
    return Segments(values, np.zeros(1, np.int64))
