"""Mel frames of clips, one after the other, so that one alone is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tqdm import tqdm

from genre_model.errors import TrainingDataError
from genre_model.papers.feature_plots import plot_mel_gallery
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.labelled_mel_frames import mel_frames_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
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


def draw_gallery(
    row: Row, network_row: str, reproduction: Reproduction, label: str
) -> list[str]:
    """Draw the first track of each genre with the front end of a row of networks.

    Args:
        row: that the plot is of.
        network_row: ID of the row of networks.
        reproduction: data and output folder.
        label: of a track, with ``{genre}`` and ``{id}``.

    Raises:
        TrainingDataError: if no clip can be read.
    """
    front_end = reproduction.front_end(network_row)
    first = {track.genre: track for track in reversed(find_tracks(reproduction.data_dir))}
    clips = {
        label.format(genre=track.genre, id=track.track_id): mel_frames
        for track, mel_frames in readable_clips([first[g] for g in GENRES], front_end)
    }
    if not clips:
        raise TrainingDataError(f"{reproduction.data_dir}: no clip can be read")
    return reproduction.plot(
        plot_mel_gallery,
        clips,
        row,
        "gallery",
        "a clip of each genre",
        frame_seconds=1 / front_end.frames_per_second,
        unit="brightness of the picture, 0 to 255" if reproduction.has_pictures else "dB",
    )
