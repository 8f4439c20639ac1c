"""Worker processes: predictions, models, start and end."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from audio_files import music, write_audio
from model.conftest import wait_for_end_of
from onnx_models import write_small_model
from waiting import is_running, wait_until

from genre_model.batch import predict_files
from genre_model.classifier import GenreClassifier
from genre_model.errors import (
    GenreModelError,
    ModelFileError,
    NoProcessError,
)
from genre_model.worker import client
from genre_model.worker.isolated_classifier import IsolatedClassifier
from genre_model.worker.main import MOST_BYTES

HANDLES = Path("/proc/self/fd")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of it")


def pids_of(classifier: IsolatedClassifier) -> list[int]:
    return [process.pid for process in classifier.processes]


def wait_until_gone(pid: int) -> None:
    wait_until(lambda: not is_running(pid))


def test_predictions_equal_those_of_this_process_bit_by_bit(
    files: dict[str, Path],
) -> None:
    here, there = GenreClassifier.load(), IsolatedClassifier.load()
    for path in files.values():
        ours, theirs = here.predict_file(path), there.predict_file(path)
        assert theirs.path == path
        assert theirs.ranked() == ours.ranked()
        for part in ("probabilities", "segment_probabilities", "start_seconds"):
            expected, found = getattr(ours, part), getattr(theirs, part)
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)
    there.close()


def test_it_has_the_card_of_the_model(isolated: IsolatedClassifier, model: Path) -> None:
    here = GenreClassifier.load(model)
    assert isolated.card == here.card
    assert isolated.model_id == here.model_id
    assert isolated.genres == here.genres
    assert isolated.multi_label == here.multi_label


def test_scores_are_the_same_to_the_last_bit(
    isolated: IsolatedClassifier, model: Path, song: Path
) -> None:
    ours, theirs = (GenreClassifier.load(model).score_file(song), isolated.score_file(song))
    for part in ("logits", "embedding"):
        expected, found = getattr(ours, part), getattr(theirs, part)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_segments_can_vote(model: Path, song: Path) -> None:
    here = GenreClassifier.load(model, "vote").predict_file(song)
    there = IsolatedClassifier.load(model, "vote")
    assert there.predict_file(song).ranked() == here.ranked()
    there.close()


def test_errors_are_the_same_as_here(
    isolated: IsolatedClassifier, model: Path, tmp_path: Path
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
def test_paths_with_odd_names_are_predicted(
    isolated: IsolatedClassifier, song: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    try:
        path.write_bytes(song.read_bytes())
    except OSError:
        pytest.skip("no such names on this file system")
    assert isolated.predict_file(path).path == path


def test_a_bad_model_is_the_error_that_it_is_here(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(bytes(3000))
    for bad in (damaged, tmp_path / "gone.onnx", "no_such_model"):
        with pytest.raises(ModelFileError) as expected:
            GenreClassifier.load(bad)
        with pytest.raises(ModelFileError) as found:
            IsolatedClassifier.load(bad, is_untrusted=False)
        assert str(found.value) == str(expected.value)


def test_a_model_given_as_a_path_is_checked_first(tmp_path: Path) -> None:
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
def test_a_model_that_asks_for_much_memory(tmp_path: Path) -> None:
    path = write_small_model(tmp_path / "small.onnx")
    path.write_bytes(asking_for(8 * MOST_BYTES, path.read_bytes()))
    with pytest.raises(ModelFileError, match=r"small\.onnx"):
        IsolatedClassifier.load(path)


def test_onnx_runtime_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_small_model(tmp_path / "small.onnx")
    path.write_bytes(asking_for(2**62, path.read_bytes()))
    with pytest.raises(ModelFileError):
        GenreClassifier.load(path).predict_file(
            write_audio(tmp_path / "song.flac", music(5))
        )
    assert capfd.readouterr() == ("", "")


def test_a_library_that_cannot_be_loaded(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no wheel for it')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="no wheel for it"):
        IsolatedClassifier.load(model)


@pytest.mark.parametrize("python", ["", "/no/such/python", sys.executable + "-x"])
def test_no_process_can_be_started(
    model: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    with pytest.raises(NoProcessError, match="no process can be started"):
        IsolatedClassifier.load(model)


def test_a_process_that_ends_over_the_model(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PROGRAM", "raise SystemExit(7)")
    with pytest.raises(GenreModelError, match="exit status 7"):
        IsolatedClassifier.load(model)


def test_a_model_that_is_replaced_meanwhile(song: Path, tmp_path: Path) -> None:
    model = write_small_model(tmp_path / "small.onnx")
    classifier = IsolatedClassifier.load(model)
    before = classifier.predict_file(song)
    model.write_bytes(b"another one")
    classifier.processes[0].kill()
    wait_for_end_of(classifier)
    assert np.array_equal(classifier.predict_file(song).probabilities, before.probabilities)
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


@pytest.mark.parametrize("n_threads", [1, 3])
def test_each_thread_has_a_process(
    isolated: IsolatedClassifier, song: Path, n_threads: int
) -> None:
    outcomes = list(predict_files(isolated, [song] * 12, n_threads=n_threads))
    assert all(outcome.result is not None for outcome in outcomes)
    assert len(pids_of(isolated)) == n_threads


def test_processes_are_used_again(isolated: IsolatedClassifier, song: Path) -> None:
    list(predict_files(isolated, [song] * 4, n_threads=2))
    before = sorted(pids_of(isolated))
    list(predict_files(isolated, [song] * 4, n_threads=2))
    assert sorted(pids_of(isolated)) == before


@POSIX
def test_ctrl_c_does_not_reach_the_processes(isolated: IsolatedClassifier) -> None:
    (pid,) = pids_of(isolated)
    assert os.getpgid(pid) != os.getpgid(0)


@POSIX
def test_processes_end_with_the_classifier(model: Path, song: Path) -> None:
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
def test_processes_end_with_a_killed_parent(model: Path) -> None:
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
def test_a_hanging_process_ends_with_a_killed_parent(model: Path, tmp_path: Path) -> None:
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
def test_a_lower_limit_of_memory_is_kept(model: Path, song: Path) -> None:
    command = f"ulimit -d 2000000; exec {sys.executable} -m genre_model predict "
    done = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", f"{command} --model {model} {song} 2>&-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert str(song) in done.stdout


def test_the_parent_loads_no_decoder(model: Path, song: Path) -> None:
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
