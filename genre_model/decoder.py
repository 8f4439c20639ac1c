"""Audio file to mono samples at the file's own rate, from any sample on (PyAV)."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import chain, islice
from statistics import median_low, mode
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import av
import numpy as np
from av.error import FFmpegError

from genre_model.errors import AudioDecodeError, TooLongError, TooShortError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from numpy.typing import NDArray

#: More than this is no track, but the recording of a stream or a damaged header.
MAX_SECONDS = 12 * 3600

# Codecs remember, so the first frames behind a seek are wrong. Measured: 0.21 s in MP3
# at 32 kb/s (bit reservoir), 0.18 s in Opus, one or two frames in AAC and Vorbis.
_PREROLL_SECONDS = 0.5
# The timestamp of a single frame can be wrong: FFmpeg's is 448 samples late wherever
# Vorbis changes from long to short blocks. The median over this many frames is right.
_N_TIMED_FRAMES = 15
# A claimed duration is believed where a packet is found this close to the claimed end.
_TAIL_SECONDS = 2.0
_LOUDEST_SAMPLE = 1e3  # 60 dB over full scale is damage, just as NaN is
_MAX_DEMUX_ERRORS = 100
# Containers of sound; not playlists, which make FFmpeg open other files and addresses.
_CONTAINER_OPTIONS = {
    "format_whitelist": "mp3,flac,ogg,mov,asf,wav,w64,aiff,ape,wv,mpc,mpc8,dsf,iff,aac,"
    "loas,tta,tak,caf,au,ac3,eac3,dts,truehd,amr,matroska,avi,flv,mpegts,mpeg,rm,oma,"
    "shn,voc",
    "protocol_whitelist": "file",
}


class Block(NamedTuple):
    """Consecutive mono samples [shape=(n_samples,)]; joined files change their rate."""

    sample_rate_hz: int
    samples: NDArray[np.float32]


class Decoder:
    """The best audio stream of a file, decoded on the calling thread.

    Attributes:
        sample_rate_hz: rate of the first frame; positions are counted in it.

    Args:
        path: of a regular file.

    Raises:
        FFmpegError: if this is no file that FFmpeg knows as audio.
        AudioDecodeError: if there is no audio in it, or none that decodes.
        TooShortError: if it is audio of no length.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rewind()
        first = self._first_frame()
        self.sample_rate_hz = first.sample_rate
        self._origin_pts = first.pts or 0
        self._first_frame_samples = first.samples

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def blocks_from(self, start: int) -> Iterator[Block]:
        """Decode from a sample on to the end.

        Args:
            start: first sample wanted, counted from the first that decodes.

        Yields:
            Blocks without gaps; the first begins exactly at ``start``.
        """
        entered = self._enter_before(start)
        if entered is None:
            self._rewind()
        position, frames = entered or (0, self._frames())
        for frame in frames:
            samples = _mono_samples(frame)
            length = round(len(samples) * self.sample_rate_hz / frame.sample_rate)
            if position + length > start:
                yield Block(frame.sample_rate, samples[max(0, start - position) :])
            position += length

    def duration_seconds(self) -> float:
        """Return the claimed duration where a packet confirms it, else count packets.

        Truncated files claim too much, and so do MP3 and AAC files of varying bit rate
        without a header.

        Raises:
            TooLongError: if more than :data:`MAX_SECONDS` are claimed or counted.
        """
        claimed = _within_limit(self._claimed_seconds())
        if claimed and self._reaches(claimed - _TAIL_SECONDS):
            return claimed
        return _within_limit(self._counted_seconds() or self._decoded_seconds())

    def _rewind(self) -> None:
        # Opened anew, for a seek to 0 leaves some demuxers in another state. The prefix
        # keeps names such as "concat:x" from being read as addresses. A file object in
        # place of the name is no slower, but PyAV prints a traceback for each bad seek.
        self._container = av.open(
            f"file:{self._path}",
            "r",
            container_options=_CONTAINER_OPTIONS,
            metadata_errors="replace",
        )
        stream = self._container.streams.best("audio")
        if stream is None or stream.codec_context is None:
            raise AudioDecodeError("holds no audio that can be decoded")
        self._stream = cast("AudioStream", stream)
        self._stream.codec_context.thread_count = 1  # files run in parallel already
        self._time_base: Fraction = self._stream.time_base or Fraction(1, av.time_base)

    def _packets(self) -> Iterator[Packet[AudioStream]]:
        for _ in range(_MAX_DEMUX_ERRORS):
            with suppress(FFmpegError):  # damage: the next packet may be whole
                yield from self._container.demux(self._stream)
                return

    def _frames(self, after_pts: int | None = None) -> Iterator[AudioFrame]:
        # Seeking can land minutes early: FFmpeg's index of a long MP3 has wide gaps.
        for packet in self._packets():
            if after_pts is None or _end_pts(packet, after_pts) >= after_pts:
                yield from _decoded(packet)

    def _first_frame(self) -> AudioFrame:
        n_bytes = 0
        for packet in self._packets():
            n_bytes += packet.size
            for frame in _decoded(packet):
                return frame
        if n_bytes:
            raise AudioDecodeError("holds no audio that can be decoded")
        raise TooShortError("holds no audio, only a header")

    def _enter_before(self, start: int) -> tuple[int, Iterator[AudioFrame]] | None:
        """Seek; None where that fails, lands too late or is not worth it."""
        preroll = round(_PREROLL_SECONDS * self.sample_rate_hz)
        if start <= 2 * preroll or not self._seek(start - preroll):
            return None
        frames = self._frames(self._pts_at(start - preroll))
        ahead = list(islice(frames, _N_TIMED_FRAMES))
        position = self._position(ahead)
        if position is None or position > start - preroll // 2:
            return None
        return position, chain(ahead, frames)

    def _seek(self, position: int) -> bool:
        try:
            self._container.seek(self._pts_at(position), stream=self._stream)
        except FFmpegError:
            return False
        return True

    def _pts_at(self, position: int) -> int:
        ticks = position / (self.sample_rate_hz * self._time_base)
        return self._origin_pts + round(ticks)

    def _position(self, frames: list[AudioFrame]) -> int | None:
        """Return the sample at which the first of consecutive frames begins."""
        samples_per_tick = self._time_base * self.sample_rate_hz
        positions, n_before = [], 0
        for frame in frames:
            if frame.pts is not None:
                ticks = frame.pts - self._origin_pts
                positions.append(round(ticks * samples_per_tick) - n_before)
            n_before += frame.samples
        if not positions:
            return None
        position = median_low(positions)
        if samples_per_tick <= 1:
            return position
        # Matroska and WMA count milliseconds. All frames are as long, but the first and
        # last, so that the nearest place where a frame can begin is the right one.
        size = mode(frame.samples for frame in frames)
        rest = (position - self._first_frame_samples + size // 2) % size - size // 2
        return position - rest if abs(rest) <= 2 * samples_per_tick else position

    def _claimed_seconds(self) -> float:
        if self._stream.duration is not None:
            return float(self._stream.duration * self._time_base)
        return (self._container.duration or 0) / av.time_base

    def _reaches(self, seconds: float) -> bool:
        if not self._seek(max(0, round(seconds * self.sample_rate_hz))):
            return False
        return any(self._end_seconds(packet) > seconds for packet in self._packets())

    def _counted_seconds(self) -> float:
        self._rewind()
        return max(map(self._end_seconds, self._packets()))

    def _decoded_seconds(self) -> float:
        return sum(len(samples) / hz for hz, samples in self.blocks_from(0))

    def _end_seconds(self, packet: Packet[AudioStream]) -> float:
        ticks = _end_pts(packet, self._origin_pts) - self._origin_pts
        return float(ticks * self._time_base)


def _end_pts(packet: Packet[AudioStream], default: int) -> int:
    return default if packet.pts is None else packet.pts + (packet.duration or 0)


def _within_limit(seconds: float) -> float:
    if seconds > MAX_SECONDS:
        raise TooLongError(f"claims {seconds / 3600:.1f} hours, more than any track")
    return seconds


def _decoded(packet: Packet[AudioStream]) -> list[AudioFrame]:
    try:
        frames = packet.decode()
    except FFmpegError:
        return []  # players, too, leave a damaged packet out
    return [frame for frame in frames if frame.samples and frame.sample_rate]


def _mono_samples(frame: AudioFrame) -> NDArray[np.float32]:
    """Average the channels, all finite and in about [-1, 1] [shape=(n_samples,)]."""
    values: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(frame.samples, -1).T
    if values.dtype.kind == "f":
        values[~(np.abs(values) < _LOUDEST_SAMPLE)] = 0
    channels = values.astype(np.float32, order="C")  # or the mean takes 5 times as long
    mono: NDArray[np.float32] = channels.mean(axis=0)
    if values.dtype.kind == "f":
        return mono
    full_scale = np.float32(2 ** (8 * values.itemsize - 1))
    return mono / full_scale - (1 if values.dtype.kind == "u" else 0)
