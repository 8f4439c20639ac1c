"""Synthetic sounds, and real audio files made of them; needs no program but PyAV.

Sounds are float32 in [-1, 1]: mono (n_samples,) or (n_channels, n_samples).
"""

from __future__ import annotations

import base64
import struct
import sys
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, cast

import av
import numpy as np
import pytest
from mediafile import MediaFile

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio import AudioStream
    from av.container import OutputContainer
    from numpy.typing import ArrayLike, NDArray

SAMPLE_RATE_HZ = 44100

needs_utf8_names = pytest.mark.skipif(
    sys.getfilesystemencoding() != "utf-8", reason="file names are not UTF-8 here"
)

_LAYOUTS = ["", "mono", "stereo", "2.1", "quad", "5.0", "5.1", "6.1", "7.1"]
_DSD_SAMPLE_RATE_HZ = 2822400
_DSD_BLOCK_BYTES = 4096
_DSD_CHUNK_BITS = 2**16
_COVER_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLv"
    "AAAAAElFTkSuQmCC"
)


class AudioKind(NamedTuple):
    """A kind of audio file that :func:`write_audio` can make.

    Attributes:
        suffix: of the file name.
        codec: name of the FFmpeg encoder; ``"dsd"`` is written by hand.
        lossless: whether 16-bit samples come back unchanged.
    """

    suffix: str
    codec: str
    lossless: bool = False


#: The formats of beets, less Monkey's Audio and Musepack: nothing here encodes those.
CONTAINERS = {
    "mp3": AudioKind(".mp3", "libmp3lame"),
    "flac": AudioKind(".flac", "flac", lossless=True),
    "m4a-aac": AudioKind(".m4a", "aac"),
    "m4a-alac": AudioKind(".m4a", "alac", lossless=True),
    "ogg-vorbis": AudioKind(".ogg", "vorbis"),
    "opus": AudioKind(".opus", "libopus"),
    "wma": AudioKind(".wma", "wmav2"),
    "wavpack": AudioKind(".wv", "wavpack", lossless=True),
    "wav": AudioKind(".wav", "pcm_s16le", lossless=True),
    "aiff": AudioKind(".aiff", "pcm_s16be", lossless=True),
    "dsf": AudioKind(".dsf", "dsd"),
}
_CODEC_BY_SUFFIX = {kind.suffix: kind.codec for kind in reversed(CONTAINERS.values())} | {
    ".aac": "aac",
    ".mka": "flac",
    ".tta": "tta",
    ".w64": "pcm_s16le",
}
_BIT_RATES = {"wmav2": 128000}
_SAMPLE_FORMATS = {"alac": "s16p", "wavpack": "s16p"}


