"""MFCC and band statistics of our networks' input, against independent computations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.fft import dct

from genre_model.errors import TrainingDataError
from genre_model.features.segments import segments_from_mel_frames
from genre_model.papers.outcome import Measurement
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.data.protocols import folds_of
from genre_model.training.networks.segment_input import (
    Cepstrum,
    InputSettings,
    SegmentInput,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction

#: Paper 003: "13 (or 20)".
MFCC_COUNTS = (13, 20)
#: One training track in this many is listened to: sums, not a training.
TRACK_STEP = 10


def mfcc_measurements(reproduction: Reproduction) -> list[Measurement]:
    """Measure how far our cosine transform is from scipy's, which librosa's MFCC is.

    Raises:
        TrainingDataError: if there are no training tracks.
    """
    segments = _training_segments(reproduction)
    n_bands = segments.shape[1]
    measurements = []
    for n_mfcc in MFCC_COUNTS:
        with torch.no_grad():
            ours = Cepstrum(n_bands, n_mfcc)(torch.from_numpy(segments)).numpy()
        theirs = dct(segments.astype(np.float64), axis=1, norm="ortho")[:, :n_mfcc]
        difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        name = f"{n_mfcc} MFCC of {n_bands} bands against scipy.fft.dct"
        measure = "largest difference, relative"
        measurements.append(
            Measurement(
                name,
                measure,
                None,
                difference,
                n=len(segments),
                unit="segments",
                data=reproduction.data_name,
            )
        )
    return measurements


def band_norm_findings(reproduction: Reproduction) -> list[str]:
    """Check the statistics that ``band_norm`` learns against numpy's of the same segments.

    Raises:
        TrainingDataError: if there are no training tracks.
    """
    segments = _training_segments(reproduction)
    norm = SegmentInput(segments.shape[1:], InputSettings(band_norm=True)).train()
    norm(torch.from_numpy(segments))
    mean, spread = segments.mean(axis=(0, 2)), segments.std(axis=(0, 2))
    standardised = norm.eval()(torch.from_numpy(segments)).numpy()
    finding = (
        f"Standardised by band (band_norm) over {len(segments)} training segments, no band "
        f"is further than {np.abs(standardised.mean(axis=(0, 2))).max():.1g} from mean 0, "
        f"or {np.abs(standardised.std(axis=(0, 2)) - 1).max():.1g} from spread 1; before, "
        f"means were {mean.min():.0f} to {mean.max():.0f}, spreads {spread.min():.0f} to "
        f"{spread.max():.0f}. Statistics come from training batches alone. Recipes "
        "standardise each segment as a whole instead (band_norm = false)."
    )
    return [finding]


def _training_segments(reproduction: Reproduction) -> NDArray[np.float32]:
    """Return segments of some training tracks [shape=(n_segments, n_mels, n_frames)]."""
    (row,) = chosen_rows(["C3"])
    front_end = reproduction.recipe(row.systems[0]).front_end
    wanted = set(folds_of("fault-filtered")[0].train)
    found = find_tracks(reproduction.data_dir)
    tracks = [track for track in found if track.track_id in wanted][::TRACK_STEP]
    if not tracks:
        raise TrainingDataError(
            f"{reproduction.data_dir} holds none of the training tracks of fault-filtered"
        )
    whole = load_labelled_mel_frames(tracks, front_end).mel_frames
    return np.concatenate(
        [segments_from_mel_frames(one, front_end.segment).values for one in whole]
    )
