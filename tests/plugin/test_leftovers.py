"""What a killed run left in a folder, and what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from beetsplug.genreclf import leftovers
from beetsplug.genreclf.leftovers import BACKUP, EDITED, PREFIX, name_beside, tidy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no process can be asked for there"
)
LONG_AGO = 2 * leftovers.STALE_SECONDS


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"half of the new")
    return path


@pytest.fixture(scope="session")
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def leave(dead_pid: int) -> Callable[..., Path]:
    """Leave a copy of a file, as a killed process does."""

    def leave(song: Path, kind: str, pid: int = dead_pid, content: bytes = b"old") -> Path:
        name = name_beside(song, kind).name.replace(f"-{os.getpid()}-", f"-{pid}-")
        left = song.with_name(name)
        left.write_bytes(content)
        return left

    return leave


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_a_copy_that_was_being_edited_is_removed(
    song: Path, leave: Callable[..., Path]
) -> None:
    leave(song, EDITED)
    leave(song.with_name("another.mp3"), EDITED)
    assert tidy(song.parent) == []
    assert list(song.parent.iterdir()) == [song]
    assert song.read_bytes() == b"half of the new"


@pytest.mark.parametrize("name", ["song.mp3", "x" * 251 + ".mp3", "[*?].mp3", "a"])
def test_a_file_that_was_being_edited_is_what_it_was(
    song: Path, leave: Callable[..., Path], name: str
) -> None:
    song = song.rename(song.with_name(name))
    number = song.stat().st_ino
    leave(song, BACKUP)
    assert tidy(song.parent) == []
    assert list(song.parent.iterdir()) == [song]
    assert song.read_bytes() == b"old"
    assert song.stat().st_ino == number


def test_a_file_that_was_not_touched_yet_stays_untouched(
    song: Path, leave: Callable[..., Path]
) -> None:
    before = song.stat().st_mtime_ns
    leave(song, BACKUP, content=song.read_bytes())
    assert tidy(song.parent) == []
    assert list(song.parent.iterdir()) == [song]
    assert song.stat().st_mtime_ns == before


def test_what_somebody_edited_since_is_left_to_people(
    song: Path, leave: Callable[..., Path]
) -> None:
    backup = leave(song, BACKUP)
    age(backup, leftovers.EDIT_SECONDS + 10)
    assert tidy(song.parent) == [(backup, song)]
    assert song.read_bytes() == b"half of the new"
    assert backup.read_bytes() == b"old"


def test_a_copy_of_what_is_gone_is_left_to_people(
    song: Path, leave: Callable[..., Path]
) -> None:
    backup = leave(song, BACKUP)
    song.rename(song.with_name("elsewhere.mp3"))
    assert tidy(song.parent) == [(backup, None)]


@pytest.mark.parametrize("kind", [EDITED, BACKUP])
def test_what_a_process_is_at_work_on_stays_until_it_is_old(
    song: Path, leave: Callable[..., Path], kind: str
) -> None:
    theirs = leave(song, kind, pid=os.getppid())
    tidy(song.parent)
    assert theirs.exists()
    for path in (song, theirs):
        age(path, LONG_AGO)
    tidy(song.parent)
    assert not theirs.exists()


def test_what_another_machine_is_at_work_on_stays_until_it_is_old(
    song: Path, leave: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders are shared; its processes have numbers of their own."""
    with monkeypatch.context() as there:
        there.setattr("socket.gethostname", lambda: "another")
        theirs = leave(song, EDITED)
    tidy(song.parent)
    assert theirs.exists()
    age(theirs, LONG_AGO)
    tidy(song.parent)
    assert not theirs.exists()


@pytest.mark.parametrize("name", [f"{PREFIX}notes.txt", f"{PREFIX}undo-x.mp3"])
def test_what_only_looks_like_one_stays(song: Path, name: str) -> None:
    other = song.with_name(name)
    other.write_bytes(b"mine")
    tidy(song.parent)
    assert other.exists()


class TestOfARun:
    @pytest.fixture
    def song(self, home: BeetsHome) -> Path:
        return home.add_track("Song")

    @pytest.fixture
    def whole(self, song: Path, leave: Callable[..., Path]) -> bytes:
        """Kill an edit of the song; return its content from before."""
        whole = song.read_bytes()
        leave(song, BACKUP, content=whole)
        song.write_bytes(whole[:100] + bytes(100))
        return whole

    @pytest.mark.usefixtures("whole")
    def test_is_seen_to_before_a_file_is_heard(
        self, home: BeetsHome, song: Path, classifier: object
    ) -> None:
        assert classifier
        printed = home.beet("genreclf")
        assert (printed.exit_code, printed.err) == (0, "")
        assert home.item("Song").genres == ["Rock"]
        assert list(song.parent.iterdir()) == [song]

    @pytest.mark.usefixtures("classifier")
    def test_is_seen_to_before_a_file_is_given_back(
        self, home: BeetsHome, song: Path, leave: Callable[..., Path]
    ) -> None:
        home.beet("genreclf")
        leave(song, BACKUP, content=song.read_bytes())
        song.write_bytes(bytes(200))
        assert home.beet("genreclf", "--revert").exit_code == 0
        assert list(song.parent.iterdir()) == [song]

    @pytest.mark.parametrize("flags", [("-W",), ("-p",), ("--check",)])
    @pytest.mark.usefixtures("classifier")
    def test_waits_for_a_run_that_writes(
        self, home: BeetsHome, song: Path, whole: bytes, flags: tuple[str, ...]
    ) -> None:
        home.beet("genreclf", *flags)
        assert song.read_bytes() != whole

    @pytest.mark.usefixtures("classifier")
    def test_what_is_left_to_people_is_said(
        self, home: BeetsHome, song: Path, leave: Callable[..., Path]
    ) -> None:
        backup = leave(song, BACKUP)
        age(backup, leftovers.EDIT_SECONDS + 10)
        printed = home.beet("genreclf")
        assert printed.err.count(f"{backup}: {song}, edited since") == 1
        assert backup.exists()
