"""Resampling: what stays, what goes, and that an excerpt is resampled as the whole is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import noise, tone, write_audio
from waveforms import CONFIG, RATE_HZ, level_db, read_all

from genre_model.audio.resampler import cycle_of, resampled
from genre_model.audio.waveform import AudioFile

if TYPE_CHECKING:
    from pathlib import Path


#: Prints by how much an excerpt, and its mel frames, differ from the same of the whole.
EXCERPT_AND_WHOLE = """
import sys
from pathlib import Path
import numpy as np
from genre_model.classifier import GenreClassifier
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.audio.waveform import open_audio

front_end = GenreClassifier.load().card.front_end
mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
n, first = 20 * mel.hop_samples, 13 * mel.hop_samples
with open_audio(Path(sys.argv[1]), front_end) as audio:
    whole, excerpt = audio.read_all(), audio.read(first / rate_hz, n)
print(np.abs(excerpt - whole[first : first + n]).max())
alone = mel_frames_from_waveform(excerpt, rate_hz, mel)
there = mel_frames_from_waveform(whole, rate_hz, mel)[:, 13:]
print(np.abs(alone - there[:, : alone.shape[1]]).max())
"""

#: Multiplies, and prints which of OpenBLAS's kernels did it.
MULTIPLY = """
import numpy as np
from threadpoolctl import threadpool_info
np.ones((64, 64), np.float32) @ np.ones((64, 64), np.float32)
print(*(library.get("architecture") for library in threadpool_info()))
"""


#: How a process ends that runs an instruction which the processor lacks: on POSIX, Windows.
ILLEGAL_INSTRUCTION = (-4, 0xC000001D)


def run_with_kernel(kernel: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with OpenBLAS's kernels for another processor."""
    return subprocess.run(  # noqa: S603 -- this very Python
        [sys.executable, "-c", *arguments],
        env=os.environ | {"OPENBLAS_CORETYPE": kernel},
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_the_right_rate_passes_bit_by_bit(name: str, tmp_path: Path) -> None:
    sixteen_bit = np.random.default_rng(0).integers(-(2**15), 2**15, 3 * RATE_HZ)
    samples = (sixteen_bit / 2**15).astype(np.float32)
    path = write_audio(tmp_path / f"x.{name}", samples, RATE_HZ)
    np.testing.assert_array_equal(read_all(path), samples)
    with AudioFile(path, CONFIG) as audio:
        np.testing.assert_array_equal(audio.read(1.5, 99), samples[33075:][:99])


@pytest.mark.parametrize(
    "rate_hz", [7351, 8000, 11025, 16000, 32000, 44100, 48000, 88200, 96000, 192000]
)
def test_a_tone_keeps_its_place_level_and_length(rate_hz: int, tmp_path: Path) -> None:
    samples = read_all(write_audio(tmp_path / "x.wav", tone(3000, 2, rate_hz), rate_hz))
    assert len(samples) == pytest.approx(2 * RATE_HZ, abs=1)
    middle = slice(RATE_HZ // 2, -RATE_HZ // 2)
    expected = tone(3000, 2, RATE_HZ)
    np.testing.assert_allclose(samples[middle], expected[middle], rtol=0, atol=2e-3)


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
@pytest.mark.parametrize("hz", [11500, 12000, 13000, 15000, 17050, 20000])
def test_frequencies_above_nyquist_are_removed(
    hz: int, rate_hz: int, tmp_path: Path
) -> None:
    samples = read_all(write_audio(tmp_path / "x.wav", tone(hz, 1, rate_hz), rate_hz))
    middle = samples[RATE_HZ // 4 : -RATE_HZ // 4]
    assert np.abs(middle).max() < 1e-3 * 0.5


@pytest.mark.parametrize("hz", [100, 5000, 9000, 10000])
def test_frequencies_below_nyquist_stay(hz: int, tmp_path: Path) -> None:
    samples = read_all(write_audio(tmp_path / "x.wav", tone(hz, 1)))
    assert level_db(samples, hz) == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("rate_hz", [24000, 44100, 48000, 96000])
@pytest.mark.parametrize("below_hz", [4000, 7700, 10000, 11000])
def test_frequencies_below_the_limit_stay_clean(
    below_hz: int, rate_hz: int, tmp_path: Path
) -> None:
    path = write_audio(tmp_path / "x.wav", noise(3, rate_hz), rate_hz)
    with AudioFile(path, CONFIG, below_hz) as audio:
        samples = audio.read_all()
    spectra = np.abs(np.fft.rfft([read_all(path), samples], axis=1)) ** 2
    n_bands = below_hz // 100
    used = spectra[:, : n_bands * 100 * len(samples) // RATE_HZ]
    powers = [np.sum(band, axis=1) for band in np.array_split(used, n_bands, axis=1)]
    assert np.abs(10 * np.log10([new / old for old, new in powers])).max() < 0.1


@pytest.mark.parametrize("rate_hz", [11025, 44101, 48000, 96000])
def test_excerpts_are_resampled_as_the_whole_is(rate_hz: int, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "x.wav", noise(6, rate_hz), rate_hz)
    whole = read_all(path)
    with AudioFile(path, CONFIG) as audio:
        for start in (1.2345, 3.9):
            first = round(start * RATE_HZ)
            np.testing.assert_array_equal(
                audio.read(start, 3000), whole[first : first + 3000]
            )


@pytest.mark.parametrize("kernel", ["Nehalem", "Sandybridge", "Haswell", "SkylakeX"])
def test_excerpts_with_kernels_for_other_processors(kernel: str, tmp_path: Path) -> None:
    """OpenBLAS multiplies in another order for each, which rounds differently."""
    probe = run_with_kernel(kernel, MULTIPLY)
    if probe.returncode in ILLEGAL_INSTRUCTION:
        pytest.skip(f"this processor lacks instructions of {kernel}")
    assert probe.returncode == 0, probe.stderr
    if kernel not in probe.stdout.split():
        pytest.skip(f"numpy multiplies without OpenBLAS's kernels for {kernel}")
    path = write_audio(tmp_path / "x.wav", noise(6, 48000), 48000)
    printed = run_with_kernel(kernel, EXCERPT_AND_WHOLE, str(path))
    assert printed.stdout.split() == ["0.0", "0.0"], printed.stderr


def test_rates_without_a_common_cycle_cost_no_memory() -> None:
    from_hz = 9_999_991  # prime; exactly, its weights would fill gigabytes
    n_in, n_out = cycle_of(from_hz, RATE_HZ)
    assert n_out < 1000
    assert n_in / n_out == pytest.approx(from_hz / RATE_HZ, rel=1e-5)
    assert cycle_of(44101, RATE_HZ) == (44101, 22050)
    pieces = resampled([(from_hz, np.ones(from_hz, np.float32))], RATE_HZ)
    piece = np.concatenate(list(pieces))
    assert len(piece) == pytest.approx(RATE_HZ, rel=0.02)
    np.testing.assert_allclose(piece[500:-500], 1, rtol=0, atol=1e-5)


def test_no_sample_is_lost_where_the_rate_changes() -> None:
    blocks = [(44100, noise(1)), (48000, noise(1, 48000)), (RATE_HZ, noise(1, RATE_HZ))]
    assert sum(map(len, resampled(blocks, RATE_HZ))) == pytest.approx(3 * RATE_HZ, abs=2)
