"""Processes that predict: what they say, and what becomes of those that stumble."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from audio_files import CONTAINERS, music, write_audio
from odd_program import HANG_SECONDS
from onnx_models import write_small_model
from waiting import is_running, wait_until

from genre_model.batch import predict_files
from genre_model.classifier import GenreClassifier
from genre_model.errors import (
    AudioDecodeError,
    GenreModelError,
    ModelFileError,
    NoProcessError,
)
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.worker import client, isolated_classifier
from genre_model.worker.isolated_classifier import IsolatedClassifier
from genre_model.worker.main import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLES = Path("/proc/self/fd")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of it")


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audio(tmp_path_factory.mktemp("songs") / "song.flac", music(12))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small.onnx")


@pytest.fixture
def isolated(model: Path) -> Iterator[IsolatedClassifier]:
    classifier = IsolatedClassifier.load(model)
    yield classifier
    classifier.close()


@pytest.fixture
def stumbling(model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsolatedClassifier]:
    """A classifier whose processes run ``odd_program.py``."""
    program = client.PROGRAM.replace("genre_model.worker.main", "odd_program")
    monkeypatch.setattr(client, "PROGRAM", program)
    classifier = IsolatedClassifier.load(model)
    yield classifier
    classifier.close()


def pids_of(classifier: IsolatedClassifier) -> list[int]:
    return [process.pid for process in classifier.processes]


def wait_until_gone(pid: int) -> None:
    wait_until(lambda: not is_running(pid))


class TestAnswers:
    def test_every_container_is_heard_alike_to_the_last_bit(self, tmp_path: Path) -> None:
        here, there = GenreClassifier.load(), IsolatedClassifier.load()
        samples = music(12)
        for name, kind in CONTAINERS.items():
            path = write_audio(tmp_path / f"{name}{kind.suffix}", samples, codec=kind.codec)
            ours, theirs = here.predict_file(path), there.predict_file(path)
            assert theirs.path == path
            assert theirs.ranked() == ours.ranked()
            for part in ("probabilities", "segment_probabilities", "start_seconds"):
                expected, found = getattr(ours, part), getattr(theirs, part)
                assert found.dtype == expected.dtype
                assert np.array_equal(found, expected)
        there.close()

    def test_it_knows_what_the_model_says_of_itself(
        self, isolated: IsolatedClassifier, model: Path
    ) -> None:
        here = GenreClassifier.load(model)
        assert isolated.card == here.card
        assert isolated.model_id == here.model_id
        assert isolated.genres == here.genres
        assert isolated.multi_label == here.multi_label

    def test_scores_are_the_same_to_the_last_bit(
        self, isolated: IsolatedClassifier, model: Path, song: Path
    ) -> None:
        ours, theirs = (
            GenreClassifier.load(model).score_file(song),
            isolated.score_file(song),
        )
        for part in ("logits", "embedding"):
            expected, found = getattr(ours, part), getattr(theirs, part)
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)

    def test_segments_vote_if_they_are_to(self, model: Path, song: Path) -> None:
        here = GenreClassifier.load(model, "vote").predict_file(song)
        there = IsolatedClassifier.load(model, "vote")
        assert there.predict_file(song).ranked() == here.ranked()
        there.close()

    def test_errors_are_the_same_as_here(
        self, isolated: IsolatedClassifier, model: Path, tmp_path: Path
    ) -> None:
        write_audio(tmp_path / "silent.flac", np.zeros(200_000, np.float32))
        write_audio(tmp_path / "short.flac", music(0.2))
        (tmp_path / "text.mp3").write_text("no music")
        here = GenreClassifier.load(model)
        for name in ("silent.flac", "short.flac", "text.mp3", "gone.mp3", ""):
            path = tmp_path / name
            with pytest.raises(GenreModelError) as expected:
                here.predict_file(path)
            with pytest.raises(GenreModelError) as found:
                isolated.predict_file(path)
            assert type(found.value) is type(expected.value)
            assert str(found.value) == str(expected.value)
        assert len(pids_of(isolated)) == 1

    @pytest.mark.parametrize("name", ["two\nlines.flac", '"{}\\".flac', "a\udcff.flac"])
    def test_odd_names(
        self, isolated: IsolatedClassifier, song: Path, tmp_path: Path, name: str
    ) -> None:
        path = tmp_path / name
        try:
            path.write_bytes(song.read_bytes())
        except OSError:
            pytest.skip("no such names on this file system")
        assert isolated.predict_file(path).path == path


class TestModels:
    def test_a_bad_model_is_the_error_that_it_is_here(self, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged.onnx"
        damaged.write_bytes(bytes(3000))
        for bad in (damaged, tmp_path / "gone.onnx", "no_such_model"):
            with pytest.raises(ModelFileError) as expected:
                GenreClassifier.load(bad)
            with pytest.raises(ModelFileError) as found:
                IsolatedClassifier.load(bad, is_untrusted=False)
            assert str(found.value) == str(expected.value)

    def test_what_is_given_as_a_path_is_tried_first(self, tmp_path: Path) -> None:
        path = write_small_model(tmp_path / "small.onnx")
        model = onnx.load_model_from_string(path.read_bytes())
        (weights,) = [one for one in model.graph.initializer if one.name == "weights"]
        weights.ClearField("raw_data")
        weights.data_location = onnx.TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="secret.bin")
        path.write_bytes(model.SerializeToString())
        with pytest.raises(ModelFileError, match="lie in another file"):
            IsolatedClassifier.load(path)

    @pytest.mark.skipif(sys.platform != "linux", reason="memory has no limit here")
    def test_a_model_that_asks_for_much_memory(self, tmp_path: Path) -> None:
        path = write_small_model(tmp_path / "small.onnx")
        path.write_bytes(asking_for(8 * MOST_BYTES, path.read_bytes()))
        with pytest.raises(ModelFileError, match=r"small\.onnx"):
            IsolatedClassifier.load(path)

    def test_onnx_runtime_prints_nothing(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = write_small_model(tmp_path / "small.onnx")
        path.write_bytes(asking_for(2**62, path.read_bytes()))
        with pytest.raises(ModelFileError):
            GenreClassifier.load(path).predict_file(
                write_audio(tmp_path / "song.flac", music(5))
            )
        assert capfd.readouterr() == ("", "")

    def test_a_library_that_cannot_be_loaded(
        self, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "onnxruntime.py").write_text("raise ImportError('no wheel for it')")
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(ImportError, match="no wheel for it"):
            IsolatedClassifier.load(model)

    @pytest.mark.parametrize("python", ["", "/no/such/python", sys.executable + "-x"])
    def test_no_process_can_be_started(
        self, model: Path, monkeypatch: pytest.MonkeyPatch, python: str
    ) -> None:
        monkeypatch.setattr(sys, "executable", python)
        with pytest.raises(NoProcessError, match="no process can be started"):
            IsolatedClassifier.load(model)

    def test_a_process_that_ends_over_the_model(
        self, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "PROGRAM", "raise SystemExit(7)")
        with pytest.raises(GenreModelError, match="exit status 7"):
            IsolatedClassifier.load(model)

    def test_a_model_that_is_replaced_meanwhile(self, song: Path, tmp_path: Path) -> None:
        model = write_small_model(tmp_path / "small.onnx")
        classifier = IsolatedClassifier.load(model)
        before = classifier.predict_file(song)
        model.write_bytes(b"another one")
        classifier.processes[0].kill()
        wait_for_end_of(classifier)
        assert np.array_equal(
            classifier.predict_file(song).probabilities, before.probabilities
        )
        classifier.close()


def asking_for(n_bytes: int, content: bytes) -> bytes:
    """Let the logits of a model depend on an array of that size."""
    model = onnx.load_model_from_string(content)
    shape = onnx.numpy_helper.from_array(np.array([n_bytes // 4], np.int64), "much_shape")
    model.graph.initializer.append(shape)
    node = onnx.helper.make_node
    model.graph.node[-1].output[0] = "less"
    model.graph.node.extend(
        [
            node("ConstantOfShape", ["much_shape"], ["much"]),
            node("ReduceMax", ["much"], ["most"], keepdims=0),
            node("Add", ["less", "most"], ["logits"]),
        ]
    )
    serialised: bytes = model.SerializeToString()
    return serialised


NO_THREAD = """
import threading
def fail(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
"""


class TestTooFewProcesses:
    """What the limits of a container, or ``ulimit -u``, leave."""

    def test_no_thread_in_this_process(
        self, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading.Thread, "start", fail_to_start)
        with pytest.raises(NoProcessError, match="no thread can be started"):
            IsolatedClassifier.load(model)

    def test_no_thread_in_the_other_process(
        self,
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
        self, isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading.Timer, "start", fail_to_start)
        with pytest.raises(NoProcessError, match="no thread can be started"):
            list(predict_files(isolated, [song] * 3, n_threads=1))

    def test_no_thread_to_work_in_ends_the_pass(
        self, isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading.Thread, "start", fail_to_start)
        with pytest.raises(NoProcessError, match="no thread can be started"):
            list(predict_files(isolated, [song], n_threads=1))

    def test_threads_share_the_running_processes(
        self, isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> None:
            raise BlockingIOError(11, "Resource temporarily unavailable")

        monkeypatch.setattr(isolated_classifier, "PredictionProcess", fail)
        outcomes = list(predict_files(isolated, [song] * 6, n_threads=3))
        assert [outcome.error for outcome in outcomes] == [None] * 6
        isolated.close()
        with pytest.raises(NoProcessError, match="temporarily unavailable"):
            isolated.predict_file(song)

    def test_all_threads_hear_that_the_last_process_has_ended(
        self, isolated: IsolatedClassifier, song: Path, monkeypatch: pytest.MonkeyPatch
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
        self,
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


def wait_for_end_of(classifier: IsolatedClassifier) -> None:
    wait_until(lambda: not any(process.is_alive() for process in classifier.processes))


class TestStumbling:
    @pytest.mark.parametrize("answer", ["5", "null", "{}", "[]", "hello"])
    def test_an_answer_that_makes_no_sense_costs_one_file(
        self,
        isolated: IsolatedClassifier,
        song: Path,
        monkeypatch: pytest.MonkeyPatch,
        answer: str,
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
        self,
        stumbling: IsolatedClassifier,
        song: Path,
        tmp_path: Path,
        name: str,
        reason: str,
    ) -> None:
        paths = [song, tmp_path / f"{name}.flac", song, song]
        outcomes = list(predict_files(stumbling, paths, n_threads=2))
        assert [outcome.path for outcome in outcomes] == paths
        assert [outcome.result is None for outcome in outcomes] == [
            *(False, True, False, False)
        ]
        assert isinstance(outcomes[1].error, AudioDecodeError)
        assert str(outcomes[1].error) == (
            f"{paths[1]}: the process that decoded it ended ({reason})"
        )

    def test_a_file_that_never_ends_costs_its_time(
        self,
        stumbling: IsolatedClassifier,
        song: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(isolated_classifier, "MAX_SECONDS_PER_FILE", 3.0)
        hang, after = predict_files(stumbling, [tmp_path / "hang.flac", song], n_threads=1)
        assert "too slow" in str(hang.error)
        assert after.result is not None

    def test_a_bug_costs_one_file(
        self, stumbling: IsolatedClassifier, song: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "bug.flac"
        bug, after = predict_files(stumbling, [path, song], n_threads=1)
        assert str(bug.error) == f"{path}: unexpected ZeroDivisionError: oops"
        assert after.result is not None

    @pytest.mark.skipif(sys.platform != "linux", reason="memory has no limit here")
    def test_too_much_memory_costs_one_file(
        self, stumbling: IsolatedClassifier, song: Path, tmp_path: Path
    ) -> None:
        greedy, after = predict_files(
            stumbling, [tmp_path / "greedy.flac", song], n_threads=1
        )
        assert "MemoryError" in str(greedy.error)
        assert after.result is not None
        assert len(pids_of(stumbling)) == 1

    def test_what_libraries_print_is_no_answer(
        self,
        stumbling: IsolatedClassifier,
        song: Path,
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        path = tmp_path / "noisy.flac"
        path.write_bytes(song.read_bytes())
        assert stumbling.predict_file(path).genre == stumbling.predict_file(song).genre
        assert capfd.readouterr() == ("", "")

    def test_stopping_does_not_wait_for_the_file_under_way(
        self, stumbling: IsolatedClassifier, tmp_path: Path
    ) -> None:
        before = set(threading.enumerate())
        paths = [tmp_path / "hang.flac"] * 5
        is_hanging = (tmp_path / "hang.hanging").exists
        outcomes = list(
            predict_files(stumbling, paths, n_threads=2, should_stop=is_hanging)
        )
        assert outcomes == []

        wait_until(lambda: set(threading.enumerate()) <= before, seconds=HANG_SECONDS / 2)

    def test_a_process_that_starts_after_the_interrupt_is_ended(
        self,
        stumbling: IsolatedClassifier,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
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

        stumbling.close()
        genuine = stumbling.interrupt
        monkeypatch.setattr(stumbling, "interrupt", interrupt)
        monkeypatch.setattr(isolated_classifier, "PredictionProcess", Late)
        paths = [tmp_path / "hang.flac"]
        assert not list(predict_files(stumbling, paths, should_stop=starts.is_set))
        wait_until(lambda: bool(started))
        wait_until(lambda: not started[0].is_alive(), seconds=HANG_SECONDS / 2)

    def test_an_idle_process_that_was_killed_costs_nothing(
        self, isolated: IsolatedClassifier, song: Path
    ) -> None:
        expected = isolated.predict_file(song).ranked()
        isolated.processes[0].kill()
        wait_for_end_of(isolated)
        assert isolated.predict_file(song).ranked() == expected


class TestProcesses:
    @pytest.mark.parametrize("n_threads", [1, 3])
    def test_there_is_one_for_each_thread(
        self, isolated: IsolatedClassifier, song: Path, n_threads: int
    ) -> None:
        outcomes = list(predict_files(isolated, [song] * 12, n_threads=n_threads))
        assert all(outcome.result is not None for outcome in outcomes)
        assert len(pids_of(isolated)) == n_threads

    def test_they_serve_again(self, isolated: IsolatedClassifier, song: Path) -> None:
        list(predict_files(isolated, [song] * 4, n_threads=2))
        before = sorted(pids_of(isolated))
        list(predict_files(isolated, [song] * 4, n_threads=2))
        assert sorted(pids_of(isolated)) == before

    @POSIX
    def test_ctrl_c_does_not_reach_them(self, isolated: IsolatedClassifier) -> None:
        (pid,) = pids_of(isolated)
        assert os.getpgid(pid) != os.getpgid(0)

    @POSIX
    def test_they_end_with_the_classifier(self, model: Path, song: Path) -> None:
        gc.collect()  # what earlier tests left
        n_handles = len(list(HANDLES.iterdir())) if HANDLES.exists() else None
        classifier = IsolatedClassifier.load(model)
        list(predict_files(classifier, [song] * 4, n_threads=2))
        pids = pids_of(classifier)
        assert all(map(is_running, pids))
        del classifier
        gc.collect()
        assert not any(map(is_running, pids))
        if n_handles is not None:
            assert len(list(HANDLES.iterdir())) == n_handles

    @POSIX
    def test_they_end_with_the_process_that_asked_however_that_ends(
        self, model: Path
    ) -> None:
        script = (
            "import sys, time; from genre_model import IsolatedClassifier as C; "
            f"c = C.load({str(model)!r}); print(c.processes[0].pid, flush=True); "
            "time.sleep(60)"
        )
        asking = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)  # noqa: S603
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        assert is_running(pid)
        asking.kill()
        asking.wait()
        asking.stdout.close()
        wait_until_gone(pid)

    @POSIX
    def test_one_that_hangs_ends_with_it_too(self, model: Path, tmp_path: Path) -> None:
        script = (
            "import sys, threading, time; from pathlib import Path; "
            f"sys.path.insert(0, {str(Path(__file__).parents[1])!r}); "
            "from genre_model import IsolatedClassifier as C; "
            "from genre_model.worker import client as p; "
            "p.PROGRAM = p.PROGRAM.replace('genre_model.worker.main', 'odd_program'); "
            f"c = C.load({str(model)!r}, is_untrusted=False); "
            "print(c.processes[0].pid, flush=True); "
            f"c.predict_file(Path({str(tmp_path / 'hang.flac')!r}))"
        )
        asking = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)  # noqa: S603
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        wait_until((tmp_path / "hang.hanging").exists)
        asking.kill()
        asking.wait()
        asking.stdout.close()
        wait_until_gone(pid)

    @POSIX
    def test_less_memory_than_that_is_allowed_is_no_trouble(
        self, model: Path, song: Path
    ) -> None:
        command = f"ulimit -d 2000000; exec {sys.executable} -m genre_model predict "
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", f"{command} --model {model} {song} 2>&-"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert str(song) in done.stdout

    def test_the_process_that_asks_loads_no_decoder(self, model: Path, song: Path) -> None:
        script = (
            "import sys; from pathlib import Path; import genre_model; "
            f"c = genre_model.IsolatedClassifier.load({str(model)!r}); "
            f"c.predict_file(Path({str(song)!r})); "
            "print(sorted({'av', 'onnxruntime', 'onnx', 'scipy'} & sys.modules.keys()))"
        )
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert done.stdout == "[]\n"
        assert done.stderr == ""
