"""Write sounds that are not music, for ``genre-model distil --labelled FOLDER``.

    python scripts/write_not_music.py FOLDER [--join DIR ...]

FOLDER gets ``not music/*.wav`` of 12 s each: noise, tones, clicks and hums with random
settings, and for each --join, files of 12 s that join the short sounds in that folder, such
as spoken words.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.audio.waveform import AudioFile
from genre_model.errors import GenreModelError
from genre_model.features.config import WaveformConfig
from genre_model.training.distillation.recordings import NOT_MUSIC

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ, SECONDS = 32_000, 12
N_SAMPLES = RATE_HZ * SECONDS
N_SYNTHETIC, N_JOINED = 200, 60
#: Of short sounds, in seconds: longer ones are cut.
LONGEST = 6.0


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--join", type=Path, action="append", default=[])
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    folder = options.folder / NOT_MUSIC
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(N_SYNTHETIC):
        kind = SYNTHETIC[number % len(SYNTHETIC)]
        _write(folder / f"{kind.__name__}-{number:03d}.wav", kind(rng), rng)
    for place, source in enumerate(options.join):
        sounds = _short_sounds(source)
        for number in range(N_JOINED):
            _write(folder / f"joined-{place}-{number:03d}.wav", _joined(sounds, rng), rng)


def noise(rng: np.random.Generator) -> NDArray[np.float64]:
    """White to brown noise, some of which swells."""
    spectrum = np.fft.rfft(rng.standard_normal(N_SAMPLES))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** rng.uniform(0, 1.2)
    swell = 1 + rng.choice([0, 0.9]) * np.sin(_phases(rng.uniform(0.1, 8)))
    samples: NDArray[np.float64] = np.fft.irfft(spectrum, N_SAMPLES) * swell
    return samples


def band_noise(rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of one band, as of wind, water or an engine."""
    spectrum = np.fft.rfft(rng.standard_normal(N_SAMPLES))
    hz = np.fft.rfftfreq(N_SAMPLES, 1 / RATE_HZ)
    centre = np.exp(rng.uniform(np.log(80), np.log(6000)))
    spectrum *= np.exp(
        -0.5 * (np.log2(np.maximum(hz, 1) / centre) / rng.uniform(0.2, 1.5)) ** 2
    )
    return np.fft.irfft(spectrum, N_SAMPLES)


def tones(rng: np.random.Generator) -> NDArray[np.float64]:
    """One to four steady or gliding sines."""
    total = np.zeros(N_SAMPLES)
    for _ in range(rng.integers(1, 5)):
        start = np.exp(rng.uniform(np.log(60), np.log(4000)))
        octaves = (rng.random() < 0.5) * rng.uniform(-3, 3) * np.linspace(0, 1, N_SAMPLES)
        total += np.sin(2 * np.pi * np.cumsum(start * 2**octaves) / RATE_HZ)
    return total


def hum(rng: np.random.Generator) -> NDArray[np.float64]:
    """A buzz of many harmonics, as of a mains or an engine."""
    return np.sign(np.sin(_phases(rng.uniform(40, 400)))) * rng.uniform(0.1, 1)


def pulses(rng: np.random.Generator) -> NDArray[np.float64]:
    """Clicks, or bursts of noise, at regular or random times."""
    period = int(RATE_HZ * rng.uniform(0.1, 1.5))
    length = 1 if rng.random() < 0.5 else int(RATE_HZ * rng.uniform(0.005, 0.08))
    starts = np.arange(0, N_SAMPLES, period)
    if rng.random() < 0.5:
        starts = rng.integers(0, N_SAMPLES, len(starts))
    total = np.zeros(N_SAMPLES)
    for start in map(int, starts):
        end = min(N_SAMPLES, start + length)
        total[start:end] = rng.standard_normal(end - start) if length > 1 else 1.0
    return total


SYNTHETIC = (noise, band_noise, tones, hum, pulses)


def _phases(hz: float) -> NDArray[np.float64]:
    return 2 * np.pi * hz * np.arange(N_SAMPLES) / RATE_HZ


def _short_sounds(folder: Path) -> list[NDArray[np.float64]]:
    """Read the short sounds below a folder; what cannot be read is reported."""
    sounds = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        try:
            with AudioFile(path, WaveformConfig(RATE_HZ)) as audio:
                samples = audio.read(0.0, round(LONGEST * RATE_HZ)).astype(np.float64)
        except GenreModelError as error:
            print(f"skipped {error}")
            continue
        if len(samples) and samples.any():
            sounds.append(samples / np.abs(samples).max())
    if not sounds:
        raise SystemExit(f"--join: no sound in {folder} can be read")
    return sounds


def _joined(
    sounds: list[NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Join random sounds with pauses between."""
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < N_SAMPLES:
        parts.append(sounds[int(rng.integers(len(sounds)))])
        parts.append(np.zeros(int(RATE_HZ * rng.uniform(0, 0.5))))
    return np.concatenate(parts)[:N_SAMPLES]


def _write(path: Path, samples: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Write 16-bit samples at half of full scale, above the noise of a recording."""
    scaled = 0.5 * samples / max(1e-9, float(np.abs(samples).max()))
    noise_level = 10 ** rng.uniform(-5, -3)
    soundfile.write(path, scaled + rng.normal(0, noise_level, len(samples)), RATE_HZ)


if __name__ == "__main__":
    main()