def tone(
    hz: float,
    seconds: float,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    amplitude: float = 0.5,
) -> NDArray[np.float32]:
    """Make a sine."""
    times = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    return (amplitude * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def noise(
    seconds: float,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    amplitude: float = 0.5,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Make white noise, uniform within the amplitude."""
    rng = np.random.default_rng(seed)
    values = rng.random(round(seconds * sample_rate_hz), dtype=np.float32)
    return amplitude * (2 * values - 1)


def silence(seconds: float, sample_rate_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.float32]:
    """Make digital silence."""
    return np.zeros(round(seconds * sample_rate_hz), dtype=np.float32)


def music(
    seconds: float, sample_rate_hz: int = SAMPLE_RATE_HZ, seed: int = 0
) -> NDArray[np.float32]:
    """Make a deterministic piece: a new chord every bar, kick, snare and hi-hat.

    No two bars are alike, so that an excerpt shows where it was taken from.
    """
    return _music(seconds, sample_rate_hz, seed).copy()


@cache
def _music(seconds: float, sample_rate_hz: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    n_samples = round(seconds * sample_rate_hz)
    beat_samples = round(sample_rate_hz * 60 / rng.integers(90, 150))
    times = np.arange(beat_samples) / sample_rate_hz
    beats: list[NDArray[np.float64]] = []
    for beat in count():
        if beat * beat_samples >= n_samples:
            break
        if beat % 4 == 0:
            root_hz = 110 * 2 ** (rng.integers(0, 12) / 12)
            brightness = rng.uniform(0.3, 0.8)
        beats.append(_chord(times, root_hz, brightness) + _drums(times, beat, rng))
    piece = np.concatenate([*beats, np.zeros(0)])[:n_samples]
    return np.asarray(0.8 * np.tanh(piece), dtype=np.float32)


def write_audio(
    path: Path,
    samples: ArrayLike,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    codec: str | None = None,
    bit_rate: int | None = None,
    sample_format: str | None = None,
    cover: bool = False,
) -> Path:
    """Encode a sound; the suffix of the path decides how where ``codec`` is None.

    Vorbis is always stereo, Opus always 48 kHz, DSD always mono: sound is converted.

    Args:
        path: file to write, overwritten.
        samples: float sound [shape=(n_samples,) or (n_channels, n_samples)].
        sample_rate_hz: of the samples.
        codec: FFmpeg encoder, such as one of :data:`CONTAINERS`.
        bit_rate: bits per second of lossy codecs.
        sample_format: FFmpeg's name of what the encoder is fed, such as ``"s32"``.
        cover: embed a picture, by way of MediaFile.

    Returns:
        The path.
    """
    channels = np.atleast_2d(np.asarray(samples, dtype=np.float32))
    if not channels.size:
        raise ValueError("no encoder makes a file of nothing")
    codec = codec or _CODEC_BY_SUFFIX[path.suffix]
    if codec == "dsd":
        path.write_bytes(_dsf_bytes(channels.mean(axis=0), sample_rate_hz))
    else:
        _encode(
            path,
            channels,
            sample_rate_hz,
            codec=codec,
            bit_rate=bit_rate or _BIT_RATES.get(codec),
            sample_format=sample_format or _SAMPLE_FORMATS.get(codec),
        )
    if cover:
        media_file = MediaFile(path)
        media_file.art = _COVER_PNG
        media_file.save()
    return path


def _encode(
    path: Path,
    channels: NDArray[np.float32],
    sample_rate_hz: int,
    *,
    codec: str,
    bit_rate: int | None,
    sample_format: str | None,
) -> None:
    if codec == "vorbis" and len(channels) == 1:
        channels = np.repeat(channels, 2, axis=0)
    layout = _LAYOUTS[len(channels)]
    with path.open("wb") as file, av.open(file, "w", format=_muxer(path)) as container:
        rate_hz = 48000 if codec == "libopus" else sample_rate_hz
        options = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = container.add_stream(codec, rate=rate_hz, options=options)
        stream = cast("AudioStream", stream)
        stream.layout = layout
        if bit_rate:
            stream.bit_rate = bit_rate
        if sample_format:
            stream.format = sample_format
        for start in range(0, channels.shape[1], sample_rate_hz):
            second = channels[:, start : start + sample_rate_hz]
            packed = second.T.reshape(1, -1)  # PyAV cannot take eight separate channels
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate = sample_rate_hz
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _muxer(path: Path) -> str:
    names = {".m4a": "ipod", ".wma": "asf", ".aac": "adts", ".mka": "matroska"}
    return names.get(path.suffix, path.suffix[1:])


def _chord(
    times: NDArray[np.float64], root_hz: float, brightness: float
) -> NDArray[np.float64]:
    chord = np.zeros_like(times)
    for ratio in (0.5, 1.0, 1.25, 1.5):
        for harmonic in range(1, 6):
            hz = root_hz * ratio * harmonic
            chord += brightness**harmonic * np.sin(2 * np.pi * hz * times)
    return 0.25 * chord * np.exp(-2 * times)


def _drums(
    times: NDArray[np.float64], beat: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    hiss = rng.standard_normal(len(times))
    hat = 0.15 * np.diff(hiss, prepend=0) * np.exp(-40 * times)
    if beat % 2:
        return hat + 0.3 * hiss * np.exp(-20 * times)
    return hat + 0.8 * np.sin(2 * np.pi * 8 * (1 - np.exp(-15 * times)))


def _dsf_bytes(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """Encode one channel as 1-bit DSD, least significant bit first."""
    n_bits = len(samples) * _DSD_SAMPLE_RATE_HZ // sample_rate_hz
    times = np.arange(len(samples)) * (_DSD_SAMPLE_RATE_HZ / sample_rate_hz)
    # First-order sigma-delta modulation: a bit is set whenever the integral of the
    # signal, moved to [0, 1], passes the next whole number.
    sound, integral = b"", 0.0
    for start in range(0, n_bits, _DSD_CHUNK_BITS):
        chunk = np.arange(start, min(start + _DSD_CHUNK_BITS, n_bits))
        values = 0.5 + 0.5 * np.interp(chunk, times, samples)
        integrals = integral + np.cumsum(values)
        bits = np.diff(np.floor(integrals), prepend=np.floor(integral)) > 0
        sound += np.packbits(bits, bitorder="little").tobytes()
        integral = integrals[-1]
    sound += b"\x69" * (-len(sound) % _DSD_BLOCK_BYTES)
    header_bytes = 28 + 52 + 12
    return (
        struct.pack("<4sQQQ", b"DSD ", 28, header_bytes + len(sound), 0)
        + struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, _DSD_SAMPLE_RATE_HZ, 1,
                      n_bits, _DSD_BLOCK_BYTES, 0)
        + struct.pack("<4sQ", b"data", 12 + len(sound))
        + sound
    )  # fmt: skip


def add_mono_stream(container: OutputContainer, codec: str) -> AudioStream:
    stream = cast("AudioStream", container.add_stream(codec, rate=44100))
    stream.layout = "mono"
    return stream


def write_video(path: Path, tracks: list[tuple[str, NDArray[np.float32]]]) -> None:
    """Write ten frames of a picture, and mono audio tracks."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width = video.height = 64
        audio = [add_mono_stream(container, codec) for codec, _ in tracks]
        for _ in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for stream, (_, samples) in zip(audio, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "fltp", "mono")
            frame.sample_rate = 44100
            frame.pts = 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
