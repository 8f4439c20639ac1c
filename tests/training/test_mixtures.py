"""Mixtures of recordings, and what a backbone hears in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import noise, tone, write_audio
from onnx_models import FRONT_END, write_small_model
from unlabelled_clips import FOLD, RATE_HZ, write_clips

from genre_model.errors import TrainingDataError
from genre_model.mel_frames import mel_frames_from_waveform
from genre_model.model_file import read_model
from genre_model.training import mixtures
from genre_model.training.gtzan import find_tracks
from genre_model.training.mixtures import mix
from genre_model.training.recordings import (
    Recording,
    find_recordings,
    read_stretch,
)

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model_file import Model


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Any model serves as a backbone."""
    return read_model(write_small_model(tmp_path_factory.mktemp("model") / "small.onnx"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("gtzan"))


class TestMixtures:
    @pytest.fixture
    def recordings(self, folder: Path) -> list[Recording]:
        return find_recordings(find_tracks(folder, "audio"), FOLD.train, None)

    def test_the_seed_decides(self, recordings: list[Recording], listener: Model) -> None:
        first, again, other = (
            mix(recordings, FRONT_END, listener, 6, seed) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first.segments, again.segments)
        np.testing.assert_array_equal(first.embeddings, again.embeddings)
        assert not np.array_equal(first.segments, other.segments)

    def test_segments_are_what_tagging_hears(
        self,
        tmp_path: Path,
        listener: Model,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Steady noise sounds the same wherever it is cut, and however loud."""
        monkeypatch.setattr(mixtures, "ALONE", 1.0)
        white = noise(30, RATE_HZ)
        sound = white[1:] + 0.95 * white[:-1]  # duller
        path = write_audio(tmp_path / "noise.wav", sound, RATE_HZ)
        heard = mix([Recording(path, "x")], FRONT_END, listener, 3, seed=0)
        frames = mel_frames_from_waveform(sound, RATE_HZ, FRONT_END.mel)
        wanted = (frames - frames.mean()) / frames.std()
        spectrum = heard.segments.mean(axis=(0, 2), dtype=float)
        np.testing.assert_allclose(spectrum, wanted.mean(axis=1), atol=0.3)
        assert np.ptp(spectrum) > 2
        assert heard.segments.mean(dtype=float) == pytest.approx(0, abs=1e-3)
        assert heard.segments.std(dtype=float) == pytest.approx(1, abs=1e-3)

    def test_the_backbone_hears_both_parts(
        self, tmp_path: Path, listener: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of a low and a high tone it says something in between."""
        paths = [
            write_audio(tmp_path / f"{hz}.wav", tone(hz, 12, RATE_HZ), RATE_HZ)
            for hz in (200, 5000)
        ]
        recordings = [Recording(path, path.stem) for path in paths]
        monkeypatch.setattr(mixtures, "ALONE", 1.0)
        low, high = (
            mix([one], FRONT_END, listener, 1, seed=0).tags[0, 1] for one in recordings
        )
        monkeypatch.setattr(mixtures, "ALONE", 0.0)
        both = mix(recordings, FRONT_END, listener, 40, seed=0).tags[:, 1]
        assert low < high
        assert low < np.median(both) < high

    def test_many_files_are_heard_in_turns(
        self, recordings: list[Recording], listener: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A library does not fit into memory, and need not be read as a whole."""
        monkeypatch.setattr(mixtures, "GROUP", 3)
        monkeypatch.setattr(mixtures, "MIXTURES_OF_GROUP", 4)
        heard: list[str] = []

        def count(recording: Recording, *rest: Any) -> Any:
            heard.append(recording.path.stem)
            return read_stretch(recording, *rest)

        monkeypatch.setattr(mixtures, "read_stretch", count)
        made = mix(recordings, FRONT_END, listener, 9, seed=0)
        assert len(made.segments) == len(made.embeddings) == len(made.tags) == 9
        assert len(heard) == 3 * 3
        assert all(len(set(heard[start : start + 3])) == 3 for start in (0, 3, 6))
        assert len(set(heard)) > 3

    def test_useless_files_end_nothing(
        self,
        tmp_path: Path,
        recordings: list[Recording],
        listener: Model,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Not even where the stretches of a turn are all from such."""
        monkeypatch.setattr(mixtures, "GROUP", 1)
        monkeypatch.setattr(mixtures, "MIXTURES_OF_GROUP", 1)
        bad = [tmp_path / f"broken {number}.mp3" for number in range(20)]
        for path in bad:
            path.write_bytes(b"no audio")
        broken = [Recording(path, "x") for path in bad]
        made = mix([*broken, recordings[0]], FRONT_END, listener, 5, seed=0)
        assert np.isfinite(made.segments).all()
        skipped = [record for record in caplog.records if "skipped" in record.message]
        assert skipped
        assert len({record.message for record in skipped}) == len(skipped)
        with pytest.raises(TrainingDataError, match="none of the recordings is long"):
            mix(broken, FRONT_END, listener, 5, seed=0)

    @pytest.mark.parametrize(("n_frames", "seconds"), [(5, "0.4"), (300, "26.1")])
    def test_both_must_hear_the_same(
        self, recordings: list[Recording], listener: Model, n_frames: int, seconds: str
    ) -> None:
        segment = replace(FRONT_END.segment, segment_frames=n_frames)
        with pytest.raises(TrainingDataError, match=f"segments of {seconds} s cannot be"):
            mix(recordings, replace(FRONT_END, segment=segment), listener, 5, seed=0)
