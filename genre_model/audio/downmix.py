"""Mono samples of one decoded frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av.audio.plane import AudioPlane

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

_LOUDEST_SAMPLE = 1e3  # 60 dB over full scale is damage, just as NaN is
# Channels that cancel each other leave this much of their power in the mean, or less. Eight
# channels of which one is heard leave more than six times as much.
_CANCELLED = 10 ** (-26 / 10)
# Mean power of a frame, above which nobody looks whether channels cancel: -40 dBFS.
_LOUD = 1e-4
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def downmix(frame: AudioFrame) -> NDArray[np.float32]:
    """Average the channels, all finite and in about [-1, 1] [shape=(n_samples,)].

    Where channels cancel each other, as if one is inverted, the first loud one counts.
    """
    channels = _channels(frame)
    mono = _average(channels)
    if len(channels) > 1 and mono.dot(mono) < _LOUD * len(mono):
        alone = [_average([values]) for values in channels]
        powers = [float(values.dot(values)) for values in alone]
        if mono.dot(mono) < _CANCELLED * max(powers):
            loud = (
                number for number, power in enumerate(powers) if 4 * power > max(powers)
            )
            return alone[next(loud)]
    return mono


def _average(channels: list[NDArray[Any]]) -> NDArray[np.float32]:
    kind = channels[0].dtype
    if kind.kind == "f":
        return _mean([_without_damage(values) for values in channels], 1)
    mono = _mean(channels, 2 ** (8 * kind.itemsize - 1))
    return mono - 1 if kind.kind == "u" else mono


def _channels(frame: AudioFrame) -> list[NDArray[Any]]:
    """Look at the samples of each channel, as they are [shape=(n_samples,)]."""
    # Not frame.to_ndarray() or frame.planes: PyAV looks for a ninth plane of eight.
    n_channels = frame.layout.nb_channels
    n_planes = n_channels if frame.format.is_planar else 1
    planes = [AudioPlane(frame, index) for index in range(n_planes)]
    count = frame.samples * n_channels // len(planes)
    dtype = _DTYPES[frame.format.name.removesuffix("p")]
    values = [np.frombuffer(memoryview(plane), dtype, count) for plane in planes]
    if frame.format.is_planar:
        return values
    return list(values[0].reshape(-1, n_channels).T)


def _mean(channels: list[NDArray[Any]], full_scale: int) -> NDArray[np.float32]:
    """Average one channel after the other: three times as fast as along an axis."""
    first, *others = channels
    if not others:
        mono = first.astype(np.float32)
    for number, values in enumerate(others):
        mono = np.add(mono if number else first, values, dtype=np.float32)
    mono *= np.float32(1 / (len(channels) * full_scale))
    return mono


def _without_damage(values: NDArray[Any]) -> NDArray[Any]:
    # One pass tells of nearly all music that no sample is louder, and that none is a NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        if values.dot(values) < _LOUDEST_SAMPLE**2:
            return values
    return np.where(np.abs(values) < _LOUDEST_SAMPLE, values, 0)
