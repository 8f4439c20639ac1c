"""Worker processes that crash, hang, or cannot be started."""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from model.conftest import wait_for_end_of
from odd_program import HANG_SECONDS
from waiting import wait_until

from genre_model.batch import predict_files
from genre_model.classifier import GenreClassifier
from genre_model.errors import (
    AudioDecodeError,
    GenreModelError,
    NoProcessError,
)
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.worker import client, isolated_classifier
from genre_model.worker.isolated_classifier import IsolatedClassifier

HANDLES = Path("/proc/self/fd")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of it")


NO_THREAD = """
import threading
def fail(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
"""


def test_no_thread_in_this_process(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", fail_to_start)
    with pytest.raises(NoProcessError, match="no thread can be started"):
        IsolatedClassifier.load(model)


def test_no_thread_in_the_other_process(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_THREAD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NoProcessError, match="no thread can be started"):
        IsolatedClassifier.load(model)
    assert capfd.readouterr() == ("", "")


def test_no_thread_for_a_file_ends_the_pass(
    isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Timer, "start", fail_to_start)
    with pytest.raises(NoProcessError, match="no thread can be started"):
        list(predict_files(isolated, [song] * 3, n_threads=1))


def test_no_thread_to_work_in_ends_the_pass(
    isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", fail_to_start)
    with pytest.raises(NoProcessError, match="no thread can be started"):
        list(predict_files(isolated, [song], n_threads=1))


def test_threads_share_the_running_processes(
    isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(isolated_classifier, "PredictionProcess", fail)
    outcomes = list(predict_files(isolated, [song] * 6, n_threads=3))
    assert [outcome.error for outcome in outcomes] == [None] * 6
    isolated.close()
    with pytest.raises(NoProcessError, match="temporarily unavailable"):
        isolated.predict_file(song)


def test_all_waiting_threads_fail_when_the_last_process_ends(
    isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    def predict() -> None:
        with pytest.raises(NoProcessError):
            isolated.predict_file(song)
        ended.append(threading.current_thread())

    monkeypatch.setattr(isolated_classifier, "PredictionProcess", fail)
    ended: list[threading.Thread] = []
    busy = isolated._take()
    waiting = [threading.Thread(target=predict, daemon=True) for _ in range(2)]
    for thread in waiting:
        thread.start()
    waiters = isolated._changed._waiters  # type: ignore[attr-defined]
    wait_until(lambda: len(waiters) == 2)
    busy.kill()
    wait_until(lambda: not busy.is_alive())
    isolated._put_back(busy)
    for thread in waiting:
        thread.join(10)
    assert len(ended) == 2


@pytest.mark.parametrize("fingerprint", ["", "zz", "00" * 15, None])
def test_a_fingerprint_that_makes_no_sense_costs_one_file(
    isolated: IsolatedClassifier,
    song: Path,
    monkeypatch: pytest.MonkeyPatch,
    fingerprint: object,
) -> None:
    answer = {"seconds": 1.0, "fingerprint": fingerprint}
    with monkeypatch.context() as patch:
        patch.setattr(client.PredictionProcess, "ask", lambda *_: answer)
        with pytest.raises(AudioDecodeError, match="no sensible answer"):
            isolated.fingerprint_file(song)
    assert isolated.fingerprint_file(song) == fingerprint_file(song)


def fail_to_start(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_what_python_prints_as_it_starts_is_no_answer(
    model: Path, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = GenreClassifier.load(model).predict_file(song).ranked()
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nprint('x' * 200_000, flush=True)\nos.write(1, b'{}')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(IsolatedClassifier.load(model)) as classifier:
        assert classifier.predict_file(song).ranked() == expected


@pytest.mark.parametrize("answer", ["5", "null", "{}", "[]", "hello"])
def test_an_answer_that_makes_no_sense_costs_one_file(
    isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    (process,) = isolated.processes
    stdout = process._process.stdout
    assert stdout is not None
    with monkeypatch.context() as patch:
        patch.setattr(process._process, "stdout", BytesIO(answer.encode() + b"\n"))
        with pytest.raises(GenreModelError):
            isolated.predict_file(song)
    stdout.close()
    assert isolated.predict_file(song).path == song


@POSIX
@pytest.mark.parametrize(
    ("name", "reason"), [("segfault", "SIGSEGV"), ("exit", "exit status 3")]
)
def test_a_crash_costs_one_file(
    faulty: IsolatedClassifier, song: Path, tmp_path: Path, name: str, reason: str
) -> None:
    paths = [song, tmp_path / f"{name}.flac", song, song]
    outcomes = list(predict_files(faulty, paths, n_threads=2))
    assert [outcome.path for outcome in outcomes] == paths
    assert [outcome.result is None for outcome in outcomes] == [
        *(False, True, False, False)
    ]
    assert isinstance(outcomes[1].error, AudioDecodeError)
    assert str(outcomes[1].error) == (
        f"{paths[1]}: the process that decoded it ended ({reason})"
    )


def test_a_file_that_never_ends_costs_its_time(
    faulty: IsolatedClassifier,
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolated_classifier, "MAX_SECONDS_PER_FILE", 3.0)
    hang, after = predict_files(faulty, [tmp_path / "hang.flac", song], n_threads=1)
    assert "too slow" in str(hang.error)
    assert after.result is not None


def test_a_bug_costs_one_file(
    faulty: IsolatedClassifier, song: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bug.flac"
    bug, after = predict_files(faulty, [path, song], n_threads=1)
    assert str(bug.error) == f"{path}: unexpected ZeroDivisionError: oops"
    assert after.result is not None


@pytest.mark.skipif(sys.platform != "linux", reason="memory has no limit here")
def test_too_much_memory_costs_one_file(
    faulty: IsolatedClassifier, song: Path, tmp_path: Path
) -> None:
    greedy, after = predict_files(faulty, [tmp_path / "greedy.flac", song], n_threads=1)
    assert "MemoryError" in str(greedy.error)
    assert after.result is not None
    assert len(faulty.processes) == 1


def test_what_libraries_print_is_no_answer(
    faulty: IsolatedClassifier,
    song: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "noisy.flac"
    path.write_bytes(song.read_bytes())
    assert faulty.predict_file(path).genre == faulty.predict_file(song).genre
    assert capfd.readouterr() == ("", "")


def test_stopping_does_not_wait_for_the_file_under_way(
    faulty: IsolatedClassifier, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    paths = [tmp_path / "hang.flac"] * 5
    is_hanging = (tmp_path / "hang.hanging").exists
    outcomes = list(predict_files(faulty, paths, n_threads=2, should_stop=is_hanging))
    assert outcomes == []

    wait_until(lambda: set(threading.enumerate()) <= before, seconds=HANG_SECONDS / 2)


def test_a_process_that_starts_after_the_interrupt_is_ended(
    faulty: IsolatedClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts, interrupted = threading.Event(), threading.Event()
    started: list[Late] = []

    class Late(client.PredictionProcess):
        def __init__(self) -> None:
            starts.set()
            interrupted.wait(30)
            super().__init__()
            started.append(self)

    def interrupt() -> None:
        genuine()
        interrupted.set()

    faulty.close()
    genuine = faulty.interrupt
    monkeypatch.setattr(faulty, "interrupt", interrupt)
    monkeypatch.setattr(isolated_classifier, "PredictionProcess", Late)
    paths = [tmp_path / "hang.flac"]
    assert not list(predict_files(faulty, paths, should_stop=starts.is_set))
    wait_until(lambda: bool(started))
    wait_until(lambda: not started[0].is_alive(), seconds=HANG_SECONDS / 2)


def test_an_idle_process_that_was_killed_costs_nothing(
    isolated: IsolatedClassifier, song: Path
) -> None:
    expected = isolated.predict_file(song).ranked()
    isolated.processes[0].kill()
    wait_for_end_of(isolated)
    assert isolated.predict_file(song).ranked() == expected
