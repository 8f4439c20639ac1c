"""Waveforms: every container, excerpts, channels, damage, names, errors."""

from __future__ import annotations

import gc
import os
import shutil
import struct
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest
from audio_files import (
    CONTAINERS,
    music,
    needs_utf8_names,
    noise,
    silence,
    tone,
    write_audio,
)
from mediafile import MediaFile
from waveforms import CONFIG, RATE_HZ, level_db, read_all

from genre_model.audio.decoder import MAX_SECONDS, Decoder
from genre_model.audio.waveform import (
    MORE_SECONDS,
    MORE_THAN_CLAIMED,
    AudioFile,
    is_silent,
)
from genre_model.errors import (
    AudioDecodeError,
    GenreModelError,
    TooLongError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.audio import AudioFrame, AudioStream
    from av.container import OutputContainer
    from numpy.typing import NDArray

SECONDS = 8
OPEN_FILES = Path("/proc/self/fd")
#: Correlation with the sound that was encoded; Opus replaces noise by other noise.
CLOSENESS = {kind: 0.999 if CONTAINERS[kind].lossless else 0.99 for kind in CONTAINERS}
CLOSENESS["opus"] = 0.85
#: Of an excerpt to the whole: AAC fills bands with random noise, PyAV 19's FFmpeg more so.
AAC_CLOSENESS = 0.999 if int(av.__version__.partition(".")[0]) < 19 else 0.998


def halved(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Resample from 44.1 to 22.05 kHz by cutting off the spectrum."""
    spectrum = np.fft.rfft(samples)[: len(samples) // 4 + 1]
    return np.fft.irfft(spectrum, len(samples) // 2) / 2


def correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def place_of(excerpt: NDArray[np.floating], whole: NDArray[np.floating]) -> int:
    """Find the sample at which an excerpt fits best."""
    n_fft = len(whole) + len(excerpt)
    spectrum = np.fft.rfft(whole, n_fft) * np.conj(np.fft.rfft(excerpt, n_fft))
    return int(np.argmax(np.fft.irfft(spectrum, n_fft)[: len(whole)]))


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    """Something different at every moment, down to single samples."""
    return 0.7 * music(SECONDS) + 0.1 * noise(SECONDS)


@pytest.fixture(scope="module")
def files(
    sound: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("containers")
    return {
        name: write_audio(
            folder / f"{name}{kind.suffix}", [sound, 0.5 * sound], codec=kind.codec
        )
        for name, kind in CONTAINERS.items()
    }


@pytest.fixture(scope="module")
def flac(files: dict[str, Path]) -> Path:
    return files["flac"]


class TestContainers:
    @pytest.mark.parametrize("name", CONTAINERS)
    def test_the_sound_comes_out_in_place(
        self, name: str, files: dict[str, Path], sound: NDArray[np.float32]
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
    def test_the_duration_is_known(self, name: str, files: dict[str, Path]) -> None:
        with AudioFile(files[name], CONFIG) as audio:
            assert audio.duration_seconds == pytest.approx(SECONDS, abs=0.05)
            assert type(audio.duration_seconds) is float

    @pytest.mark.parametrize("name", CONTAINERS)
    def test_an_excerpt_is_a_slice(self, name: str, files: dict[str, Path]) -> None:
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
        self, name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with AudioFile(files[name], CONFIG) as audio:
            monkeypatch.delattr(Decoder, "_rewind")  # what reading from the start needs
            assert len(audio.read(5, 100)) == 100

    @pytest.mark.parametrize("suffix", [".mka", ".webm", ".avi"])
    def test_excerpts_of_coarsely_timed_containers(
        self, suffix: str, sound: NDArray[np.float32], tmp_path: Path
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
        self,
        name: str,
        files: dict[str, Path],
        sound: NDArray[np.float32],
        tmp_path: Path,
    ) -> None:
        kind = CONTAINERS[name]
        path = write_audio(
            tmp_path / f"x{kind.suffix}",
            [sound, 0.5 * sound],
            codec=kind.codec,
            cover=True,
        )
        assert MediaFile(path).art
        np.testing.assert_array_equal(read_all(path), read_all(files[name]))

    def test_the_sound_of_a_video_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "video.mkv"
        write_video(path, [("flac", tone(1000, 2)), ("flac", tone(3000, 2))])
        samples = read_all(path)
        assert len(samples) == 2 * RATE_HZ
        assert level_db(samples, 1000) == pytest.approx(-6, abs=0.1)
        assert level_db(samples, 3000) < -60

    def test_metadata_in_another_encoding_does_no_harm(self, tmp_path: Path) -> None:
        path = write_audio(tmp_path / "x.wav", tone(1000, 2))
        artist = b"Caf\xe9 Tacvba"
        tags = struct.pack("<4s4sI", b"INFO", b"IART", len(artist)) + artist
        riff = path.read_bytes() + struct.pack("<4sI", b"LIST", len(tags)) + tags
        path.write_bytes(riff[:4] + struct.pack("<I", len(riff) - 8) + riff[8:])
        assert level_db(read_all(path), 1000) == pytest.approx(-6, abs=0.1)


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


class TestExcerpts:
    def test_it_is_shorter_where_the_audio_ends(self, flac: Path) -> None:
        with AudioFile(flac, CONFIG) as audio:
            tail = audio.read(SECONDS - 0.5, RATE_HZ)
        np.testing.assert_array_equal(tail, read_all(flac)[-len(tail) :])
        assert len(tail) == RATE_HZ // 2

    def test_it_is_empty_behind_the_end(self, flac: Path) -> None:
        with AudioFile(flac, CONFIG) as audio:
            assert audio.read(SECONDS + 1, 100).shape == (0,)
            assert audio.read(1e6, 100).shape == (0,)
            assert audio.read(2, 0).shape == (0,)

    def test_it_does_not_begin_before_the_start(self, flac: Path) -> None:
        with AudioFile(flac, CONFIG) as audio, pytest.raises(ValueError, match="start"):
            audio.read(-0.1, 100)

    @pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
    def test_where_seeking_fails_it_is_decoded_from_the_start(
        self, name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Decoder, "_seek", lambda *_: False)
        self.assert_a_slice(files[name])

    @pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
    def test_where_seeking_lands_too_late_it_is_decoded_from_the_start(
        self, name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seek = Decoder._seek
        monkeypatch.setattr(
            Decoder, "_seek", lambda self, position: seek(self, position + 100_000)
        )
        self.assert_a_slice(files[name])

    @pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
    def test_where_seeking_lands_early_little_is_decoded(
        self, name: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
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
        self, flac: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decode = Decoder._frames

        def first_one_late(
            self: Decoder, after_pts: int | None = None
        ) -> Iterator[AudioFrame]:
            for n_before, frame in enumerate(decode(self, after_pts)):
                if n_before == 0 and frame.pts:
                    frame.pts += 448  # as FFmpeg's are now and then in Vorbis
                yield frame

        monkeypatch.setattr(Decoder, "_frames", first_one_late)
        self.assert_a_slice(flac)

    def test_a_container_without_any_way_to_seek(
        self, sound: NDArray[np.float32], tmp_path: Path
    ) -> None:
        self.assert_a_slice(write_audio(tmp_path / "x.voc", sound, codec="pcm_u8"))

    @staticmethod
    def assert_a_slice(path: Path) -> None:
        whole = read_all(path)
        with AudioFile(path, CONFIG) as audio:
            for start in (4.5678, 3.21):
                first = round(start * RATE_HZ)
                np.testing.assert_allclose(
                    audio.read(start, 5000),
                    whole[first : first + 5000],
                    rtol=0,
                    atol=1e-6,
                )

    def test_files_are_read_in_parallel(self, files: dict[str, Path]) -> None:
        def excerpt(path: Path) -> NDArray[np.float32]:
            with AudioFile(path, CONFIG) as audio:
                return audio.read(3.3, RATE_HZ)

        paths = [files[name] for name in ("mp3", "flac", "ogg-vorbis", "opus")] * 5
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(excerpt, paths))
        for path, samples in zip(paths, together, strict=True):
            np.testing.assert_allclose(samples, excerpt(path), rtol=0, atol=1e-6)


class TestChannels:
    @pytest.mark.parametrize("suffix", [".wav", ".wv"])  # interleaved, separate
    @pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 7, 8])
    def test_all_channels_count_alike(
        self, n_channels: int, suffix: str, tmp_path: Path
    ) -> None:
        tones_hz = [500 + 700 * channel for channel in range(n_channels)]
        sound = [tone(hz, 1, RATE_HZ, amplitude=0.8) for hz in tones_hz]
        samples = read_all(write_audio(tmp_path / f"x{suffix}", sound, RATE_HZ))
        expected = 20 * np.log10(0.8 / n_channels)
        for hz in tones_hz:
            assert level_db(samples, hz) == pytest.approx(expected, abs=0.02)

    @pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg"])
    @pytest.mark.parametrize("factor", [-1.0, -0.998, -0.95])
    def test_channels_that_cancel_each_other_are_heard_alone(
        self, factor: float, suffix: str, tmp_path: Path
    ) -> None:
        left = tone(440, 3, amplitude=0.3)
        stereo = np.stack([left, np.float32(factor) * left])
        path = write_audio(tmp_path / f"inverted{suffix}", stereo)
        heard = read_all(path)[RATE_HZ : 2 * RATE_HZ]
        assert heard.std() == pytest.approx(left.std(), rel=0.05)

    def test_a_silent_first_channel_is_not_the_one(self, tmp_path: Path) -> None:
        left = tone(440, 3, amplitude=0.3)
        three = np.stack([left * np.float32(0.01), left, -left])
        path = write_audio(tmp_path / "three.flac", three)
        assert read_all(path).std() == pytest.approx(left.std(), rel=0.05)

    def test_loud_channels_do_not_clip(self, tmp_path: Path) -> None:
        loud = tone(440, 1, RATE_HZ, amplitude=0.99)
        samples = read_all(write_audio(tmp_path / "x.wav", [loud] * 6, RATE_HZ))
        np.testing.assert_allclose(samples, loud, atol=1e-4)


class TestSampleFormats:
    @pytest.mark.parametrize(
        ("codec", "tolerance"),
        [
            ("pcm_u8", 2**-7),
            ("pcm_s16le", 2**-15),
            ("pcm_s24le", 2**-22),
            ("pcm_s32le", 2**-22),
            ("pcm_f32le", 0),
            ("pcm_f64le", 0),
        ],
    )
    def test_formats_have_one_scale(
        self, codec: str, tolerance: float, tmp_path: Path
    ) -> None:
        sound = 0.9 * noise(1, RATE_HZ, amplitude=1)
        samples = read_all(write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec=codec))
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples, sound, rtol=0, atol=tolerance)

    @pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_f64le"])
    @pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 3e38])
    def test_impossible_samples_are_silence(
        self, junk: float, codec: str, tmp_path: Path
    ) -> None:
        sound = np.stack([tone(440, 1, RATE_HZ), tone(440, 1, RATE_HZ)])
        sound[1, 1000:2000] = junk
        samples = read_all(write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec=codec))
        expected = np.where(np.isfinite(sound) & (sound < 2), sound, 0).mean(axis=0)
        np.testing.assert_allclose(samples, expected, atol=1e-6)

    @pytest.mark.parametrize(
        "junk", [(np.inf, -np.inf), (3e38, 3e38), (1900, 0), (0, 3e38), (5e3, -4999.5)]
    )
    def test_so_are_those_of_one_channel_or_of_both(
        self, junk: tuple[float, float], tmp_path: Path
    ) -> None:
        sound = np.stack([tone(440, 1, RATE_HZ), tone(440, 1, RATE_HZ)])
        sound[:, 1000:2000] = np.array(junk)[:, np.newaxis]
        path = write_audio(tmp_path / "x.wav", sound, RATE_HZ, codec="pcm_f64le")
        expected = np.where(np.abs(sound) < 2, sound, 0).mean(axis=0)
        np.testing.assert_allclose(read_all(path), expected, atol=1e-6)

    def test_24_bit_flac(self, tmp_path: Path) -> None:
        sound = 2**-14 * noise(1, RATE_HZ, amplitude=1)  # two steps of 16 bits
        path = write_audio(tmp_path / "x.flac", sound, RATE_HZ, sample_format="s32")
        np.testing.assert_allclose(read_all(path), sound, rtol=0, atol=2**-22)


class TestDamage:
    @pytest.mark.parametrize("name", ["mp3", "flac", "m4a-alac", "ogg-vorbis", "opus"])
    def test_broken_packets_are_left_out(
        self,
        name: str,
        files: dict[str, Path],
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        path = tmp_path / files[name].name
        damaged = bytearray(files[name].read_bytes())
        middle = len(damaged) // 2
        damaged[middle : middle + 600] = np.random.default_rng(0).bytes(600)
        path.write_bytes(damaged)
        whole, samples = read_all(files[name]), read_all(path)
        assert 0.8 * len(whole) < len(samples) <= len(whole)
        assert not np.array_equal(samples, whole)
        np.testing.assert_array_equal(samples[: 2 * RATE_HZ], whole[: 2 * RATE_HZ])
        later = samples[6 * RATE_HZ : 7 * RATE_HZ]
        place = place_of(later, whole)
        assert place >= 6 * RATE_HZ
        assert correlation(later, whole[place : place + RATE_HZ]) > 0.999
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("name", ["mp3", "flac", "ogg-vorbis", "opus", "wav", "wma"])
    def test_a_truncated_file_is_used_up_to_there(
        self, name: str, files: dict[str, Path], tmp_path: Path
    ) -> None:
        whole = read_all(files[name])
        path = tmp_path / files[name].name
        data = files[name].read_bytes()
        path.write_bytes(data[: len(data) // 2])
        samples = read_all(path)
        assert 0.3 * len(whole) < len(samples) < 0.6 * len(whole)
        n_whole = len(samples) - RATE_HZ // 10  # the last packet is cut
        np.testing.assert_array_equal(samples[:n_whole], whole[:n_whole])
        with AudioFile(path, CONFIG) as audio:
            seconds = len(samples) / RATE_HZ
            assert audio.duration_seconds == pytest.approx(seconds, abs=0.5)
            assert audio.duration_seconds < 0.6 * SECONDS

    def test_joined_files_may_change_rate_and_channels(self, tmp_path: Path) -> None:
        mono = write_audio(tmp_path / "1.mp3", tone(1000, 4))
        stereo = write_audio(tmp_path / "2.mp3", [tone(3000, 4, 48000)] * 2, 48000)
        path = tmp_path / "joined.mp3"
        path.write_bytes(mono.read_bytes() + stereo.read_bytes())
        samples = read_all(path)
        assert len(samples) / RATE_HZ == pytest.approx(8, abs=0.2)
        assert level_db(samples[: 3 * RATE_HZ], 1000) == pytest.approx(-6, abs=0.5)
        assert level_db(samples[-3 * RATE_HZ :], 3000) == pytest.approx(-6, abs=0.5)
        assert level_db(samples[-3 * RATE_HZ :], 1000) < -60
        with AudioFile(path, CONFIG) as audio:
            assert level_db(audio.read(5.5, RATE_HZ), 3000) == pytest.approx(-6, abs=0.5)

    @pytest.mark.parametrize("rates_hz", [(44100, 22050), (44100, 32000), (22050, 44100)])
    def test_excerpts_behind_a_change_of_rate_are_whole(
        self, rates_hz: tuple[int, int], tmp_path: Path
    ) -> None:
        path = tmp_path / "joined.mp3"
        parts = [
            write_audio(tmp_path / f"{n}.mp3", noise(6 + 6 * n, hz, seed=n), hz)
            for n, hz in enumerate(rates_hz)
        ]
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
        whole = read_all(path)
        lags = []
        with AudioFile(path, CONFIG) as audio:
            for start in (8, 11.3, 14.2):
                excerpt = audio.read(start, RATE_HZ)
                assert len(excerpt) == RATE_HZ
                lags.append(place_of(excerpt, whole) - round(start * RATE_HZ))
        assert max(lags) - min(lags) < 0.02 * RATE_HZ  # less than a frame


class TestDuration:
    def test_a_bit_rate_that_changes_does_not_deceive(self, tmp_path: Path) -> None:
        # Joined, these have no header that fits, and the first kilobytes promise 38 s.
        quiet = write_audio(tmp_path / "1.mp3", silence(5), bit_rate=32000)
        loud = write_audio(tmp_path / "2.mp3", noise(5), bit_rate=256000)
        path = tmp_path / "joined.mp3"
        path.write_bytes(quiet.read_bytes() + loud.read_bytes())
        with av.open(str(path)) as container:
            assert (container.duration or 0) / av.time_base > 30
        with AudioFile(path, CONFIG) as audio:
            assert audio.duration_seconds == pytest.approx(10, abs=0.2)

    def test_packets_are_counted_where_the_container_claims_nothing(
        self, flac: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Decoder, "_claimed_seconds", lambda _: 0.0)
        with AudioFile(flac, CONFIG) as audio:
            assert audio.duration_seconds == pytest.approx(SECONDS)

    def test_samples_are_counted_where_packets_have_no_time(
        self, flac: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Decoder, "_claimed_seconds", lambda _: 0.0)
        monkeypatch.setattr(Decoder, "_end_seconds", lambda *_: 0.0)
        with AudioFile(flac, CONFIG) as audio:
            assert audio.duration_seconds == pytest.approx(SECONDS)

    def test_a_false_claim_is_corrected(self, flac: Path, tmp_path: Path) -> None:
        path = flac_claiming(3600 * 3, flac, tmp_path)
        with AudioFile(path, CONFIG) as audio:
            assert audio.duration_seconds == pytest.approx(SECONDS)

    def test_what_goes_on_for_much_longer_than_it_claims_is_not_read_to_its_end(
        self, tmp_path: Path
    ) -> None:
        long = write_audio(tmp_path / "long.flac", tone(440, 120, 8000), 8000)
        with AudioFile(flac_claiming(1, long, tmp_path), CONFIG) as audio:
            assert audio.duration_seconds == 44100 / 8000
            samples = audio.read_all()
        most_seconds = MORE_THAN_CLAIMED * 44100 / 8000 + MORE_SECONDS
        assert len(samples) == ceil(most_seconds * CONFIG.sample_rate_hz)

    def test_a_claim_of_many_hours_is_refused(self, flac: Path, tmp_path: Path) -> None:
        path = flac_claiming(MAX_SECONDS + 3600, flac, tmp_path)
        with pytest.raises(TooLongError, match=r"claiming\.flac: claims 13\.0 hours"):
            AudioFile(path, CONFIG)


def flac_claiming(seconds: int, flac: Path, folder: Path) -> Path:
    """Copy a FLAC file, changing the 36-bit number of samples in its header."""
    data = bytearray(flac.read_bytes())
    assert data[4] & 0x7F == 0  # the stream information comes first
    fields = int.from_bytes(data[18:26], "big")
    fields = fields >> 36 << 36 | seconds * 44100
    data[18:26] = fields.to_bytes(8, "big")
    path = folder / "claiming.flac"
    path.write_bytes(data)
    return path


NAMES = [
    "{braces} {}.mp3",
    "100 % %s %d.mp3",
    pytest.param("sp ace  ü ☃ 音.mp3", marks=needs_utf8_names),
    "-i.mp3",
    "file:x.mp3",
    "concat:a.mp3|b.mp3",
    "http:foo.mp3",
    "pipe:0",
    "no suffix",
    "wrong.flac",
]
LINUX_NAMES = ["new\nline.mp3", os.fsdecode(b"caf\xe9.mp3"), 'quo"te\\\t.mp3']


class TestNames:
    @pytest.mark.skipif(sys.platform == "win32", reason="names that Windows forbids")
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("relative", [False, True])
    def test_any_name_is_a_name(
        self,
        name: str,
        relative: bool,
        files: dict[str, Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shutil.copy(files["mp3"], tmp_path / name)
        monkeypatch.chdir(tmp_path)
        path = Path(name) if relative else tmp_path / name
        assert len(read_all(path)) == SECONDS * RATE_HZ

    @pytest.mark.skipif(sys.platform != "linux", reason="names of Linux")
    @pytest.mark.parametrize("name", LINUX_NAMES)
    def test_what_is_no_text_is_a_name_too(
        self, name: str, files: dict[str, Path], tmp_path: Path
    ) -> None:
        shutil.copy(files["mp3"], tmp_path / name)
        assert len(read_all(tmp_path / name)) == SECONDS * RATE_HZ

    @pytest.mark.parametrize(
        ("name", "shown"),
        [("a\nb.mp3", r"a\nb.mp3"), (os.fsdecode(b"caf\xe9.mp3"), r"caf\udce9.mp3")],
    )
    def test_errors_can_be_printed(self, name: str, shown: str, tmp_path: Path) -> None:
        with pytest.raises(AudioDecodeError) as caught:
            AudioFile(tmp_path / name, CONFIG)
        assert f"{shown}: cannot be read: No such file" in str(caught.value)
        str(caught.value).encode("utf-8")

    @pytest.mark.parametrize(
        "text",
        [
            "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
            "ffconcat version 1.0\nfile '{}'\n",
        ],
    )
    @pytest.mark.parametrize("suffix", [".m3u8", ".mp3", ".ffconcat"])
    def test_lists_are_not_followed_to_other_files(
        self, suffix: str, text: str, flac: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / f"list{suffix}"
        path.write_text(text.format(flac))
        with pytest.raises(AudioDecodeError, match="not an audio file"):
            AudioFile(path, CONFIG)


def a_missing_file(_: Path) -> None:
    pass


def a_folder(path: Path) -> None:
    path.mkdir()


def an_empty_file(path: Path) -> None:
    path.touch()


def a_text(path: Path) -> None:
    path.write_text("This is no music.\n" * 999)


def a_picture(path: Path) -> None:
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("mjpeg")
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        container.mux([*stream.encode(picture), *stream.encode(None)])


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(100_000))


def a_silent_video(path: Path) -> None:
    video = path.with_suffix(".mp4")
    write_video(video, [])
    video.rename(path)


def a_header_without_sound(path: Path) -> None:
    with path.open("wb") as file, wave.open(file) as writer:
        writer.setparams((2, 2, 44100, 0, "NONE", "not compressed"))


def nothing_but_damage(path: Path) -> None:
    data = bytearray(write_audio(path.with_suffix(".m4a"), music(2)).read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = b"\xff" * (end - start)
    path.write_bytes(data)


NOT_AUDIO = "is not an audio file of a known kind, or is damaged"
NO_AUDIO = "holds no audio that can be decoded"


class TestErrors:
    @pytest.mark.parametrize(
        ("make", "error", "cause"),
        [
            (a_missing_file, AudioDecodeError, "cannot be read: No such file"),
            (a_folder, AudioDecodeError, "is a folder, not an audio file"),
            (an_empty_file, AudioDecodeError, "is an empty file"),
            (a_text, AudioDecodeError, NOT_AUDIO),
            (a_picture, AudioDecodeError, NOT_AUDIO),
            (random_bytes, AudioDecodeError, NO_AUDIO),
            (a_silent_video, AudioDecodeError, NO_AUDIO),
            (a_header_without_sound, AudioDecodeError, "holds no audio, only a header"),
            (nothing_but_damage, AudioDecodeError, NO_AUDIO),
        ],
    )
    def test_the_message_says_which_file_and_why(
        self,
        make: Callable[[Path], None],
        error: type[GenreModelError],
        cause: str,
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        path = tmp_path / "song.mp3"
        make(path)
        with pytest.raises(GenreModelError) as caught:
            AudioFile(path, CONFIG)
        message = str(caught.value)
        assert type(caught.value) is error
        assert message.startswith(f"{path}: {cause}")
        assert "\n" not in message
        assert "rrno" not in message
        assert capfd.readouterr() == ("", "")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
    def test_pipes_are_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.mp3")
        with pytest.raises(AudioDecodeError, match=r"pipe\.mp3: is not a regular file"):
            AudioFile(tmp_path / "pipe.mp3", CONFIG)

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all files"
    )
    def test_missing_permission_is_named(self, flac: Path, tmp_path: Path) -> None:
        path = tmp_path / "secret.flac"
        shutil.copy(flac, path)
        path.chmod(0)
        with pytest.raises(AudioDecodeError, match=r"secret\.flac: .*Permission denied"):
            AudioFile(path, CONFIG)

    def test_a_file_that_vanishes_is_named(self, flac: Path, tmp_path: Path) -> None:
        path = tmp_path / "gone.flac"
        shutil.copy(flac, path)
        with AudioFile(path, CONFIG) as audio:
            path.unlink()
            with pytest.raises(AudioDecodeError, match=r"gone\.flac: "):
                audio.read_all()

    @pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="open files are not listed here")
    def test_no_file_stays_open(self, flac: Path, tmp_path: Path) -> None:
        random_bytes(tmp_path / "song.mp3")
        gc.disable()  # nothing must depend on it
        try:
            n_before = len(list(OPEN_FILES.iterdir()))
            for _ in range(3):
                with AudioFile(flac, CONFIG) as audio:
                    audio.read(5, 10)
                    audio.read(0, 10)
                with pytest.raises(AudioDecodeError):
                    AudioFile(tmp_path / "song.mp3", CONFIG)
                with pytest.raises(TooLongError):
                    AudioFile(flac_claiming(MAX_SECONDS + 9, flac, tmp_path), CONFIG)
            assert len(list(OPEN_FILES.iterdir())) == n_before
        finally:
            gc.enable()


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
