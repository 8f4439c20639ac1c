"""Many files: order, bounds, errors, stopping."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from onnx_models import write_small_model
from threadpoolctl import threadpool_info, threadpool_limits

from genre_model.batch import LOOK_AHEAD, default_threads, predict_files
from genre_model.classifier import GenreClassifier
from genre_model.errors import AudioDecodeError, GenreModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def classifier(tmp_path: Path) -> GenreClassifier:
    return GenreClassifier.load(write_small_model(tmp_path / "small.onnx"))


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_audio(tmp_path / "song.flac", music(5))


def test_outcomes_come_in_order_and_a_bad_file_stops_nothing(
    classifier: GenreClassifier, song: Path, tmp_path: Path
) -> None:
    paths = [song, tmp_path / "gone.mp3", song, tmp_path, song]
    outcomes = list(predict_files(classifier, paths, n_threads=3))
    assert [outcome.path for outcome in outcomes] == paths
    assert [outcome.result is None for outcome in outcomes] == [
        *(False, True, False, True, False)
    ]
    assert isinstance(outcomes[1].error, AudioDecodeError)
    assert "gone.mp3" in str(outcomes[1].error)


def test_each_thread_takes_one_core(classifier: GenreClassifier, song: Path) -> None:
    def threads_of_numpy() -> list[int]:
        return [
            one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"
        ]

    with threadpool_limits(2, user_api="blas"):
        before = threads_of_numpy()
        if not before:
            pytest.skip("numpy has no linear algebra whose threads can be told")
        meanwhile = [threads_of_numpy() for _ in predict_files(classifier, [song, song])]
        assert threads_of_numpy() == before
    assert meanwhile == [[1] * len(before)] * 2


def test_no_files_are_no_outcomes(classifier: GenreClassifier) -> None:
    assert list(predict_files(classifier, [])) == []


def test_paths_are_read_only_a_little_ahead(
    classifier: GenreClassifier, song: Path
) -> None:
    n_read = 0

    def endless() -> Iterator[Path]:
        nonlocal n_read
        while True:
            n_read += 1
            yield song

    outcomes = predict_files(classifier, endless(), n_threads=2)
    for _ in range(3):
        next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert n_read <= 3 + 2 * LOOK_AHEAD


def test_a_bug_costs_one_file(
    classifier: GenreClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(classifier, "predict_file", broken)
    (outcome,) = predict_files(classifier, [song])
    assert isinstance(outcome.error, GenreModelError)
    assert str(outcome.error) == f"{song}: unexpected ZeroDivisionError: oops"


def test_stopping_does_not_wait_for_the_file_under_way(
    classifier: GenreClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, release, ended = (threading.Event() for _ in range(3))

    def wait(_: Path) -> None:
        begun.set()
        release.wait(30)
        ended.set()

    monkeypatch.setattr(classifier, "predict_file", wait)
    outcomes = list(predict_files(classifier, [song] * 50, should_stop=begun.is_set))
    assert outcomes == []
    assert not ended.is_set(), "it waited for a file that takes 30 s"
    release.set()


def test_default_threads_are_few() -> None:
    assert 1 <= default_threads() <= 4
