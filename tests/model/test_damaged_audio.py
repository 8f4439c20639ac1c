"""Waveforms: damage, wrong durations, odd names, files that are no audio."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import wave
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from audio_files import (
    music,
    needs_utf8_names,
    noise,
    silence,
    tone,
    write_audio,
    write_video,
)
from model.conftest import SECONDS
from waveforms import CONFIG, RATE_HZ, correlation, level_db, place_of, read_all

from genre_model.audio.decoder import MAX_SECONDS, Decoder
from genre_model.audio.waveform import MORE_SECONDS, MORE_THAN_CLAIMED, AudioFile
from genre_model.errors import AudioDecodeError, GenreModelError, TooLongError

if TYPE_CHECKING:
    from collections.abc import Callable


OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a-alac", "ogg-vorbis", "opus"])
def test_broken_packets_are_left_out(
    name: str, files: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
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
    name: str, files: dict[str, Path], tmp_path: Path
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


def test_joined_files_may_change_rate_and_channels(tmp_path: Path) -> None:
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
    rates_hz: tuple[int, int], tmp_path: Path
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


def test_the_duration_of_a_changing_bit_rate_is_known(tmp_path: Path) -> None:
    # Joined, these have no header that fits, and the first kilobytes promise 38 s.
    quiet = write_audio(tmp_path / "1.mp3", silence(5), bit_rate=32000)
    loud = write_audio(tmp_path / "2.mp3", noise(5), bit_rate=256000)
    path = tmp_path / "joined.mp3"
    path.write_bytes(quiet.read_bytes() + loud.read_bytes())
    with av.open(str(path)) as container:
        assert (container.duration or 0) / av.time_base > 30
    with AudioFile(path, CONFIG) as audio:
        assert audio.duration_seconds == pytest.approx(10, abs=0.2)


def test_packets_are_counted_if_the_container_claims_no_duration(
    flac: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoder, "_claimed_seconds", lambda _: 0.0)
    with AudioFile(flac, CONFIG) as audio:
        assert audio.duration_seconds == pytest.approx(SECONDS)


def test_samples_are_counted_if_packets_have_no_time(
    flac: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoder, "_claimed_seconds", lambda _: 0.0)
    monkeypatch.setattr(Decoder, "_end_seconds", lambda *_: 0.0)
    with AudioFile(flac, CONFIG) as audio:
        assert audio.duration_seconds == pytest.approx(SECONDS)


def test_a_wrong_duration_is_corrected(flac: Path, tmp_path: Path) -> None:
    path = flac_claiming(3600 * 3, flac, tmp_path)
    with AudioFile(path, CONFIG) as audio:
        assert audio.duration_seconds == pytest.approx(SECONDS)


def test_a_file_much_longer_than_it_claims_is_read_in_part(tmp_path: Path) -> None:
    long = write_audio(tmp_path / "long.flac", tone(440, 120, 8000), 8000)
    with AudioFile(flac_claiming(1, long, tmp_path), CONFIG) as audio:
        assert audio.duration_seconds == 44100 / 8000
        samples = audio.read_all()
    most_seconds = MORE_THAN_CLAIMED * 44100 / 8000 + MORE_SECONDS
    assert len(samples) == ceil(most_seconds * CONFIG.sample_rate_hz)


def test_a_duration_of_many_hours_is_refused(flac: Path, tmp_path: Path) -> None:
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


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows forbids")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("relative", [False, True])
def test_any_name_is_a_name(
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
def test_names_that_are_no_text_are_names(
    name: str, files: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copy(files["mp3"], tmp_path / name)
    assert len(read_all(tmp_path / name)) == SECONDS * RATE_HZ


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nb.mp3", r"a\nb.mp3"), (os.fsdecode(b"caf\xe9.mp3"), r"caf\udce9.mp3")],
)
def test_errors_can_be_printed(name: str, shown: str, tmp_path: Path) -> None:
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
    suffix: str, text: str, flac: Path, tmp_path: Path
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
def test_the_error_names_file_and_cause(
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
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(AudioDecodeError, match=r"pipe\.mp3: is not a regular file"):
        AudioFile(tmp_path / "pipe.mp3", CONFIG)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all files"
)
def test_missing_permission_is_named(flac: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.flac"
    shutil.copy(flac, path)
    path.chmod(0)
    with pytest.raises(AudioDecodeError, match=r"secret\.flac: .*Permission denied"):
        AudioFile(path, CONFIG)


def test_a_file_that_vanishes_is_named(flac: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.flac"
    shutil.copy(flac, path)
    with AudioFile(path, CONFIG) as audio:
        path.unlink()
        with pytest.raises(AudioDecodeError, match=r"gone\.flac: "):
            audio.read_all()


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="open files are not listed here")
def test_no_file_stays_open(flac: Path, tmp_path: Path) -> None:
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
