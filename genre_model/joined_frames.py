"""Decoded frames, joined into longer ones."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from av import AudioFifo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame

# Three quarters of a second: long enough that the price of a call does not matter, short
# enough that its arrays stay in the processor's cache (0.3 MB in stereo).
_JOINED_SAMPLES = 1 << 15
# PyAV's queue takes no more channels than that, and before PyAV 17 it frees the names of
# channels in an order of their own twice. (PyAV 17 and 18 do so without a queue.)
_MAX_CHANNELS = 8
_OWN_ORDER = " channels ("


def joined_frames(frames: Iterable[AudioFrame], seconds: float) -> Iterator[AudioFrame]:
    """Join consecutive frames of one rate and format.

    Of four minutes of music, 8,000 frames come out of an MP3 decoder.

    Args:
        frames: as they were decoded; their time is lost.
        seconds: no more frames are decoded than last so long.

    Yields:
        The same samples in fewer frames.
    """
    for (*_, layout, n_channels), group in groupby(_lasting(frames, seconds), key=_kind):
        if n_channels > _MAX_CHANNELS or _OWN_ORDER in layout:
            yield from group
            continue
        queue = AudioFifo()
        for frame in group:
            frame.pts = None  # or a gap between two frames would be an error
            queue.write(frame)
            if queue.samples >= _JOINED_SAMPLES:
                yield from queue.read_many(queue.samples)
        yield from queue.read_many(max(1, queue.samples))


def frame_length(frame: AudioFrame, rate_hz: int) -> int:
    """Count how many samples last as long at another rate."""
    return round(frame.samples * rate_hz / frame.sample_rate)


def _lasting(frames: Iterable[AudioFrame], seconds: float) -> Iterator[AudioFrame]:
    for frame in frames:
        yield frame
        seconds -= frame.samples / frame.sample_rate
        if seconds <= 0:
            return


def _kind(frame: AudioFrame) -> tuple[int, str, str, int]:
    layout = frame.layout
    return frame.sample_rate, frame.format.name, layout.name, layout.nb_channels
