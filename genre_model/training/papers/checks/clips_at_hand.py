"""Mel frames of one clip after the other, so that no more than one is in memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tqdm import tqdm

from genre_model.errors import GenreModelError
from genre_model.training.labelled_mel_frames import track_mel_frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.training.gtzan import LabelledTrack

log = logging.getLogger(__name__)


def readable_clips(
    tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> Iterator[tuple[LabelledTrack, NDArray[np.float32]]]:
    """Read clips; broken files are reported and skipped.

    Yields:
        Tracks with their mel frames [shape=(n_mels, n_frames)].
    """
    for track in tqdm(tracks, "clips", disable=None, leave=False):
        if (mel_frames := _mel_frames_or_none(track, front_end)) is not None:
            yield track, mel_frames


def _mel_frames_or_none(
    track: LabelledTrack, front_end: FrontEnd
) -> NDArray[np.float32] | None:
    try:
        return track_mel_frames(track, front_end)
    except GenreModelError as error:
        log.warning("skipped %s: %s", track.track_id, error)
        return None
