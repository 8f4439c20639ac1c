"""Copies that a killed run left: removed, put back, or left to the user."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile

from beetsplug.genreclf.storage import crash_recovery
from beetsplug.genreclf.storage.crash_recovery import (
    BACKUP,
    EDITED,
    PREFIX,
    CrashRecovery,
    name_beside,
    recover_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no process can be asked for there"),
    pytest.mark.usefixtures("classifier"),
]
LONG_AGO = 2 * crash_recovery.STALE_SECONDS


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "song.mp3"
    path.parent.mkdir()
    path.write_bytes(b"half of the new")
    return path


@pytest.fixture(scope="session")
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def leave(dead_pid: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Leave a copy of a file, as a killed process does, here or elsewhere."""

    def leave(
        song: Path,
        kind: str,
        content: bytes = b"old",
        *,
        pid: int = dead_pid,
        machine: int | None = None,
        container: int | None = None,
    ) -> Path:
        with monkeypatch.context() as there:
            if machine is not None:
                there.setattr("uuid.getnode", lambda: machine)
            if container is not None:
                there.setattr(crash_recovery, "_namespace", lambda: container)
            name = name_beside(song, kind).name
        left = song.with_name(name.replace(f"-{os.getpid()}-", f"-{pid}-"))
        left.write_bytes(content)
        return left

    return leave


#: Where a process may be at work still, or has a number that means nothing here.
ELSEWHERE = pytest.mark.parametrize(
    "where",
    [{"pid": os.getppid()}, {"machine": 1}, {"container": 7}],
    ids=["a process at work", "another machine", "another container"],
)


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def assert_stays(backup: Path, song: Path, content: bytes = b"half of the new") -> None:
    """Check that a backup and its file are left to people."""
    assert [left.path for left in recover_folder(song.parent).staying.values()] == [backup]
    assert song.read_bytes() == content


def test_a_copy_that_was_being_edited_is_removed(
    song: Path, leave: Callable[..., Path]
) -> None:
    leave(song, EDITED)
    assert recover_folder(song.parent).staying == {}
    assert list(song.parent.iterdir()) == [song]
    assert song.read_bytes() == b"half of the new"


@pytest.mark.parametrize("name", ["song.mp3", "x" * 251 + ".mp3", "[*?].mp3", "a"])
def test_a_file_that_was_being_edited_is_what_it_was(
    song: Path, leave: Callable[..., Path], name: str
) -> None:
    song = song.rename(song.with_name(name))
    number = song.stat().st_ino
    leave(song, BACKUP)
    assert recover_folder(song.parent).staying == {}
    assert list(song.parent.iterdir()) == [song]
    assert song.read_bytes() == b"old"
    assert song.stat().st_ino == number


def test_a_file_that_got_another_name_is_found(
    song: Path, leave: Callable[..., Path]
) -> None:
    leave(song, BACKUP)
    song = song.rename(song.with_name("elsewhere.mp3"))
    assert recover_folder(song.parent).staying == {}
    assert song.read_bytes() == b"old"


def test_a_file_that_was_not_touched_yet_stays_untouched(
    song: Path, leave: Callable[..., Path]
) -> None:
    before = song.stat().st_mtime_ns
    leave(song, BACKUP, content=song.read_bytes())
    assert recover_folder(song.parent).staying == {}
    assert list(song.parent.iterdir()) == [song]
    assert song.stat().st_mtime_ns == before


@pytest.fixture
def backup(song: Path, leave: Callable[..., Path]) -> Path:
    """A crash that was some minutes ago."""
    backup = leave(song, BACKUP)
    age(backup, 300)
    return backup


def test_backup_stays_where_somebody_has_written_since(song: Path, backup: Path) -> None:
    assert_stays(backup, song)
    assert backup.read_bytes() == b"old"


def test_backup_stays_where_somebody_has_written_and_kept_the_time(
    song: Path, backup: Path
) -> None:
    """As taggers do that do not want players to see a new file."""
    age(song, 300)
    assert_stays(backup, song)


@pytest.mark.parametrize("is_link", [False, True])
def test_backup_stays_where_there_is_another_file(
    song: Path, backup: Path, is_link: bool, tmp_path: Path
) -> None:
    better = tmp_path / "better.mp3"
    better.write_bytes(b"better")
    song.unlink()
    if is_link:
        song.symlink_to(better)
    else:
        better.replace(song)
    assert_stays(backup, song, b"better")


@ELSEWHERE
@pytest.mark.parametrize("seconds", [0, LONG_AGO])
def test_backup_from_elsewhere_stays(
    song: Path, leave: Callable[..., Path], where: dict[str, int], seconds: float
) -> None:
    """A process may have been stopped for an hour, and go on."""
    backup = leave(song, BACKUP, **where)
    age(backup, seconds)
    assert_stays(backup, song)


