"""Z1: how much of a clip 128 columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.features.mel_frames import count_frames
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.reproduction import NOMINAL_SECONDS
from genre_model.papers.rows import chosen_rows
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: Paper 000, section 3.2.
N_COLUMNS = 128
#: The row whose recipe has that front end.
NETWORK_ROW = "Z2"


def picture_columns(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the mel frames of a clip, and set the paper's columns against them (Z1).

    Raises:
        RecipeError: if the recipe cannot be read.
    """
    system = chosen_rows([NETWORK_ROW])[0].systems[0]
    front_end = read_recipe(system.recipe).front_end
    n_samples = NOMINAL_SECONDS * front_end.waveform.sample_rate_hz
    n_frames = count_frames(n_samples, front_end.mel)
    column_seconds = N_COLUMNS / front_end.frames_per_second
    columns = f"{N_COLUMNS} columns"
    data = "front end of the recipe"
    measurements = (
        Measurement(f"clip of {NOMINAL_SECONDS} s", "frames", None, n_frames, data=data),
        Measurement(columns, "seconds", None, column_seconds, data=data),
        Measurement(columns, "share of the clip", None, N_COLUMNS / n_frames, data=data),
    )
    seen = (
        f"A picture that is cut to {N_COLUMNS} columns shows the first "
        f"{column_seconds:.2f} s of a clip: the paper hears "
        f"{100 * N_COLUMNS / n_frames:.1f} % of it, and no clip is short enough to be "
        "padded."
    )
    here = f"Here, {_heard(reproduction.recipe(system).front_end)}"
    return Outcome(row.id, measurements, (seen, here))


def _heard(front_end: FrontEnd) -> str:
    segment = front_end.segment
    seconds = segment.segment_frames / front_end.frames_per_second
    return (
        f"{NETWORK_ROW} trains on segments of {segment.segment_frames} frames "
        f"({seconds:.2f} s) from anywhere in a clip, and scores {segment.n_segments} of "
        f"them, spread over it: {seconds * segment.n_segments:.1f} of {NOMINAL_SECONDS} s."
    )
