"""Decoded frames: joined into longer ones, and mixed down to mono."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av import AudioFifo
from av.audio.plane import AudioPlane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

# A second and a half: long enough that the cost of a call is small, short
# enough that its arrays stay in the processor's cache (0.5 MB in stereo).
_JOINED_SAMPLES = 1 << 16
# PyAV's queue takes no more channels than that, and before PyAV 17 it frees the names of
# channels in an order of their own twice. (PyAV 17 and 18 do so without a queue.)
_MAX_CHANNELS = 8
_OWN_ORDER = " channels ("
_LOUDEST_SAMPLE = 1e3  # 60 dB over full scale is damage, just as NaN is
# Channels that cancel each other leave this much of their power in the mean, or less. Eight
# channels of which seven are silent leave more than six times as much.
_CANCELLED = 10 ** (-26 / 10)
# Frames of a higher mean power (-40 dBFS) are not checked for channels that cancel.
_LOUD = 1e-4
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def joined_frames(frames: Iterable[AudioFrame], seconds: float) -> Iterator[AudioFrame]:
    """Join consecutive frames of one rate, format and number of channels.

    An MP3 decoder yields 8,000 frames in four minutes; each Python statement for every
    frame takes a thousandth of the time of a track.

    Args:
        frames: of a decoder; their timestamps are lost.
        seconds: no more frames are decoded than this duration needs.
    """
    queue, n_queued, n_channels = None, 0, 0
    for frame in frames:
        frame.pts = None  # or a gap between two frames would be an error
        if frame.layout.nb_channels != n_channels:
            yield from _left_in(queue)
            queue, n_queued, n_channels = _queue_for(frame), 0, frame.layout.nb_channels
        if queue is None:
            yield frame
        else:
            try:
                queue.write(frame)
            except ValueError:  # of another rate or format
                yield from _left_in(queue)
                queue, n_queued = AudioFifo(), 0
                queue.write(frame)
            n_queued += frame.samples
            if n_queued >= _JOINED_SAMPLES:
                yield from _left_in(queue)
                n_queued = 0
        seconds -= frame.samples / frame.sample_rate
        if seconds <= 0:
            break
    yield from _left_in(queue)


def frame_length(frame: AudioFrame, rate_hz: int) -> int:
    """Return the number of samples of the same duration at another rate."""
    return round(frame.samples * rate_hz / frame.sample_rate)


def _queue_for(frame: AudioFrame) -> AudioFifo | None:
    """Return an empty queue; None where none can take such frames."""
    layout = frame.layout
    if layout.nb_channels > _MAX_CHANNELS or _OWN_ORDER in layout.name:
        return None
    return AudioFifo()


def _left_in(queue: AudioFifo | None) -> list[AudioFrame]:
    return [] if queue is None else queue.read_many(max(1, queue.samples))


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
    """Return views of the samples of each channel [shape=(n_samples,)]."""
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
    # For nearly all music one pass shows that no sample is louder or NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        if values.dot(values) < _LOUDEST_SAMPLE**2:
            return values
    return np.where(np.abs(values) < _LOUDEST_SAMPLE, values, 0)
