"""Mel frames of one clip after the other, so that no more than one is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tqdm import tqdm

from genre_model.training.data.labelled_mel_frames import mel_frames_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.gtzan import LabelledTrack


def readable_clips(
    tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> Iterator[tuple[LabelledTrack, NDArray[np.float32]]]:
    """Read clips; broken files are reported and skipped.

    Yields:
        Tracks with their mel frames [shape=(n_mels, n_frames)].
    """
    for track in tqdm(tracks, "clips", disable=None, leave=False):
        if (mel_frames := mel_frames_or_none(track, front_end)) is not None:
            yield track, mel_frames
