"""Configuration of the front end: audio file to log-mel segments.

No number has a default. The card of each model file holds them, so that tagging computes
what training computed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, Union, get_args

from genre_model.errors import ModelFileError

#: Raised by one whenever the *code* of the front end computes other values.
FEATURES_VERSION = 1

BandValue = Literal["mean_of_db", "db_of_mean"]


@dataclass(frozen=True)
class WaveformConfig:
    """How audio is decoded: always to mono float32, at this rate."""

    sample_rate_hz: int


@dataclass(frozen=True)
class MelConfig:
    """How a waveform becomes log-mel frames.

    Attributes:
        n_fft: window length in samples, and FFT size.
        hop_samples: step between two frames.
        n_mels: triangular HTK-mel bands between ``f_min_hz`` and ``f_max_hz``.
        f_min_hz: lower edge of the lowest band.
        f_max_hz: upper edge of the highest band.
        keep_below_hz: only bands that end below this are kept; lossy copies of music
            differ most in the treble.
        band_value: ``"mean_of_db"`` averages decibels over a band, ``"db_of_mean"``
            takes decibels of the averaged power (the usual log-mel).
        power_floor: added to the power before the logarithm; full scale is 1.
    """

    n_fft: int
    hop_samples: int
    n_mels: int
    f_min_hz: float
    f_max_hz: float
    keep_below_hz: float
    band_value: BandValue
    power_floor: float

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return self.n_fft


@dataclass(frozen=True)
class KaldiMelConfig:
    """How a waveform becomes log-mel frames in Kaldi's way, as many published networks do.

    Bands are triangles over the mel axis with a peak of 1, so that wide ones sum more
    power; samples are differences, ``x[i + 1] - preemphasis * x[i]``.

    Attributes:
        window_samples: length of the window; ``n_fft`` is at least that.
        preemphasis: share of each sample that is subtracted from the next one.
        power_floor: added to the power of a band before the logarithm.
    """

    window_samples: int
    n_fft: int
    hop_samples: int
    n_mels: int
    f_min_hz: float
    f_max_hz: float
    keep_below_hz: float
    preemphasis: float
    power_floor: float

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return self.window_samples + 1


@dataclass(frozen=True)
class SegmentConfig:
    """Which segments of a track are used.

    Attributes:
        segment_frames: mel frames of one segment.
        n_segments: segments per track, spread evenly over it.
        whole_below_seconds: shorter tracks are decoded whole, longer ones by seeking.
        min_track_seconds: shorter tracks are refused.
    """

    segment_frames: int
    n_segments: int
    whole_below_seconds: float
    min_track_seconds: float


AnyMelConfig = Union[MelConfig, KaldiMelConfig]  # noqa: UP007 -- also at run time


@dataclass(frozen=True)
class FrontEnd:
    """The three configurations that together turn a file into segments."""

    waveform: WaveformConfig
    mel: AnyMelConfig
    segment: SegmentConfig

    @property
    def segment_samples(self) -> int:
        """Samples of one segment."""
        n_hops = self.segment.segment_frames - 1
        return n_hops * self.mel.hop_samples + self.mel.frame_samples

    @property
    def frames_per_second(self) -> float:
        """Mel frames per second."""
        return self.waveform.sample_rate_hz / self.mel.hop_samples

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return JSON values for :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> FrontEnd:
        """Build from JSON values.

        Raises:
            ModelFileError: naming the field that is missing, unknown or invalid.
        """
        parts = _checked_keys(values, {field.name for field in fields(cls)}, "configs")
        return cls(
            waveform=_build(WaveformConfig, parts["waveform"]),
            mel=_build_mel(parts["mel"]),
            segment=_build(SegmentConfig, parts["segment"]),
        )


def fingerprint(*configs: WaveformConfig | AnyMelConfig | SegmentConfig) -> str:
    """Identify a front end: 64 hexadecimal digits over all numbers and the version."""
    named = {type(config).__name__: asdict(config) for config in configs}
    text = json.dumps(named | {"features_version": FEATURES_VERSION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


ConfigT = TypeVar("ConfigT", WaveformConfig, MelConfig, KaldiMelConfig, SegmentConfig)


def _build_mel(values: Any) -> AnyMelConfig:
    if isinstance(values, dict) and "preemphasis" in values:
        config = _build(KaldiMelConfig, values)
        if config.window_samples > config.n_fft or config.preemphasis >= 1:
            raise ModelFileError(f"no frames can be computed with {config}")
        return config
    return _build(MelConfig, values)


def _build(config_type: type[ConfigT], values: Any) -> ConfigT:
    kinds = {field.name: str(field.type) for field in fields(config_type)}
    values = _checked_keys(values, set(kinds), config_type.__name__)
    for name, value in values.items():
        if not _is_valid(kinds[name], value, may_be_zero=name == "f_min_hz"):
            raise ModelFileError(
                f"{config_type.__name__}.{name} is {value!r}; expected a positive "
                f"{kinds[name]}"
            )
    return config_type(**values)


def _is_valid(kind: str, value: Any, *, may_be_zero: bool) -> bool:
    if kind == "BandValue":
        return value in get_args(BandValue)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    is_in_range = value > 0 or (may_be_zero and value == 0)
    return is_in_range and (kind == "float" or isinstance(value, int))


def _checked_keys(values: Any, expected: set[str], name: str) -> dict[str, Any]:
    if not isinstance(values, dict) or set(values) != expected:
        found = sorted(values) if isinstance(values, dict) else type(values).__name__
        raise ModelFileError(f"{name} holds {found}; expected {sorted(expected)}")
    return values
