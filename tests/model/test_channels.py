"""Waveforms: channels and sample formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import (
    noise,
    tone,
    write_audio,
)
from waveforms import RATE_HZ, level_db, read_all

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", [".wav", ".wv"])  # interleaved, separate
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 7, 8])
def test_all_channels_count_alike(n_channels: int, suffix: str, tmp_path: Path) -> None:
    tones_hz = [500 + 700 * channel for channel in range(n_channels)]
    sound = [tone(hz, 1, RATE_HZ, amplitude=0.8) for hz in tones_hz]
    samples = read_all(write_audio(tmp_path / f"x{suffix}", sound, RATE_HZ))
    expected = 20 * np.log10(0.8 / n_channels)
    for hz in tones_hz:
        assert level_db(samples, hz) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg"])
@pytest.mark.parametrize("factor", [-1.0, -0.998, -0.95])
def test_of_channels_that_cancel_each_other_one_is_taken(
    factor: float, suffix: str, tmp_path: Path
) -> None:
    left = tone(440, 3, amplitude=0.3)
    stereo = np.stack([left, np.float32(factor) * left])
    path = write_audio(tmp_path / f"inverted{suffix}", stereo)
    samples = read_all(path)[RATE_HZ : 2 * RATE_HZ]
    assert samples.std() == pytest.approx(left.std(), rel=0.05)


def test_of_channels_that_cancel_each_other_a_loud_one_is_taken(tmp_path: Path) -> None:
    left = tone(440, 3, amplitude=0.3)
    three = np.stack([left * np.float32(0.01), left, -left])
    path = write_audio(tmp_path / "three.flac", three)
    assert read_all(path).std() == pytest.approx(left.std(), rel=0.05)


def test_loud_channels_do_not_clip(tmp_path: Path) -> None:
    loud = tone(440, 1, RATE_HZ, amplitude=0.99)
    samples = read_all(write_audio(tmp_path / "x.wav", [loud] * 6, RATE_HZ))
    np.testing.assert_allclose(samples, loud, atol=1e-4)


@pytest.mark.parametrize(
    ("codec", "tolerance"),
    [
        ("pcm_u8", 2**-7),
        ("pcm_s16le", 2**-15),
        ("pcm_s24le", 2**-22),
        ("pcm_s32le", 2**-22),
        ("pcm_f32le", 0),
        ("pcm_f64le", 0),
    ],
)
def test_formats_have_one_scale(codec: str, tolerance: float, tmp_path: Path) -> None:
    sound = 0.9 * noise(1, RATE_HZ, amplitude=1)
    samples = read_all(write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec=codec))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound, rtol=0, atol=tolerance)


@pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_f64le"])
@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 3e38])
def test_impossible_samples_are_silence(junk: float, codec: str, tmp_path: Path) -> None:
    sound = np.stack([tone(440, 1, RATE_HZ), tone(440, 1, RATE_HZ)])
    sound[1, 1000:2000] = junk
    samples = read_all(write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec=codec))
    expected = np.where(np.isfinite(sound) & (sound < 2), sound, 0).mean(axis=0)
    np.testing.assert_allclose(samples, expected, atol=1e-6)


@pytest.mark.parametrize(
    "junk", [(np.inf, -np.inf), (3e38, 3e38), (1900, 0), (0, 3e38), (5e3, -4999.5)]
)
def test_impossible_samples_of_one_channel_or_both_are_silence(
    junk: tuple[float, float], tmp_path: Path
) -> None:
    sound = np.stack([tone(440, 1, RATE_HZ), tone(440, 1, RATE_HZ)])
    sound[:, 1000:2000] = np.array(junk)[:, np.newaxis]
    path = write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec="pcm_f64le")
    expected = np.where(np.abs(sound) < 2, sound, 0).mean(axis=0)
    np.testing.assert_allclose(read_all(path), expected, atol=1e-6)


def test_flac_of_24_bits_keeps_its_resolution(tmp_path: Path) -> None:
    sound = 2**-14 * noise(1, RATE_HZ, amplitude=1)  # two steps of 16 bits
    path = write_audio(tmp_path / "x.flac", sound, RATE_HZ, sample_format="s32")
    np.testing.assert_allclose(read_all(path), sound, rtol=0, atol=2**-22)
