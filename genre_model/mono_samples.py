"""Mono samples of one decoded frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av.audio.plane import AudioPlane

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

_LOUDEST_SAMPLE = 1e3  # 60 dB over full scale is damage, just as NaN is
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def mono_samples(frame: AudioFrame) -> NDArray[np.float32]:
    """Average the channels, all finite and in about [-1, 1] [shape=(n_samples,)]."""
    values = _channels(frame)
    if values.dtype.kind == "f":
        values[~(np.abs(values) < _LOUDEST_SAMPLE)] = 0
    channels = values.astype(np.float32, order="C")  # or the mean takes 5 times as long
    mono: NDArray[np.float32] = channels.mean(axis=0)
    if values.dtype.kind == "f":
        return mono
    full_scale = np.float32(2 ** (8 * values.itemsize - 1))
    return mono / full_scale - (1 if values.dtype.kind == "u" else 0)


def _channels(frame: AudioFrame) -> NDArray[Any]:
    """Copy the samples, as they are [shape=(n_channels, n_samples)]."""
    # Not frame.to_ndarray() or frame.planes: PyAV looks for a ninth plane of eight.
    n_channels = frame.layout.nb_channels
    n_planes = n_channels if frame.format.is_planar else 1
    planes = [AudioPlane(frame, index) for index in range(n_planes)]
    count = frame.samples * n_channels // len(planes)
    dtype = _DTYPES[frame.format.name.removesuffix("p")]
    values = np.stack([np.frombuffer(memoryview(p), dtype, count) for p in planes])
    return values if frame.format.is_planar else values.reshape(-1, n_channels).T
