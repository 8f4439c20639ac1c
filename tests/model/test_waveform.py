"""Waveforms: every container, whole and in excerpts."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from audio_files import (
    CONTAINERS,
    silence,
    tone,
    write_audio,
    write_video,
)
from mediafile import MediaFile
from model.conftest import SECONDS
from waveforms import CONFIG, RATE_HZ, correlation, level_db, place_of, read_all

from genre_model.audio.decoder import Decoder
from genre_model.audio.waveform import AudioFile, is_silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio import AudioFrame
    from numpy.typing import NDArray

#: Correlation with the sound that was encoded; Opus replaces noise by other noise.
CLOSENESS = {kind: 0.999 if CONTAINERS[kind].lossless else 0.99 for kind in CONTAINERS}
CLOSENESS["opus"] = 0.85
#: Of an excerpt to the whole: AAC fills bands with random noise, PyAV 19's FFmpeg more so.
AAC_CLOSENESS = 0.999 if int(av.__version__.partition(".")[0]) < 19 else 0.998


def halved(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Resample from 44.1 to 22.05 kHz by cutting off the spectrum."""
    spectrum = np.fft.rfft(samples)[: len(samples) // 4 + 1]
    return np.fft.irfft(spectrum, len(samples) // 2) / 2


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_decodes_to_its_sound(
    name: str, files: dict[str, Path], sound: NDArray[np.float32]
) -> None:
    samples = read_all(files[name])
    expected = halved(0.75 * sound)
    # The encoder of WMA puts its first frame, 2048 samples, before the file.
    expected = expected[1024 if name == "wma" else 0 :][: len(samples)]
    assert samples.dtype == np.float32
    assert abs(len(samples) - len(expected)) < 0.05 * RATE_HZ
    samples = samples[: len(expected)]
    assert correlation(samples, expected) > CLOSENESS[name]
    assert place_of(samples[30_000:60_000], expected) == 30_000


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_duration_is_known(name: str, files: dict[str, Path]) -> None:
    with AudioFile(files[name], CONFIG) as audio:
        assert audio.duration_seconds == pytest.approx(SECONDS, abs=0.05)
        assert type(audio.duration_seconds) is float


@pytest.mark.parametrize("name", CONTAINERS)
def test_an_excerpt_is_a_slice(name: str, files: dict[str, Path]) -> None:
    whole = read_all(files[name])
    with AudioFile(files[name], CONFIG) as audio:
        for start in (0, 0.3, 6.54321, 1.7, 4.0001):
            first = round(start * RATE_HZ)
            excerpt = audio.read(start, RATE_HZ)
            expected = whole[first : first + RATE_HZ]
            assert len(excerpt) == RATE_HZ
            if name == "m4a-aac":  # which fills bands with random noise
                assert correlation(excerpt, expected) > AAC_CLOSENESS
            else:
                np.testing.assert_allclose(excerpt, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CONTAINERS)
def test_an_excerpt_is_found_by_seeking(
    name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with AudioFile(files[name], CONFIG) as audio:
        monkeypatch.delattr(Decoder, "_rewind")  # what reading from the start needs
        assert len(audio.read(5, 100)) == 100


@pytest.mark.parametrize("suffix", [".mka", ".webm", ".avi"])
def test_excerpts_of_coarsely_timed_containers(
    suffix: str, sound: NDArray[np.float32], tmp_path: Path
) -> None:
    # Matroska rounds its timestamps to milliseconds, which are 44 samples.
    codecs = {".mka": "libmp3lame", ".webm": "libopus", ".avi": "libmp3lame"}
    path = write_audio(tmp_path / f"x{suffix}", sound, codec=codecs[suffix])
    first = round(5.4321 * RATE_HZ)
    with AudioFile(path, CONFIG) as audio:
        excerpt = audio.read(5.4321, 5000)
    np.testing.assert_allclose(
        excerpt, read_all(path)[first : first + 5000], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a-aac", "ogg-vorbis", "wma"])
def test_cover_art_is_no_audio(
    name: str, files: dict[str, Path], sound: NDArray[np.float32], tmp_path: Path
) -> None:
    kind = CONTAINERS[name]
    path = write_audio(
        tmp_path / f"x{kind.suffix}", [sound, 0.5 * sound], codec=kind.codec, cover=True
    )
    assert MediaFile(path).art
    np.testing.assert_array_equal(read_all(path), read_all(files[name]))


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    path = tmp_path / "video.mkv"
    write_video(path, [("flac", tone(1000, 2)), ("flac", tone(3000, 2))])
    samples = read_all(path)
    assert len(samples) == 2 * RATE_HZ
    assert level_db(samples, 1000) == pytest.approx(-6, abs=0.1)
    assert level_db(samples, 3000) < -60


def test_metadata_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "x.wav", tone(1000, 2))
    artist = b"Caf\xe9 Tacvba"
    tags = struct.pack("<4s4sI", b"INFO", b"IART", len(artist)) + artist
    riff = path.read_bytes() + struct.pack("<4sI", b"LIST", len(tags)) + tags
    path.write_bytes(riff[:4] + struct.pack("<I", len(riff) - 8) + riff[8:])
    assert level_db(read_all(path), 1000) == pytest.approx(-6, abs=0.1)


def test_an_excerpt_is_shorter_where_the_audio_ends(flac: Path) -> None:
    with AudioFile(flac, CONFIG) as audio:
        tail = audio.read(SECONDS - 0.5, RATE_HZ)
    np.testing.assert_array_equal(tail, read_all(flac)[-len(tail) :])
    assert len(tail) == RATE_HZ // 2


def test_an_excerpt_behind_the_end_is_empty(flac: Path) -> None:
    with AudioFile(flac, CONFIG) as audio:
        assert audio.read(SECONDS + 1, 100).shape == (0,)
        assert audio.read(1e6, 100).shape == (0,)
        assert audio.read(2, 0).shape == (0,)


def test_an_excerpt_does_not_begin_before_the_start(flac: Path) -> None:
    with AudioFile(flac, CONFIG) as audio, pytest.raises(ValueError, match="start"):
        audio.read(-0.1, 100)


@pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
def test_if_seeking_fails_an_excerpt_is_decoded_from_the_start(
    name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoder, "_seek", lambda *_: False)
    assert_a_slice(files[name])


@pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
def test_if_seeking_lands_late_an_excerpt_is_decoded_from_the_start(
    name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seek = Decoder._seek
    monkeypatch.setattr(
        Decoder, "_seek", lambda self, position: seek(self, position + 100_000)
    )
    assert_a_slice(files[name])


@pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
def test_if_seeking_lands_early_little_is_decoded(
    name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seek, decode = Decoder._seek, Decoder._frames
    lengths = []

    def counted(self: Decoder, after_pts: int | None = None) -> Iterator[AudioFrame]:
        for frame in decode(self, after_pts):
            lengths.append(frame.samples / frame.sample_rate)
            yield frame

    whole = read_all(files[name])
    monkeypatch.setattr(Decoder, "_seek", lambda self, _: seek(self, 0))
    monkeypatch.setattr(Decoder, "_frames", counted)
    with AudioFile(files[name], CONFIG) as audio:
        excerpt = audio.read(6.5, 5000)
    first = round(6.5 * RATE_HZ)
    np.testing.assert_allclose(excerpt, whole[first : first + 5000], rtol=0, atol=1e-6)
    assert 0 < sum(lengths) < 0.2 * SECONDS


def test_one_wrong_timestamp_does_no_harm(
    flac: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = Decoder._frames

    def first_one_late(self: Decoder, after_pts: int | None = None) -> Iterator[AudioFrame]:
        for n_before, frame in enumerate(decode(self, after_pts)):
            if n_before == 0 and frame.pts:
                frame.pts += 448  # as FFmpeg's are now and then in Vorbis
            yield frame

    monkeypatch.setattr(Decoder, "_frames", first_one_late)
    assert_a_slice(flac)


def test_a_container_without_any_way_to_seek(
    sound: NDArray[np.float32], tmp_path: Path
) -> None:
    assert_a_slice(write_audio(tmp_path / "x.voc", sound, codec="pcm_u8"))


def assert_a_slice(path: Path) -> None:
    whole = read_all(path)
    with AudioFile(path, CONFIG) as audio:
        for start in (4.5678, 3.21):
            first = round(start * RATE_HZ)
            np.testing.assert_allclose(
                audio.read(start, 5000), whole[first : first + 5000], rtol=0, atol=1e-6
            )


def test_files_are_read_in_parallel(files: dict[str, Path]) -> None:
    def excerpt(path: Path) -> NDArray[np.float32]:
        with AudioFile(path, CONFIG) as audio:
            return audio.read(3.3, RATE_HZ)

    paths = [files[name] for name in ("mp3", "flac", "ogg-vorbis", "opus")] * 5
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(excerpt, paths))
    for path, samples in zip(paths, together, strict=True):
        np.testing.assert_allclose(samples, excerpt(path), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "silent"),
    [
        (silence(1), True),
        (silence(0), True),
        (tone(440, 1, amplitude=0.9e-4), True),
        (tone(440, 1, amplitude=1.1e-4), False),
        (np.array([0, 0, -0.5], np.float32), False),
    ],
)
def test_silence_is_below_minus_80_db(samples: NDArray[np.float32], silent: bool) -> None:
    assert is_silent(samples) is silent
