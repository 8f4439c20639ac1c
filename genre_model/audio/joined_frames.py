"""Decoded frames, joined into longer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av import AudioFifo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame

# A second and a half: long enough that the price of a call does not matter, short
# enough that its arrays stay in the processor's cache (0.5 MB in stereo).
_JOINED_SAMPLES = 1 << 16
# PyAV's queue takes no more channels than that, and before PyAV 17 it frees the names of
# channels in an order of their own twice. (PyAV 17 and 18 do so without a queue.)
_MAX_CHANNELS = 8
_OWN_ORDER = " channels ("


def joined_frames(frames: Iterable[AudioFrame], seconds: float) -> Iterator[AudioFrame]:
    """Join consecutive frames of one rate, format and number of channels.

    Of four minutes of music, 8,000 frames come out of an MP3 decoder; each statement for
    every one of them takes a thousandth of the time that a track takes.

    Args:
        frames: as they were decoded; their time is lost.
        seconds: no more frames are decoded than last so long.

    Yields:
        The same samples in fewer frames.
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
    """Count how many samples last as long at another rate."""
    return round(frame.samples * rate_hz / frame.sample_rate)


def _queue_for(frame: AudioFrame) -> AudioFifo | None:
    """Return an empty queue; None where none can take such frames."""
    layout = frame.layout
    if layout.nb_channels > _MAX_CHANNELS or _OWN_ORDER in layout.name:
        return None
    return AudioFifo()


def _left_in(queue: AudioFifo | None) -> list[AudioFrame]:
    return [] if queue is None else queue.read_many(max(1, queue.samples))
