"""Mel frames on disk: what tagging hears, and what to do when files or disk are bad."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING
from unittest.mock import Mock

import numpy as np
import pytest
from audio_files import music, silence, write_audio
from onnx_models import FRONT_END

from genre_model.classifier import GenreClassifier
from genre_model.errors import TooShortError, TrainingDataError, TrainingStoppedError
from genre_model.personal.settings import Watcher
from genre_model.training import mel_store
from genre_model.training.excerpts import excerpt_spans
from genre_model.training.gtzan import LabelledTrack
from genre_model.training.labelled_mel_frames import track_mel_frames
from genre_model.training.mel_store import MelStore, store_tracks
from genre_model.training.stored_track import StoredExcerpts
from genre_model.waveform import AudioFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from genre_model.config import WaveformConfig
    from genre_model.training.stored_track import StoredTrack

RATE_HZ = 22050


@pytest.fixture(scope="module")
def classifier() -> GenreClassifier:
    return GenreClassifier.load()


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece of 20 seconds."""
    return write_audio(
        tmp_path_factory.mktemp("audio") / "short.flac", music(20, RATE_HZ), RATE_HZ
    )


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece of 140 seconds, to be resampled."""
    path = tmp_path_factory.mktemp("audio") / "long.mp3"
    return write_audio(path, music(140, 32000), 32000)


def stored(
    paths: Sequence[Path],
    store: MelStore,
    watcher: Watcher | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[StoredTrack | None]:
    return store_tracks(
        paths,
        store,
        n_threads=2,
        should_stop=should_stop,
        watcher=watcher or Mock(spec=Watcher),
    )


def test_a_short_track_is_kept_whole(
    short: Path, classifier: GenreClassifier, tmp_path: Path
) -> None:
    store = MelStore(tmp_path, FRONT_END)
    track = store.track(short)
    whole = track_mel_frames(LabelledTrack("x", "blues", short), FRONT_END)
    assert np.array_equal(track.excerpts(), whole[np.newaxis])
    assert np.array_equal(track.segments(), classifier.segments_of(short).values)


def test_a_long_track_is_kept_around_what_tagging_hears(
    long: Path, classifier: GenreClassifier, tmp_path: Path
) -> None:
    track = MelStore(tmp_path, FRONT_END).track(long)
    heard = classifier.segments_of(long)
    assert track.in_memory is None
    assert np.array_equal(track.segments(), heard.values)
    assert track.excerpts().shape == (7, 84, 224)
    assert track.excerpts().dtype == np.float32
    for excerpt, segment in zip(track.excerpts(), heard.values, strict=True):
        np.testing.assert_allclose(excerpt[:, 56:168], segment, atol=1e-3)


def test_excerpts_stay_within_the_track() -> None:
    spans = excerpt_spans(138.0, FRONT_END)
    n_frames = int(138 * FRONT_END.frames_per_second)
    assert {span.n_frames for span in spans} == {224}
    assert spans[0].start_frame >= 0
    assert spans[-1].start_frame + 224 <= n_frames


@pytest.mark.parametrize("seconds", [5.0, 59.0, 61.0, 136.0])
def test_excerpts_that_would_overlap_are_the_whole_track(seconds: float) -> None:
    (span,) = excerpt_spans(seconds, FRONT_END)
    assert (span.start_frame, span.n_frames) == (0, None)


class Boaster(AudioFile):
    """Claims 200 seconds, as the header of a damaged file may."""

    def __init__(
        self, path: Path, config: WaveformConfig, clean_below_hz: float | None = None
    ) -> None:
        super().__init__(path, config, clean_below_hz)
        self.duration_seconds = 200.0


@pytest.mark.parametrize(("seconds", "n_whole"), [(100, 3), (7, 0)])
def test_a_long_track_that_breaks_off_gives_what_there_is(
    seconds: int,
    n_whole: int,
    classifier: GenreClassifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("genre_model.waveform.AudioFile", Boaster)
    path = write_audio(tmp_path / "half.flac", music(seconds, RATE_HZ), RATE_HZ)
    track = MelStore(tmp_path, FRONT_END).track(path)
    assert np.array_equal(track.segments(), classifier.segments_of(path).values)
    if n_whole:
        assert track.excerpts().shape == (n_whole, 84, 224)
    else:
        assert np.array_equal(track.excerpts(), track.segments())


def test_silence_is_not_trained_on(tmp_path: Path) -> None:
    sound = np.concatenate([music(80, RATE_HZ), silence(80, RATE_HZ)])
    path = write_audio(tmp_path / "half.flac", sound, RATE_HZ)
    track = MelStore(tmp_path, FRONT_END).track(path)
    assert len(track.excerpts()) == len(track.segments()) == 4


def test_what_was_heard_is_not_heard_again(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = MelStore(tmp_path, FRONT_END).track(short)
    monkeypatch.setattr(mel_store, "hear_track", lambda *_: pytest.fail("heard again"))
    again = MelStore(tmp_path, FRONT_END).track(short)
    assert again == first
    assert len(list(tmp_path.rglob("*.npy"))) == len(list(tmp_path.rglob("*.*"))) == 2


def test_another_file_of_that_name_is_heard(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", music(5, RATE_HZ), RATE_HZ)
    store = MelStore(tmp_path, FRONT_END)
    first = store.track(path)
    os.utime(path, ns=(0, 1))
    assert store.track(path).identity != first.identity


@pytest.mark.parametrize("name", ["excerpts", "segments"])
@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "zeros", "nan", "gone"])
def test_damaged_files_are_computed_again(
    short: Path, tmp_path: Path, name: str, damage: str
) -> None:
    store = MelStore(tmp_path, FRONT_END)
    track = store.track(short)
    expected = (track.excerpts().copy(), track.segments())
    path = getattr(track, f"{name}_path")
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "nan":
        np.save(path, np.full_like(np.load(path), np.nan))
    else:
        damaged = {
            "cut": content[:-100],
            "empty": b"",
            "garbage": content[:30] + b"\xff" * 60 + content[90:],
            "zeros": bytes(len(content)),
        }
        path.write_bytes(damaged[damage])
    track = store.track(short)
    assert np.array_equal(track.excerpts(), expected[0])
    assert np.array_equal(track.segments(), expected[1])
    assert path.read_bytes() == content


def test_a_file_that_goes_while_training_is_named(short: Path, tmp_path: Path) -> None:
    track = MelStore(tmp_path, FRONT_END).track(short)
    track.excerpts_path.unlink()
    with pytest.raises(TrainingDataError, match=r"excerpts\.npy is gone or damaged"):
        StoredExcerpts((track,))[0]


@pytest.mark.parametrize("cause", ["write", "room", "folder"])
def test_a_full_disk_is_one_warning(
    cause: str, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cause == "write":
        full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
        monkeypatch.setattr(mel_store, "write_array", full)
    elif cause == "room":
        monkeypatch.setattr(mel_store, "MIN_FREE_BYTES", 2**62)
    else:
        (tmp_path / "store").write_text("in the way")
    other = write_audio(tmp_path / "other.flac", music(5, RATE_HZ), RATE_HZ)
    watcher = Mock(spec=Watcher)
    store = MelStore(tmp_path / "store", FRONT_END)
    tracks = stored([short, other, short], store, watcher)
    assert watcher.advance.call_count == 3
    ((text,),) = (call.args for call in watcher.warning.call_args_list)
    assert "takes no more files" in text
    expected = MelStore(tmp_path, FRONT_END).track(short) if cause == "folder" else None
    for track in tracks:
        assert track is not None
        assert track.in_memory is not None
        assert track.excerpts().shape[:2] == (1, 84)
        assert track.segments().shape[1:] == (84, 112)
    if expected is not None and tracks[0] is not None:
        assert np.array_equal(tracks[0].excerpts(), expected.excerpts())
    assert not list(tmp_path.rglob("*.partial"))


def test_a_broken_file_is_a_warning(short: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no audio")
    gone = tmp_path / "gone.mp3"
    watcher = Mock(spec=Watcher)
    tracks = stored([broken, short, gone], MelStore(tmp_path, FRONT_END), watcher)
    assert [track is None for track in tracks] == [True, False, True]
    watcher.expect.assert_called_once_with(3)
    first, second = (call.args[0] for call in watcher.warning.call_args_list)
    assert "broken.mp3: is not an audio file" in first
    assert "gone.mp3: cannot be read: there is no such file" in second


def test_too_short_files_are_refused_as_tagging_refuses_them(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "jingle.flac", music(2, RATE_HZ), RATE_HZ)
    with pytest.raises(TooShortError, match=r"jingle\.flac"):
        MelStore(tmp_path, FRONT_END).track(path)


def test_stopping_keeps_what_was_heard(short: Path, tmp_path: Path) -> None:
    answers = iter([False, False])
    store = MelStore(tmp_path, FRONT_END)
    with pytest.raises(TrainingStoppedError):
        stored([short] * 30, store, should_stop=lambda: next(answers, True))


@pytest.mark.data
def test_real_songs_are_stored_as_tagging_hears_them(
    data_dir: Path, classifier: GenreClassifier, tmp_path: Path
) -> None:
    songs = sorted(
        path for path in (data_dir / "songs").iterdir() if path.suffix in {".mp3", ".ogg"}
    )
    tracks = stored(songs, MelStore(tmp_path, FRONT_END))
    assert len(songs) == 6
    for path, track in zip(songs, tracks, strict=True):
        assert track is not None
        assert np.array_equal(track.segments(), classifier.segments_of(path).values)
        assert track.excerpts().shape[1] == 84
