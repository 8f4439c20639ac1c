"""What a network learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames


@dataclass(frozen=True)
class TrainingData:
    """Tracks of one training.

    Attributes:
        train: tracks that the weights are fitted to.
        valid: tracks watched after each epoch; empty allows fixed schedules only.
    """

    train: LabelledMelFrames
    valid: LabelledMelFrames
