"""What is like nothing that a model was trained on is called unknown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import music, noise, tone, write_audio
from onnx_models import write_small_model

from genre_model.classifier import GenreClassifier
from genre_model.cli import main
from genre_model.errors import ModelFileError
from genre_model.isolated_classifier import IsolatedClassifier
from genre_model.known_music import (
    N_FEATURES,
    KnownMusic,
    known_music_from_dict,
    track_features,
)
from genre_model.model_file import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 22050
SOUND: dict[str, Any] = {
    "centre": " ".join(["0"] * N_FEATURES),
    "whitening": " ".join(["1"] * N_FEATURES**2),
    "limit": 2.0,
}


def known(limit: float) -> KnownMusic:
    """Return a distribution around nothing, of variance 1."""
    return KnownMusic(
        np.zeros(N_FEATURES, np.float32), np.eye(N_FEATURES, dtype=np.float32), limit
    )


def random_segments(seed: int = 0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).normal(-40, 12, (3, 84, 112))
    return values.astype(np.float32)


class TestFeatures:
    def test_neither_level_nor_contrast_counts(self) -> None:
        values = random_segments()
        expected = track_features(values)
        np.testing.assert_allclose(track_features(values - 20), expected, atol=1e-3)
        np.testing.assert_allclose(track_features(2.5 * values), expected, atol=1e-3)
        assert expected.shape == (N_FEATURES,)

    def test_the_order_of_frames_counts(self) -> None:
        values = random_segments()
        slow = np.sort(values, axis=2)
        assert np.abs(track_features(slow) - track_features(values)).max() > 1

    def test_what_never_changes_has_features_too(self) -> None:
        nothing = np.zeros((2, 84, 112), np.float32)
        steady = nothing + np.arange(84, dtype=np.float32)[:, np.newaxis]
        for values in (nothing, steady):
            assert np.isfinite(track_features(values)).all()


class TestStrangeness:
    def test_it_is_the_distance_in_limits(self) -> None:
        segments = random_segments()
        distance = float(np.linalg.norm(track_features(segments)))
        assert known(2.0).strangeness(segments) == pytest.approx(distance / 2)

    def test_it_survives_the_card(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        centre, whitening = (
            rng.normal(size=shape).astype(np.float32)
            for shape in (N_FEATURES, (N_FEATURES, N_FEATURES))
        )
        there = KnownMusic(centre, whitening, 3.7)
        path = write_small_model(tmp_path / "small.onnx", known_music=there)
        back = read_model(path).card.known_music
        assert back == there
        assert back is not None
        np.testing.assert_array_equal(back.whitening, whitening)

    @pytest.mark.parametrize(
        "change",
        [
            {"limit": 0},
            {"limit": "inf"},
            {"limit": []},
            {"limit": 1e-320},
            {"limit": True},
            {"centre": " ".join(["1e300"] * N_FEATURES)},
            {"whitening": "3e38 " * N_FEATURES**2},
            {"limit": None},
            {"centre": "1 2 3"},
            {"centre": 7},
            {"whitening": "nan " * N_FEATURES**2},
            {"whitening": "1 " * (N_FEATURES**2 - 1)},
            {"whitening": "one"},
        ],
        ids=str,
    )
    def test_odd_cards_are_refused(self, change: dict[str, Any]) -> None:
        assert known_music_from_dict(SOUND) is not None
        with pytest.raises(ModelFileError, match="known music"):
            known_music_from_dict(SOUND | change)

    @pytest.mark.parametrize("values", [[], "text", {"limit": 1}, 5])
    def test_what_is_no_such_thing_is_refused(self, values: Any) -> None:
        with pytest.raises(ModelFileError, match="known music"):
            known_music_from_dict(values)


@pytest.fixture(scope="module")
def hum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sine, which is no music."""
    path = tmp_path_factory.mktemp("hum") / "hum.flac"
    return write_audio(path, tone(1000, 20, RATE_HZ), RATE_HZ)


class TestTheBundledModel:
    def test_does_not_know_a_sine(self, hum: Path) -> None:
        assert GenreClassifier.load().predict_file(hum).is_unknown

    def test_does_not_know_noise(self, tmp_path: Path) -> None:
        path = write_audio(tmp_path / "noise.flac", noise(20, RATE_HZ), RATE_HZ)
        assert GenreClassifier.load().predict_file(path).is_unknown

    def test_says_the_same_from_another_process(self, hum: Path) -> None:
        isolated = IsolatedClassifier.load()
        try:
            there = isolated.predict_file(hum).strangeness
        finally:
            isolated.close()
        assert there == GenreClassifier.load().predict_file(hum).strangeness


class TestTheCommandLine:
    def test_says_unknown_before_the_guess(
        self, hum: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["predict", str(hum)]) == 0
        line = capsys.readouterr().out
        assert re.match(
            r": unknown \(strangeness \d+\.\d\d > 1\); if anything, ",
            line.removeprefix(str(hum)),
        )

    def test_names_no_genre_in_json(
        self, hum: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["predict", str(hum), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["genre"], said["unknown"]) == (None, True)
        assert said["strangeness"] > 1

    def test_of_a_model_that_does_not_say_has_no_strangeness(
        self, hum: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model = write_small_model(tmp_path / "small.onnx")
        assert main(["predict", str(hum), "--json", "--model", str(model)]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["unknown"], said["strangeness"]) == (False, None)
        assert said["genre"] is not None


def test_music_is_known(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "song.flac", music(20, RATE_HZ), RATE_HZ)
    prediction = GenreClassifier.load().predict_file(path)
    assert prediction.strangeness is not None
    assert 0 < prediction.strangeness < 1
    assert not prediction.is_unknown


def test_a_segment_may_be_a_frame() -> None:
    assert np.isfinite(track_features(random_segments()[:, :, :1])).all()
