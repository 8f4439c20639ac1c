"""Jobs in several processes: order, failures, deaths, Ctrl-C."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pool_jobs import Dying, Failing, Greedy, Note, Worrying
from waiting import is_running, wait_until

from genre_model.errors import GenreModelError
from genre_model.training.fit import job_pool
from genre_model.training.fit.job_pool import run_jobs


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_failed_job_stops_no_other(
    n_processes: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notes = [Note(f"note {number}", tmp_path) for number in range(3)]
    with (
        caplog.at_level(logging.INFO, "genre_model"),
        pytest.raises(
            GenreModelError, match=r"^1 of 4 trainings failed: bad: no such folder$"
        ),
    ):
        run_jobs([Failing("bad"), *notes], n_processes, "trainings")
    assert {path.name for path in tmp_path.iterdir()} == {note.name for note in notes}
    assert {f"hello from {note.name}" for note in notes} < set(caplog.messages)
    assert "bad failed: no such folder" in caplog.messages


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_lack_of_memory_stops_no_other(n_processes: int, tmp_path: Path) -> None:
    with pytest.raises(GenreModelError, match="1 of 2 jobs failed: big: MemoryError"):
        run_jobs([Greedy("big"), Note("small", tmp_path)], n_processes)
    assert (tmp_path / "small").exists()


def test_pipes_may_be_of_any_class() -> None:
    # Windows has its own; sockets are what can be waited for everywhere.
    pairs = [socket.socketpair() for _ in range(3)]
    workers: Any = [
        SimpleNamespace(connection=ours, job=job)
        for (ours, _), job in zip(pairs, ("busy", "busy", None), strict=True)
    ]
    for _, theirs in pairs[1:]:
        theirs.send(b"ended")
    assert job_pool._ready(workers) == [workers[1]]
    for end in itertools.chain(*pairs):
        end.close()


def test_one_process_is_this_one(tmp_path: Path) -> None:
    run_jobs([Note("a", tmp_path), Note("b", tmp_path)])
    assert (tmp_path / "a").read_text().split()[0] == str(os.getpid())


def test_several_processes_share_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("genre_model.training.fit.job_pool._n_cores", lambda: 7)
    run_jobs([Note("a", tmp_path), Note("b", tmp_path)], 2)
    (pid_a, *rest_a), (pid_b, *rest_b) = (
        (tmp_path / name).read_text().split() for name in "ab"
    )
    assert len({pid_a, pid_b, str(os.getpid())}) == 3
    assert rest_a == rest_b == ["3", "False"]


def test_a_dead_process_is_named_and_replaced(tmp_path: Path) -> None:
    notes = [Note(f"note {number}", tmp_path) for number in range(2)]
    text = r"^2 of 4 jobs failed: .*dead 1: its process ended with status 9"
    with pytest.raises(GenreModelError, match=text):
        run_jobs([Dying("dead 1"), Dying("dead 2"), *notes], 2)
    assert len(list(tmp_path.iterdir())) == 2


def test_warnings_of_the_others_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_jobs([Worrying("a"), Note("b", tmp_path)], 2)
    assert "UserWarning: mind the gap" in caplog.text


SCRIPT = """
import sys
from pathlib import Path
from pool_jobs import Endless
from genre_model.training.fit.job_pool import run_jobs
if __name__ == "__main__":
    run_jobs([Endless(name, Path(sys.argv[1])) for name in "abc"], 2)
"""


def start_endless_jobs(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Return a process whose two children have begun, and their ids."""
    script = folder / "endless.py"
    script.write_text(SCRIPT)
    paths = os.pathsep.join(str(Path(__file__).parents[n]) for n in (1, 2))
    parent = subprocess.Popen(  # noqa: S603
        [sys.executable, str(script), str(folder)],
        env=os.environ | {"PYTHONPATH": paths},
        stderr=subprocess.PIPE,
    )
    begun = [folder / "a", folder / "b"]
    wait_until(lambda: all(path.exists() and path.read_text() for path in begun))
    return parent, [int(path.read_text()) for path in begun]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_ends_the_children(tmp_path: Path) -> None:
    parent, children = start_endless_jobs(tmp_path)
    parent.send_signal(signal.SIGINT)
    _, complaint = parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGINT
    assert complaint.count(b"Traceback") == 1, "the parent's alone"
    wait_until(lambda: not any(map(is_running, children)))
    assert (tmp_path / "a tidied").exists()
    assert not (tmp_path / "c").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    parent, children = start_endless_jobs(tmp_path)
    parent.kill()
    parent.communicate(timeout=60)
    wait_until(lambda: not any(map(is_running, children)))
