"""Audio file to mono samples at the file's own rate, from any sample on (PyAV)."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from fractions import Fraction
from itertools import chain, islice
from math import inf
from statistics import median_low, mode
from typing import TYPE_CHECKING, Any, cast

import av
from av.error import FFmpegError

from genre_model.audio.frames import downmix, frame_length, joined_frames
from genre_model.errors import AudioDecodeError, TooLongError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.packet import Packet

    from genre_model.audio.resampler import Block

#: More is no track, but the recording of a stream or a damaged header.
MAX_SECONDS = 12 * 3600

# Codecs remember, so the first frames behind a seek are wrong: in MP3 at 32 kb/s 0.21 s
# (bit reservoir), in Opus 0.18 s, in AAC and Vorbis one or two frames.
_PREROLL_SECONDS = 0.5
# The timestamp of a single frame can be wrong: FFmpeg's is 448 samples late wherever
# Vorbis changes from long to short blocks. The median over this many frames is right.
_N_TIMED_FRAMES = 15
# A claimed duration is believed where a packet is found this close to the claimed end.
_TAIL_SECONDS = 2.0
_MAX_DEMUX_ERRORS = 100
# This many damaged packets in a row are half a minute of most codecs.
_MAX_ERRORS_IN_A_ROW = 1000
# Containers of sound; not playlists, which make FFmpeg open other files and addresses.
_OPTIONS = {
    "format_whitelist": "mp3,flac,ogg,mov,asf,wav,w64,aiff,ape,wv,mpc,mpc8,dsf,iff,aac,"
    "loas,tta,tak,caf,au,ac3,eac3,dts,truehd,amr,matroska,avi,flv,mpegts,mpeg,rm,oma,shn,voc",
    "protocol_whitelist": "file",
}
# PyAV before 19 refuses files whose tags are no UTF-8 unless told otherwise.
_PYAV = int(av.__version__.partition(".")[0])
_LENIENT_TAGS: Any = {"metadata_errors": "replace"} if _PYAV < 19 else {}


class Decoder:
    """The best audio stream of a file, decoded on the calling thread.

    Attributes:
        sample_rate_hz: rate of the first frame; positions are counted in it.
        duration_seconds: as claimed by the file, or counted.
        genre: in the tags that FFmpeg reads; empty if there is none.

    Args:
        path: of a regular file.

    Raises:
        FFmpegError: if this is no file that FFmpeg knows as audio.
        AudioDecodeError: if there is no audio in it, or none that decodes.
        TooLongError: if it claims more than :data:`MAX_SECONDS`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open_container = ExitStack()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._rewind()
            self.genre = str(self._container.metadata.get("genre", ""))
            first = self._first_frame()
            self.sample_rate_hz = first.sample_rate
            self._origin_pts = first.pts or 0
            self._first_frame_samples = first.samples
            self.duration_seconds = self._find_duration_seconds()
            on_failure.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._open_container.close()

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[Block]:
        """Decode a stretch.

        Args:
            start: first sample wanted, counted from the first that decodes.
            end: first sample not wanted any more; None decodes to the end.

        Yields:
            Sample rate and mono samples [shape=(n_samples,)], without gaps; the first
            begin exactly at ``start``, the last end at ``end`` or less than a frame
            later. The rate changes midway in joined files.
        """
        entered = self._enter_before(start)
        if entered is None:
            self._rewind()
        position, frames = entered or (0, self._frames())
        seconds = inf if end is None else (end - position) / self.sample_rate_hz
        for frame in joined_frames(frames, seconds):
            samples = downmix(frame)
            n_before = max(0, start - position) * frame.sample_rate / self.sample_rate_hz
            if round(n_before) < len(samples):
                yield frame.sample_rate, samples[round(n_before) :]
            position += frame_length(frame, self.sample_rate_hz)

    def _rewind(self) -> None:
        # Opened again, as a seek to 0 leaves some demuxers in another state. The prefix
        # keeps names such as "concat:x" from being addresses. (With a file object in place
        # of the name, PyAV prints a traceback for each bad seek.)
        self.close()
        self._container = av.open(
            f"file:{self._path}", container_options=_OPTIONS, **_LENIENT_TAGS
        )
        self._open_container.callback(self._container.close)
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
        if after_pts is not None:
            for packet in self._packets():
                if _end_pts(packet, after_pts) >= after_pts:
                    yield from _decoded(packet)
                    break
        yield from self._all_frames()

    def _all_frames(self) -> Iterator[AudioFrame]:
        # PyAV's own loop: one packet at a time from here costs as much again as the
        # decoding of MP3. An error ends it, and the next begins behind the packet.
        n_errors = 0
        while n_errors < _MAX_ERRORS_IN_A_ROW:
            with suppress(FFmpegError):  # players, too, leave a damaged packet out
                for frame in self._container.decode(self._stream):
                    if frame.samples and frame.sample_rate:
                        n_errors = 0
                        yield frame
                return
            n_errors += 1

    def _first_frame(self) -> AudioFrame:
        n_bytes = 0
        for packet in self._packets():
            n_bytes += packet.size
            for frame in _decoded(packet):
                return frame
        if n_bytes:
            raise AudioDecodeError("holds no audio that can be decoded")
        raise AudioDecodeError("holds no audio, only a header")

    def _enter_before(self, start: int) -> tuple[int, Iterator[AudioFrame]] | None:
        """Seek; None where that fails, lands too late or is not worth it."""
        preroll = round(_PREROLL_SECONDS * self.sample_rate_hz)
        if start <= 2 * preroll or not self._seek(start - preroll):
            return None
        frames = self._frames(self._pts_at(start - preroll))
        ahead = list(islice(frames, _N_TIMED_FRAMES))
        if len({frame.sample_rate for frame in ahead[:2]}) == 2:
            del ahead[0]  # FFmpeg gave it the rate of what was decoded before
        position = self._position(ahead)
        if position is None or position > start - preroll // 2:
            return None
        return position, chain(ahead, frames)

    def _seek(self, position: int) -> bool:
        with suppress(FFmpegError):
            self._container.seek(self._pts_at(position), stream=self._stream)
            return True
        return False

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
            n_before += frame_length(frame, self.sample_rate_hz)
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

    def _find_duration_seconds(self) -> float:
        # Truncated files claim too much, and so do MP3 and AAC files of varying bit rate
        # without a header: a claim needs a packet near its end, or all are counted.
        seconds = self._claimed_seconds()
        if seconds <= MAX_SECONDS and not (seconds > 0 and self._reaches(seconds)):
            seconds = self._counted_seconds() or self._decoded_seconds()
        if seconds > MAX_SECONDS:
            raise TooLongError(f"claims {seconds / 3600:.1f} hours, more than any track")
        return seconds

    def _claimed_seconds(self) -> float:
        if self._stream.duration is not None:
            return float(self._stream.duration * self._time_base)
        return (self._container.duration or 0) / av.time_base

    def _reaches(self, seconds: float) -> bool:
        last = max(0.0, seconds - _TAIL_SECONDS)
        if not self._seek(round(last * self.sample_rate_hz)):
            return False
        return any(self._end_seconds(packet) > last for packet in self._packets())

    def _counted_seconds(self) -> float:
        self._rewind()
        return max(map(self._end_seconds, self._packets()), default=0.0)

    def _decoded_seconds(self) -> float:
        return sum(len(samples) / hz for hz, samples in self.blocks())

    def _end_seconds(self, packet: Packet[AudioStream]) -> float:
        ticks = _end_pts(packet, self._origin_pts) - self._origin_pts
        return float(ticks * self._time_base)


def _end_pts(packet: Packet[AudioStream], default: int) -> int:
    return default if packet.pts is None else packet.pts + (packet.duration or 0)


def _decoded(packet: Packet[AudioStream]) -> list[AudioFrame]:
    with suppress(FFmpegError):
        return [frame for frame in packet.decode() if frame.samples * frame.sample_rate]
    return []