def test_backup_stays_where_a_large_file_was_written_half_a_minute_later(
    song: Path, leave: Callable[..., Path]
) -> None:
    backup = leave(song, BACKUP, content=bytes(30 << 20))
    age(backup, 35)
    assert_stays(backup, song)


def test_putting_back_that_is_killed_itself_goes_on_later(
    song: Path, leave: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = leave(song, BACKUP)

    def fail(original: Path, _copy: Path) -> None:
        original.write_bytes(b"o")
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(crash_recovery, "overwrite", fail)
        recover_folder(song.parent)
    assert backup.exists()
    assert recover_folder(song.parent).staying == {}
    assert song.read_bytes() == b"old"


@ELSEWHERE
def test_a_copy_from_elsewhere_stays_until_it_is_old(
    song: Path, leave: Callable[..., Path], where: dict[str, int]
) -> None:
    theirs = leave(song, EDITED, **where)
    recover_folder(song.parent)
    assert theirs.exists()
    age(theirs, LONG_AGO)
    recover_folder(song.parent)
    assert not theirs.exists()


@pytest.mark.parametrize("name", [f"{PREFIX}notes.txt", f"{PREFIX}undo-x.mp3"])
def test_what_only_looks_like_one_stays(song: Path, name: str) -> None:
    other = song.with_name(name)
    other.write_bytes(b"mine")
    recover_folder(song.parent)
    assert other.exists()


def test_a_folder_that_cannot_be_read_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(crash_recovery, "recover_folder", fail)
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    tidier = CrashRecovery(None)  # type: ignore[arg-type]
    tidier.visit(tmp_path / "song.mp3")
    tidier.visit(circle / "song.mp3")


@pytest.fixture
def track(home: BeetsHome) -> Path:
    return home.add_track("Song")


@pytest.fixture
def whole(track: Path, leave: Callable[..., Path]) -> bytes:
    """Kill an edit of the track; return its content from before."""
    return kill(track, leave)


def kill(track: Path, leave: Callable[..., Path]) -> bytes:
    whole = track.read_bytes()
    leave(track, BACKUP, content=whole)
    with track.open("r+b") as file:
        file.write(bytes(len(whole)))
    return whole


@pytest.mark.usefixtures("whole")
def test_run_is_cleaned_up_before_a_file_is_heard(home: BeetsHome, track: Path) -> None:
    printed = home.beet("genreclf")
    assert (printed.exit_code, printed.err) == (0, "")
    assert home.classifier.heard
    assert home.item("Song").genres == MediaFile(track).genres == ["Rock"]
    assert list(track.parent.iterdir()) == [track]


@pytest.mark.parametrize("flags", [("-f",), ("-w",)])
def test_run_is_cleaned_up_where_nothing_is_heard(
    home: BeetsHome, track: Path, leave: Callable[..., Path], flags: tuple[str, ...]
) -> None:
    home.beet("genreclf", "-W")
    home.classifier.heard.clear()
    kill(track, leave)
    printed = home.beet("genreclf", *flags)
    assert (printed.exit_code, printed.err) == (0, "")
    assert not home.classifier.heard
    assert MediaFile(track).genres == ["Rock"]
    assert list(track.parent.iterdir()) == [track]


def test_run_is_cleaned_up_before_a_file_is_given_back(
    home: BeetsHome, track: Path, leave: Callable[..., Path]
) -> None:
    home.beet("genreclf")
    kill(track, leave)
    assert home.beet("genreclf", "--revert").exit_code == 0
    assert not MediaFile(track).genres
    assert list(track.parent.iterdir()) == [track]


@pytest.mark.parametrize("flags", [("-W",), ("-p",), ("--check",)])
def test_run_waits_for_a_run_that_writes(
    home: BeetsHome, track: Path, whole: bytes, flags: tuple[str, ...]
) -> None:
    home.beet("genreclf", *flags)
    assert track.read_bytes() != whole


def test_run_what_is_left_to_people_is_said_and_the_file_left_alone(
    home: BeetsHome, track: Path, leave: Callable[..., Path]
) -> None:
    backup = leave(track, BACKUP)
    age(backup, 300)
    before = track.read_bytes()
    printed = home.beet("genreclf")
    assert printed.err.count(f"{backup}: {track}, changed since") == 1
    assert f"{track}: genre neither written nor stored: a run that" in printed.err
    assert printed.exit_code == 1
    assert track.read_bytes() == before
    backup.unlink()
    assert home.beet("genreclf").exit_code == 0


def test_run_stays_where_an_import_copies_from(
    home: BeetsHome, leave: Callable[..., Path]
) -> None:
    """Those files are not ours to mend."""
    source = home.audio_file(home.inbox / "New.mp3", title="New")
    backup, before = leave(source, BACKUP), source.read_bytes()
    assert home.beet("import", "-qA", str(home.inbox)).exit_code == 0
    assert home.item("New").genres == ["Rock"]
    assert source.read_bytes() == before
    assert backup.exists()
