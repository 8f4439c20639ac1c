"""Four-minute files in the main formats, for benchmarks.

The composed ones need ``tests/`` beside this folder, for its encoders.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audio_files import music, write_audio

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.audio.waveform import AudioFile
from genre_model.features.config import WaveformConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RATE_HZ = 44100
SECONDS = 240.0
#: Suffix, and bits per second of the lossy ones: what people's libraries hold most.
FORMATS = {
    ".mp3": 256_000,
    ".flac": None,
    ".m4a": 256_000,
    ".opus": 128_000,
    ".ogg": 192_000,
}


def make_files(folder: Path, songs: Path | None, n_pieces: int = 4) -> list[Path]:
    """Encode each piece in each format.

    Args:
        folder: gets the files.
        songs: music to take; shorter songs are repeated. None composes pieces.
        n_pieces: different ones.

    Returns:
        The files, formats in turn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, sound in enumerate(_pieces(songs, n_pieces)):
        for suffix, bit_rate in FORMATS.items():
            path = folder / f"piece {number}{suffix}"
            made.append(write_audio(path, sound, RATE_HZ, bit_rate=bit_rate))
    return made


def link_files(originals: list[Path], folder: Path, n_files: int) -> list[Path]:
    """Link to the files in turn until there are as many entries as wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    links = []
    for number in range(n_files):
        original = originals[number % len(originals)]
        links.append(folder / f"{number:05}{original.suffix}")
        os.link(original, links[-1])
    return links


def _pieces(songs: Path | None, n_pieces: int) -> Iterator[NDArray[np.float32]]:
    """Yield stereo [shape=(2, n_samples)]; the sides are never the same."""
    n_samples = round(SECONDS * RATE_HZ)
    found = [] if songs is None else sorted(songs.iterdir())
    paths = [path for path in found if path.suffix.lower() in AUDIO_SUFFIXES]
    if songs is not None and not paths:
        raise SystemExit(f"{songs} holds no audio")
    for number in range(n_pieces):
        if not paths:
            left, right = (music(SECONDS, seed=2 * number + side) for side in (0, 1))
            yield np.stack([0.7 * left + 0.3 * right, 0.3 * left + 0.7 * right])
            continue
        with AudioFile(paths[number % len(paths)], WaveformConfig(RATE_HZ)) as audio:
            mono = audio.read_all()
        mono = np.tile(mono, -(-n_samples // len(mono)))[:n_samples]
        noise = np.random.default_rng(number).normal(0, 1e-3, n_samples)
        yield np.stack([mono + noise, mono - noise]).astype(np.float32)
