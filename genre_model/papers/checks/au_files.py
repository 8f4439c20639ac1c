"""Files in .au format are read as they are (D1)."""

from __future__ import annotations

import struct
import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from genre_model.audio.waveform import AudioFile
from genre_model.features.config import WaveformConfig
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.reproduction import NOMINAL_SECONDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: GTZAN's.
SAMPLE_RATE_HZ = 22050
#: Of a .au file: header bytes before the sound, and the number of 16-bit linear PCM.
HEADER_BYTES, PCM_16_BIT = 24, 3


def au_without_conversion(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Decode the same noise from a .au and from a .wav file (D1).

    Raises:
        AudioDecodeError: if .au files cannot be read.
    """
    rng = np.random.default_rng(0)
    noise = rng.integers(-(2**15), 2**15, NOMINAL_SECONDS * SAMPLE_RATE_HZ, np.int16)
    with TemporaryDirectory() as folder:
        au = _read(_write_au(Path(folder) / "noise.au", noise))
        wav = _read(_write_wav(Path(folder) / "noise.wav", noise))
    n_wrong = _n_different(au, (noise / 2**15).astype(np.float32)) + _n_different(au, wav)
    name = ".au against .wav and what was written"
    measurement = Measurement(
        name, "differing samples", None, n_wrong, n=len(noise), unit="samples"
    )
    needed = "no conversion" if n_wrong == 0 else "a conversion"
    finding = (
        f"{NOMINAL_SECONDS} s of 16-bit noise in a .au file decode to {len(au)} samples, "
        f"{n_wrong} of them others than in the .wav file: reading GTZAN's .au files "
        f"takes {needed}; paper 004 needed SoX for Python's wave module."
    )
    return Outcome(row.id, [measurement], [finding])


def _write_au(path: Path, samples: NDArray[np.int16]) -> Path:
    """Write the header by hand: no encoder of the decoding library takes part."""
    sound = samples.astype(">i2").tobytes()
    fields = (HEADER_BYTES, len(sound), PCM_16_BIT, SAMPLE_RATE_HZ, 1)
    path.write_bytes(struct.pack(">4s5I", b".snd", *fields) + sound)
    return path


def _write_wav(path: Path, samples: NDArray[np.int16]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, len(samples), "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def _read(path: Path) -> NDArray[np.float32]:
    with AudioFile(path, WaveformConfig(SAMPLE_RATE_HZ)) as audio:
        return audio.read_all()


def _n_different(first: NDArray[np.float32], second: NDArray[np.float32]) -> int:
    """Count samples that differ; what one has and the other lacks differs."""
    n_both = min(len(first), len(second))
    n_beyond = max(len(first), len(second)) - n_both
    return int(np.sum(first[:n_both] != second[:n_both])) + n_beyond
