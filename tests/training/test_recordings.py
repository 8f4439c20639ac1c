"""Stretches of music without labels: which files, and which seconds of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import silence, tone, write_audio
from onnx_models import FRONT_END
from unlabelled_clips import FOLD, HEARD, RATE_HZ, write_clips

from genre_model.config import WaveformConfig
from genre_model.errors import TrainingDataError
from genre_model.training.gtzan import find_tracks
from genre_model.training.recordings import (
    Recording,
    drawing_shares,
    find_recordings,
    read_stretch,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("gtzan"))


class TestRecordings:
    def test_only_training_tracks_are_heard(self, folder: Path) -> None:
        found = find_recordings(find_tracks(folder, "audio"), FOLD.train, None)
        assert sorted(one.path.stem for one in found) == HEARD

    def test_music_is_found_at_any_depth(self, tmp_path: Path) -> None:
        for name in ("a/b/{song}.ogg", "cover.jpg", "a/._song.ogg"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        found = find_recordings([], FOLD.train, tmp_path)
        assert [one.path.name for one in found] == ["{song}.ogg"]

    def test_a_folder_without_audio_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDataError, match="--music: there is no other audio in"):
            find_recordings([], (), tmp_path)

    def test_nothing_to_hear_is_an_error(self) -> None:
        with pytest.raises(TrainingDataError, match="none of the training tracks exists"):
            find_recordings([], FOLD.train, None)

    @pytest.mark.parametrize(
        ("name", "is_gtzan"),
        [
            ("blues.00000.wav", True),
            ("blues00000.wav", True),
            ("Blues.00000 (1).WAV", True),
            ("{rock}.00012 (live).mp3", False),
            ("rock.00100.mp3", False),
            ("rock000123.mp3", False),
        ],
    )
    def test_what_may_be_a_test_track_is_left_out(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, is_gtzan: bool
    ) -> None:
        """A folder of music may hold a copy of GTZAN."""
        (tmp_path / name).write_bytes(b"")
        if is_gtzan:
            with pytest.raises(TrainingDataError, match="there is no other audio in"):
                find_recordings([], FOLD.train, tmp_path)
        else:
            assert len(find_recordings([], FOLD.train, tmp_path)) == 1
        assert ("1 files are called like tracks of GTZAN" in caplog.text) == is_gtzan

    @pytest.mark.parametrize("kind", ["missing", "file"])
    def test_music_must_be_a_folder(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "song.mp3"
        if kind == "file":
            path.write_bytes(b"")
        with pytest.raises(TrainingDataError, match=r"--music: .*song.mp3 is no folder"):
            find_recordings([], FOLD.train, path)

    @pytest.mark.parametrize(("place", "hz"), [(0.0, 200), (0.5, 500), (1.0, 800)])
    def test_both_rates_hear_the_same_seconds(
        self, tmp_path: Path, place: float, hz: float
    ) -> None:
        """Of a long file, a stretch anywhere."""
        pieces = [tone(200 + 100 * minute, 60, RATE_HZ) for minute in range(7)]
        path = write_audio(tmp_path / "long.flac", np.concatenate(pieces), RATE_HZ)
        other = replace(FRONT_END, waveform=WaveformConfig(32000))
        stretch = read_stretch(Recording(path, "x"), (FRONT_END, other), 9.0, place)
        assert stretch is not None
        for waveform, rate_hz in zip(stretch.waveforms, (RATE_HZ, 32000), strict=True):
            assert len(waveform) == pytest.approx(30 * rate_hz, abs=1)
            assert loudest_hz(waveform, rate_hz) == pytest.approx(hz, abs=1)

    def test_what_is_of_no_use_is_left_out(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        paths = [
            write_audio(tmp_path / "silent.flac", silence(12, RATE_HZ), RATE_HZ),
            write_audio(tmp_path / "short.flac", tone(300, 2, RATE_HZ), RATE_HZ),
            tmp_path / "broken.flac",
        ]
        paths[-1].write_bytes(b"no audio")
        for path in paths:
            assert read_stretch(Recording(path, "x"), (FRONT_END,), 9.0, 0.5) is None
        assert "broken.flac" in caplog.text

    def test_no_genre_outweighs_the_others(self, tmp_path: Path) -> None:
        recordings = [Recording(tmp_path, group) for group in "aaaab"]
        np.testing.assert_allclose(drawing_shares(recordings), [*[1 / 6] * 4, 1 / 3])


def loudest_hz(waveform: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform))
    return float(np.argmax(spectrum) * rate_hz / len(waveform))
