"""Kaldi's log-mel frames, against the definition written out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music

from genre_model.backbone.mn04_network import FRONT_END
from genre_model.errors import ModelFileError
from genre_model.features.config import FrontEnd, KaldiMelConfig, fingerprint
from genre_model.features.mel_frames import (
    band_weights,
    count_bands,
    count_frames,
    mel_frames_from_waveform,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = FRONT_END.waveform.sample_rate_hz
assert isinstance(FRONT_END.mel, KaldiMelConfig)
MEL = FRONT_END.mel


@pytest.fixture(scope="module")
def samples() -> NDArray[np.float32]:
    return music(1.0, RATE_HZ).astype(np.float32)


def mel_of(frequency_hz: float) -> float:
    """Kaldi's mel scale, which is HTK's."""
    return float(1127 * np.log(1 + frequency_hz / 700))


def slow_frame(samples: NDArray[np.float32], number: int) -> NDArray[np.float64]:
    """One frame by loops over bins and bands, after Kaldi's feature-mel.cc."""
    first = number * 320
    stretch = samples[first : first + 801].astype(np.float64)
    emphasised = stretch[1:] - 0.97 * stretch[:-1]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799)
    power = np.abs(np.fft.fft(np.pad(emphasised * window, (0, 224))))[:513] ** 2
    step = (mel_of(15000) - mel_of(0)) / 129
    values = np.zeros(128)
    for band in range(128):
        left, centre, right = (mel_of(0) + (band + i) * step for i in range(3))
        for k in range(512):
            mel = mel_of(k * 32000 / 1024)
            if left < mel <= centre:
                values[band] += (mel - left) / (centre - left) * power[k]
            elif centre < mel < right:
                values[band] += (right - mel) / (right - centre) * power[k]
    return 10 * np.log10(values + 1e-5)


def test_a_frame_follows_its_definition(samples: NDArray[np.float32]) -> None:
    frames = mel_frames_from_waveform(samples, RATE_HZ, MEL)
    assert frames.shape == (128, count_frames(len(samples), MEL))
    for number in (0, 7, frames.shape[1] - 1):
        assert frames[:, number] == pytest.approx(slow_frame(samples, number), abs=2e-3)


def test_a_segment_alone_equals_the_same_frames_of_the_track(
    samples: NDArray[np.float32],
) -> None:
    front_end = replace(FRONT_END, segment=replace(FRONT_END.segment, segment_frames=20))
    whole = mel_frames_from_waveform(samples, RATE_HZ, MEL)
    first = 5 * MEL.hop_samples
    alone = samples[first : first + front_end.segment_samples]
    frames = mel_frames_from_waveform(alone, RATE_HZ, MEL)
    assert frames.shape[1] == 20
    assert np.array_equal(frames, whole[:, 5:25])


def test_every_band_is_kept_and_has_a_peak_of_one() -> None:
    weights = band_weights(RATE_HZ, MEL)
    assert count_bands(MEL) == len(weights) == 128
    wide = weights[-20:]
    assert wide.max(axis=1) == pytest.approx(np.ones(20), abs=0.06)
    assert wide.max() <= 1


def test_it_is_read_back_from_a_card() -> None:
    assert FrontEnd.from_dict(FRONT_END.to_dict()) == FRONT_END


@pytest.mark.parametrize(
    ("name", "value"),
    [("window_samples", 1025), ("preemphasis", 1.0), ("hop_samples", 0), ("n_mels", "x")],
)
def test_what_cannot_be_computed_is_refused(name: str, value: object) -> None:
    values = FRONT_END.to_dict()
    values["mel"] = values["mel"] | {name: value}
    with pytest.raises(ModelFileError, match=name):
        FrontEnd.from_dict(values)


def test_every_number_changes_the_fingerprint() -> None:
    prints = {fingerprint(MEL)} | {
        fingerprint(replace(MEL, **{name: value + 1})) for name, value in vars(MEL).items()
    }
    assert len(prints) == 1 + len(vars(MEL))
