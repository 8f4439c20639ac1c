"""What the short resampling filter changes, against the sharp one.

    python benchmarks/resampling.py FOLDER_OF_SONGS

Prints the largest difference of a mel value and of a probability, song by song.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.audio.waveform import AudioFile, open_audio
from genre_model.classifier import GenreClassifier
from genre_model.features.mel_frames import mel_frames_from_waveform


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path)
    classifier = GenreClassifier.load()
    front_end = classifier.card.front_end
    songs = parser.parse_args().songs.iterdir()
    for path in sorted(one for one in songs if one.suffix.lower() in AUDIO_SUFFIXES):
        frames = []
        for audio in (AudioFile(path, front_end.waveform), open_audio(path, front_end)):
            with audio:
                samples = audio.read_all()
            rate_hz = front_end.waveform.sample_rate_hz
            frames.append(mel_frames_from_waveform(samples, rate_hz, front_end.mel))
        sharp, short = (
            classifier.predict_mel_frames(path, one).probabilities for one in frames
        )
        print(
            f"{path.name}: {np.abs(frames[0] - frames[1]).max():.4f} dB, "
            f"probability {np.abs(sharp - short).max():.7f}"
        )


if __name__ == "__main__":
    main()
