"""Values that only a wanted change may move, computed afresh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audio_files import music

from genre_model.classifier import GenreClassifier
from genre_model.features.mel_frames import mel_frames_from_waveform

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path(__file__).parent / "golden"


def golden_values() -> tuple[np.ndarray, dict[str, float]]:
    """Compute mel frames of a synthetic piece, and what the bundled model says of it."""
    classifier = GenreClassifier.load()
    front_end = classifier.card.front_end
    rate_hz = front_end.waveform.sample_rate_hz
    mel_frames = mel_frames_from_waveform(music(30, rate_hz), rate_hz, front_end.mel)
    prediction = classifier.predict_mel_frames(Path("music"), mel_frames)
    probabilities = {
        genre: round(float(probability), 6)
        for genre, probability in zip(
            prediction.genres, prediction.probabilities, strict=True
        )
    }
    return mel_frames[:, ::160], probabilities
