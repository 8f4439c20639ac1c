"""Mel pictures as further columns of a feature table (paper 001, ablations)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genre_model.errors import TrainingDataError
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.data.gtzan import LabelledTrack

#: Paper 001: "resized to 128 x 128".
PICTURE_SIZE = 128


def with_pictures(
    table: FeatureTable, tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> FeatureTable:
    """Append the mel picture of each track to its row; rows without one are left out.

    Args:
        table: of whole tracks.
        tracks: pictures or audio.
        front_end: of the pictures.

    Returns:
        ``PICTURE_SIZE ** 2`` more columns, from 0 to 1 in each picture, row by row and
        highest band first.

    Raises:
        TrainingDataError: if rows are segments, or have no picture at all.
    """
    if table.is_segmented:
        raise TrainingDataError("mel pictures are of whole tracks; take the 30-s table")
    wanted = set(table.track_ids)
    pictures = load_labelled_mel_frames(
        [track for track in tracks if track.track_id in wanted],
        front_end,
        show_progress=True,
    )
    place_of = {track_id: place for place, track_id in enumerate(pictures.track_ids)}
    kept = table.rows_named(pictures.track_ids)
    columns = [_scaled(pictures.mel_frames[place_of[name]]) for name in kept.track_ids]
    names = tuple(f"pixel{place}" for place in range(PICTURE_SIZE**2))
    values = np.concatenate([kept.values, np.stack(columns)], axis=1)
    return replace(kept, names=kept.names + names, values=values)


def _scaled(mel_frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Resize mel frames to a square, and map their extremes to 0 and 1."""
    lowest, highest = float(mel_frames.min()), float(mel_frames.max())
    grey = (mel_frames[::-1] - lowest) / max(highest - lowest, 1e-6)
    picture = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    resized = picture.resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float64).ravel()
