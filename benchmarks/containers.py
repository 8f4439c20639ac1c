"""What encoding does to the answer: each song as every kind of file, against WAV.

    python benchmarks/containers.py FOLDER_OF_SONGS

Needs ``tests/`` beside it, for its encoders. Lossy kinds are encoded at 192 kb/s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import CONTAINERS, write_audio

from genre_model.audio.waveform import AudioFile
from genre_model.classifier import GenreClassifier
from genre_model.features.config import WaveformConfig

RATE_HZ = 44100
SECONDS = 90


def main() -> None:
    """Print the largest difference of a probability, and where the genre changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path)
    classifier = GenreClassifier.load()
    for song in sorted(parser.parse_args().songs.iterdir()):
        with AudioFile(song, WaveformConfig(RATE_HZ)) as audio:
            samples = audio.read(10, SECONDS * RATE_HZ)
        with tempfile.TemporaryDirectory() as folder:
            compare(song.name, samples, classifier, Path(folder))


def compare(
    name: str, samples: np.ndarray, classifier: GenreClassifier, folder: Path
) -> None:
    """Print one song's lines."""
    reference = classifier.predict_file(write_audio(folder / "reference.wav", samples))
    print(f"{name}: {reference.genre} {reference.confidence:.2f}")
    for container, kind in CONTAINERS.items():
        path = folder / f"song{kind.suffix}"
        write_audio(path, samples, codec=kind.codec, bit_rate=192_000)
        prediction = classifier.predict_file(path)
        difference = np.abs(prediction.probabilities - reference.probabilities).max()
        changed = "" if prediction.genre == reference.genre else f"  {prediction.genre}"
        print(f"  {container:11} {difference:.3f}{changed}")


if __name__ == "__main__":
    main()
