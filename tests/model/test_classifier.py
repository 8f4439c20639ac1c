"""The chain for one file, with a small network whose answers are known."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music, noise, silence, tone, write_audio
from onnx_models import FRONT_END, write_small_model

from genre_model.audio.waveform import AudioFile
from genre_model.classifier import GenreClassifier
from genre_model.errors import AudioDecodeError, SilentError, TooShortError
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.features.segments import segments_from_mel_frames
from genre_model.model.segment_probabilities import softmax
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 22050


@pytest.fixture
def classifier(tmp_path: Path) -> GenreClassifier:
    return GenreClassifier.load(write_small_model(tmp_path / "small.onnx"))


def test_low_and_high_sounds_are_told_apart(
    classifier: GenreClassifier, tmp_path: Path
) -> None:
    low = write_audio(tmp_path / "low.flac", tone(100, 12) + noise(12, amplitude=1e-3))
    high = write_audio(tmp_path / "high.flac", noise(12))
    assert classifier.predict_file(low).genre == "low"
    assert classifier.predict_file(high).genre == "high"


def test_a_prediction_is_complete(classifier: GenreClassifier, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "song.flac", music(30, RATE_HZ), RATE_HZ)
    prediction = classifier.predict_file(path)
    assert prediction.path == path
    assert prediction.genres == ("low", "high")
    assert prediction.segment_probabilities.shape == (7, 2)
    np.testing.assert_allclose(prediction.segment_probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        prediction.probabilities, prediction.segment_probabilities.mean(axis=0), rtol=1e-5
    )
    assert prediction.start_seconds[0] == 0
    assert 20 < prediction.start_seconds[-1] < 20.5


def test_tagging_and_training_use_the_same_segments(tmp_path: Path) -> None:
    """One lock of the design: a training item and a tagging segment are the same bits."""
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames

    path = write_audio(tmp_path / "blues.00000.mp3", music(30))
    track = LabelledTrack("blues.00000", "blues", path)
    trained_on = load_labelled_mel_frames([track], FRONT_END).mel_frames[0]
    item = segments_from_mel_frames(trained_on, FRONT_END.segment)
    classifier = GenreClassifier.load(write_small_model(tmp_path / "small.onnx"))
    tagged = classifier.segments_of(path)
    np.testing.assert_array_equal(tagged.values, item.values)
    np.testing.assert_array_equal(tagged.start_frames, item.start_frames)


def test_excerpts_of_a_long_file_are_what_the_whole_file_holds(tmp_path: Path) -> None:
    """Seeking gives the same mel frames as decoding everything and cutting."""
    path = write_audio(tmp_path / "long.flac", music(90, RATE_HZ), RATE_HZ)
    classifier = GenreClassifier.load(write_small_model(tmp_path / "small.onnx"))
    by_seeking = classifier.segments_of(path)
    with AudioFile(path, FRONT_END.waveform) as audio:
        whole = mel_frames_from_waveform(audio.read_all(), RATE_HZ, FRONT_END.mel)
    for start, values in zip(by_seeking.start_frames, by_seeking.values, strict=True):
        expected = whole[:, start : start + FRONT_END.segment.segment_frames]
        np.testing.assert_allclose(values, expected, atol=1e-3)


def test_silence_has_no_genre(classifier: GenreClassifier, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "pause.flac", silence(20))
    with pytest.raises(SilentError, match=r"pause\.flac: nothing but silence"):
        classifier.predict_file(path)


def test_music_that_is_nearly_rounded_away_has_no_genre(
    classifier: GenreClassifier, tmp_path: Path
) -> None:
    quiet = music(20) * np.float32(4e-4 / np.abs(music(20)).max())
    path = write_audio(tmp_path / "quiet.flac", quiet)
    with pytest.raises(SilentError, match=r"quiet\.flac: nothing but silence, or nearly"):
        classifier.predict_file(path)


def test_a_jingle_has_no_genre(classifier: GenreClassifier, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "jingle.flac", music(2))
    with pytest.raises(TooShortError, match=r"jingle\.flac: 2\.0 s of audio"):
        classifier.predict_file(path)


def test_what_is_no_audio_is_refused(classifier: GenreClassifier, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("this is a shopping list")
    with pytest.raises(AudioDecodeError, match=r"notes\.mp3"):
        classifier.predict_file(path)


def test_a_silent_half_does_not_decide(classifier: GenreClassifier, tmp_path: Path) -> None:
    loud = noise(60)
    path = write_audio(tmp_path / "late.flac", np.concatenate([silence(60), loud]))
    prediction = classifier.predict_file(path)
    assert prediction.start_seconds[0] > 45, "excerpts of silence are left out"
    assert prediction.genre == "high"


def test_a_truncated_file_is_predicted_from_its_rest(
    classifier: GenreClassifier, tmp_path: Path
) -> None:
    path = write_audio(tmp_path / "cut.flac", noise(200, RATE_HZ), RATE_HZ)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 20])
    prediction = classifier.predict_file(path)
    assert prediction.genre == "high"
    assert len(prediction.start_seconds) == 1


def test_votes_are_the_other_way_to_combine(tmp_path: Path) -> None:
    model_path = write_small_model(tmp_path / "small.onnx")
    path = write_audio(tmp_path / "song.flac", music(30, RATE_HZ), RATE_HZ)
    by_vote = GenreClassifier.load(model_path, "vote").predict_file(path)
    votes = np.bincount(by_vote.segment_probabilities.argmax(axis=1), minlength=2) / 7
    np.testing.assert_allclose(by_vote.probabilities, votes, atol=0.13)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "rejecting.onnx"
    return write_small_model(path, genres=("low",), rejected=("high",), pool_logits=True)


def test_probabilities_of_rejected_outputs_are_missing_from_the_sum(
    model_file: Path, tmp_path: Path
) -> None:
    low = write_audio(tmp_path / "low.flac", tone(100, 12) + noise(12, amplitude=1e-3))
    classifier = GenreClassifier.load(model_file)
    prediction = classifier.predict_file(low)
    logits = classifier.score_file(low).logits.mean(axis=0)
    assert prediction.genres == ("low",)
    assert prediction.probabilities == pytest.approx(softmax(logits, 1.0)[:1], abs=1e-6)
    assert prediction.segment_probabilities.shape[1] == 1
    assert not prediction.is_unknown
    assert prediction.strangeness == pytest.approx(np.exp(logits[1] - logits[0]), 1e-4)


def test_a_track_is_unknown_if_a_rejected_output_wins(
    model_file: Path, tmp_path: Path
) -> None:
    high = write_audio(tmp_path / "high.flac", noise(12))
    prediction = GenreClassifier.load(model_file).predict_file(high)
    assert prediction.is_unknown
    assert prediction.confidence < 0.5
    by_votes = GenreClassifier.load(model_file, "vote").predict_file(high)
    assert by_votes.confidence < 0.5


def test_worker_processes_return_the_same_strangeness(
    model_file: Path, tmp_path: Path
) -> None:
    high = write_audio(tmp_path / "high.flac", noise(12))
    classifier = GenreClassifier.load(model_file)
    with closing(IsolatedClassifier.copy_of(classifier)) as isolated:
        there = isolated.predict_file(high)
    here = classifier.predict_file(high)
    assert there.strangeness == pytest.approx(here.strangeness)
    assert there.probabilities == pytest.approx(here.probabilities)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_audio(tmp_path / "song.flac", music(30, RATE_HZ), RATE_HZ)


def test_pooled_logits_are_averaged_before_the_softmax(tmp_path: Path, song: Path) -> None:
    path = write_small_model(tmp_path / "a.onnx", pool_logits=True, temperature=2.0)
    classifier = GenreClassifier.load(path)
    prediction = classifier.predict_file(song)
    logits = classifier.score_segments(classifier.segments_of(song)).logits
    np.testing.assert_allclose(
        prediction.probabilities, softmax(logits.mean(axis=0), 2.0), rtol=1e-5
    )
    np.testing.assert_allclose(
        prediction.segment_probabilities, softmax(logits, 2.0), rtol=1e-5
    )
    assert not classifier.multi_label


def test_pooled_logits_of_a_multi_label_model_pass_a_sigmoid(
    tmp_path: Path, song: Path
) -> None:
    path = write_small_model(
        tmp_path / "a.onnx", pool_logits=True, multi_label=True, temperature=2.0
    )
    classifier = GenreClassifier.load(path)
    prediction = classifier.predict_file(song)
    logits = classifier.score_segments(classifier.segments_of(song)).logits
    expected = 1 / (1 + np.exp(-logits.mean(axis=0) / 2))
    np.testing.assert_allclose(prediction.probabilities, expected, rtol=1e-5)
    np.testing.assert_allclose(
        prediction.segment_probabilities, 1 / (1 + np.exp(-logits / 2)), rtol=1e-5
    )
    assert classifier.multi_label


@pytest.mark.parametrize(
    ("pool_logits", "expected"),
    [
        pytest.param(True, softmax(np.array([2.0, 0.5], np.float32), 1.0), id="logits"),
        pytest.param(False, np.array([0.625478, 0.374522]), id="probabilities"),
    ],
)
def test_pooled_logits_differ_from_the_mean_of_probabilities(
    tmp_path: Path, pool_logits: bool, expected: NDArray[np.float32]
) -> None:
    path = write_small_model(tmp_path / "a.onnx", pool_logits=pool_logits)
    # Sure of the one, and doubtful about the other.
    logits = np.array([[4.0, 0.0], [0.0, 1.0]], np.float32)
    probabilities = GenreClassifier.load(path).track_probabilities(logits)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)
