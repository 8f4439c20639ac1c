"""Mel frames against librosa, against themselves, and against published pictures."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music
from onnx_models import FRONT_END, PICTURE_MEL
from PIL import Image

from genre_model.audio.waveform import AudioFile
from genre_model.errors import TooShortError
from genre_model.features.config import KaldiMelConfig
from genre_model.features.mel_frames import (
    band_weights,
    count_bands,
    count_frames,
    mel_frames_from_waveform,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.features.config import AnyMelConfig

RATE_HZ = 22050
KALDI = KaldiMelConfig(
    n_fft=1024,
    window_samples=800,
    hop_samples=320,
    n_mels=64,
    f_min_hz=0.0,
    f_max_hz=10000.0,
    keep_below_hz=10000.0,
    power_floor=1e-5,
    preemphasis=0.97,
)


@pytest.fixture(scope="module")
def waveform() -> np.ndarray:
    return music(8, sample_rate_hz=RATE_HZ)


def librosa_mel(samples: np.ndarray, n_mels: int, hop: int) -> np.ndarray:
    librosa = pytest.importorskip("librosa")
    power: np.ndarray = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=RATE_HZ,
        n_fft=2048,
        hop_length=hop,
        window=np.hanning(2048),
        center=False,
        n_mels=n_mels,
        fmin=30,
        fmax=11025,
        htk=True,
        norm=1,
    )
    return power


def test_usual_log_mel_is_librosas(waveform: np.ndarray) -> None:
    """Quiet bands beside loud ones show the rounding of float32: 0.05 dB at most."""
    config = replace(
        PICTURE_MEL,
        n_mels=64,
        hop_samples=512,
        keep_below_hz=11025.0,
        band_value="db_of_mean",
    )
    ours = mel_frames_from_waveform(waveform, RATE_HZ, config)
    power = librosa_mel(waveform, n_mels=64, hop=512)
    theirs = 10 * np.log10(power + PICTURE_MEL.power_floor)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.05)
    assert np.median(np.abs(ours - theirs)) < 1e-4


def test_band_weights_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(
        sr=RATE_HZ, n_fft=2048, n_mels=96, fmin=30, fmax=11025, htk=True, norm=1
    )
    ours = band_weights(RATE_HZ, PICTURE_MEL)
    np.testing.assert_allclose(ours, theirs[: len(ours)], atol=1e-6)


def test_mean_of_decibels_is_the_weighted_mean_of_the_spectrum(
    waveform: np.ndarray,
) -> None:
    frame = waveform[:2048].astype(np.float64) * np.hanning(2048)
    decibels = 10 * np.log10(np.abs(np.fft.rfft(frame)) ** 2 + PICTURE_MEL.power_floor)
    expected = band_weights(RATE_HZ, PICTURE_MEL) @ decibels
    ours = mel_frames_from_waveform(waveform[:2048], RATE_HZ, PICTURE_MEL)
    np.testing.assert_allclose(ours[:, 0], expected, atol=1e-3)


def test_narrow_bands_take_the_nearest_bin() -> None:
    config = replace(PICTURE_MEL, n_mels=300, n_fft=512, keep_below_hz=11025.0)
    weights = band_weights(RATE_HZ, config)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.count_nonzero(weights[0]) == 1


def test_bands_above_the_limit_are_left_out() -> None:
    assert count_bands(replace(PICTURE_MEL, keep_below_hz=11025.0)) == 96
    assert count_bands(PICTURE_MEL) == 84


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(2047, 0), (2048, 1), (3967, 1), (3968, 2), (661_500, 344)]
)
def test_only_whole_windows_are_frames(n_samples: int, n_frames: int) -> None:
    assert count_frames(n_samples, PICTURE_MEL) == n_frames


def test_less_than_a_window_is_refused() -> None:
    with pytest.raises(TooShortError, match="2047 samples"):
        mel_frames_from_waveform(np.zeros(2047, np.float32), RATE_HZ, PICTURE_MEL)


def test_silence_is_the_floor() -> None:
    silence = mel_frames_from_waveform(np.zeros(4096, np.float32), RATE_HZ, PICTURE_MEL)
    np.testing.assert_allclose(silence, -60, atol=1e-4)


def test_a_tone_is_loudest_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    mel_frames = mel_frames_from_waveform(tone, RATE_HZ, PICTURE_MEL)
    band = int(mel_frames.mean(axis=1).argmax())
    bins_hz = np.fft.rfftfreq(2048, 1 / RATE_HZ)
    centre_hz = float(band_weights(RATE_HZ, PICTURE_MEL)[band] @ bins_hz)
    assert 950 < centre_hz < 1050


def test_block_edges_do_not_show(waveform: np.ndarray) -> None:
    config = replace(PICTURE_MEL, hop_samples=128)
    whole = mel_frames_from_waveform(waveform, RATE_HZ, config)
    late = mel_frames_from_waveform(waveform[128 * 500 :], RATE_HZ, config)
    assert whole.shape[1] > 1024
    np.testing.assert_allclose(whole[:, 500:], late, atol=1e-4)


@pytest.mark.data
def test_original_clips_look_like_their_published_pictures(data_dir: Path) -> None:
    """The pictures hold all 96 bands, so all are compared."""
    config = replace(PICTURE_MEL, keep_below_hz=11025.0)
    correlations = []
    for path in sorted((data_dir / "gtzan" / "clips").glob("*/*.flac")):
        with AudioFile(path, FRONT_END.waveform) as audio:
            samples = audio.read_all()
        ours = mel_frames_from_waveform(samples, RATE_HZ, config)
        picture_path = (
            data_dir / "gtzan" / "mel_png" / path.parent.name / f"{path.stem}.png"
        )
        with Image.open(picture_path) as picture:
            theirs = np.asarray(picture, np.float32)[::-1]
        n_frames = min(ours.shape[1], theirs.shape[1])
        correlations.append(
            np.corrcoef(ours[:, :n_frames].ravel(), theirs[:, :n_frames].ravel())[0, 1]
        )
    assert len(correlations) == 20
    assert statistics.median(correlations) >= 0.99


@pytest.mark.parametrize("n_frames", [2, 15, 16, 17, 112, 130, 513, 520])
@pytest.mark.parametrize("config", [PICTURE_MEL, KALDI], ids=["pictures", "kaldi"])
def test_a_segment_is_bit_by_bit_what_it_is_in_the_track(
    n_frames: int, config: AnyMelConfig
) -> None:
    samples = music(60, sample_rate_hz=RATE_HZ)
    whole = mel_frames_from_waveform(samples, RATE_HZ, config)
    assert whole.shape[1] > 600
    for first in (0, 3, 77):
        start = first * config.hop_samples
        end = start + (n_frames - 1) * config.hop_samples + config.frame_samples
        alone = mel_frames_from_waveform(samples[start:end], RATE_HZ, config)
        assert alone.shape[1] == n_frames
        np.testing.assert_array_equal(alone, whole[:, first : first + n_frames])


def test_bands_above_the_highest_bin_hold_the_floor(waveform: np.ndarray) -> None:
    config = replace(KALDI, f_max_hz=60000.0, keep_below_hz=60000.0)
    frames = mel_frames_from_waveform(waveform, RATE_HZ, config)
    empty = np.array(band_weights(RATE_HZ, config).max(axis=1) == 0)
    assert empty[-16:].all()
    assert (frames[empty] == frames[-1, 0]).all()
    assert frames[~empty].max() > frames[-1, 0]


def test_no_band_at_all_is_no_row(waveform: np.ndarray) -> None:
    config = replace(PICTURE_MEL, keep_below_hz=31.0)
    assert count_bands(config) == 0
    assert mel_frames_from_waveform(waveform, RATE_HZ, config).shape[0] == 0
