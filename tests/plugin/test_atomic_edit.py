"""Editing through a copy: what stays, and what becomes of whoever comes between."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import sys
from pathlib import Path

import pytest
from audio_files import needs_utf8_names

from beetsplug.genreclf.storage import atomic_edit as atomic_edit_module
from beetsplug.genreclf.storage.atomic_edit import atomic_edit
from beetsplug.genreclf.storage.crash_recovery import BACKUP, recover_folder
from beetsplug.genreclf.storage.file_copy import ChangedMeanwhileError
from beetsplug.genreclf.ui.reporter import LogReporter

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of it")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "music" / "song.mp3"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def edit(path: Path, content: bytes = b"new") -> Path:
    """Edit a file; return where that happened."""
    with atomic_edit(path) as copy:
        copy.write_bytes(content)
    return copy


def test_the_copy_takes_the_place_of_the_file(song: Path) -> None:
    with atomic_edit(song) as copy:
        assert copy.parent == song.parent
        assert copy.suffix == ".mp3"
        assert copy.read_bytes() == b"old"
        copy.write_bytes(b"new")
        assert song.read_bytes() == b"old"
    assert song.read_bytes() == b"new"
    assert list(song.parent.iterdir()) == [song]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_fails_leaves_the_file_as_it_was(song: Path, error: BaseException) -> None:
    before = song.stat()

    def fail() -> None:
        with atomic_edit(song) as copy:
            copy.write_bytes(b"ne")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert song.read_bytes() == b"old"
    assert song.stat().st_mtime_ns == before.st_mtime_ns
    assert list(song.parent.iterdir()) == [song]


@POSIX
@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, 524])
@pytest.mark.parametrize("function", ["copystat", "copymode"])
def test_where_attributes_cannot_be_copied_the_file_is_edited_in_place(
    song: Path, monkeypatch: pytest.MonkeyPatch, number: int, function: str
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, function, refuse)
    said: list[str] = []
    monkeypatch.setattr(atomic_edit_module, "_warned_devices", set())
    monkeypatch.setattr(LogReporter, "warning", lambda _, text: said.append(text))
    inode = song.stat().st_ino
    edit(song)
    edit(song, b"newer")
    assert (song.read_bytes(), song.stat().st_ino) == (b"newer", inode)
    (text,) = said
    assert text.startswith(f"{song.parent}: permissions cannot be copied here (")

    def fail() -> None:
        with atomic_edit(song) as edited:
            edited.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert song.read_bytes() == b"newer"
    assert list(song.parent.iterdir()) == [song]


@POSIX
def test_a_full_disk_is_no_lack_of_attributes(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(shutil, "copystat", refuse)
    with pytest.raises(OSError, match="full"):
        edit(song)
    assert list(song.parent.iterdir()) == [song]


@pytest.mark.skipif(sys.platform != "linux", reason="ACLs are those of Linux")
def test_the_folder_gives_nobody_else_a_right(song: Path) -> None:
    # Version 2; then tag, permissions and id of: owner, user 12345, group, mask, others.
    entries = [(1, 6, -1), (2, 6, 12345), (4, 4, -1), (16, 6, -1), (32, 0, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in entries)
    try:
        os.setxattr(song.parent, "system.posix_acl_default", acl)
    except OSError as error:
        pytest.skip(f"no ACLs here: {error}")
    song.chmod(0o640)
    edit(song)
    assert "system.posix_acl_access" not in os.listxattr(song)
    assert stat.S_IMODE(song.stat().st_mode) == 0o640


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o640])
def test_permissions_stay(song: Path, mode: int) -> None:
    song.chmod(mode)
    edit(song)
    assert stat.S_IMODE(song.stat().st_mode) == mode


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")
def test_the_owner_stays(song: Path) -> None:
    os.chown(song, 1234, 5678)
    song.chmod(0o4755)
    edit(song)
    status = song.stat()
    assert (status.st_uid, status.st_gid) == (1234, 5678)
    assert stat.S_IMODE(status.st_mode) == 0o4755


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")
def test_a_file_of_somebody_else_is_edited_in_place(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not give a file away cannot make a copy that takes its place."""
    os.chown(song, 1234, 5678)

    def cannot(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", cannot)
    assert edit(song) == song
    assert song.read_bytes() == b"new"
    assert (song.stat().st_uid, song.stat().st_gid) == (1234, 5678)
    assert list(song.parent.iterdir()) == [song]


def test_extended_attributes_stay(song: Path) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("no extended attributes here")
    try:
        os.setxattr(song, "user.rating", b"5")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    edit(song)
    assert os.getxattr(song, "user.rating") == b"5"


def test_the_file_is_newer_than_before(song: Path) -> None:
    os.utime(song, (1e9, 1e9))
    edit(song)
    assert song.stat().st_mtime > 1e9 + 1


@POSIX
def test_a_symbolic_link_stays_one(song: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.mp3"
    link.symlink_to(song)
    assert edit(link).parent == song.parent
    assert link.is_symlink()
    assert song.read_bytes() == link.read_bytes() == b"new"


@pytest.fixture
def link(song: Path, tmp_path: Path) -> Path:
    link = tmp_path / "link.mp3"
    os.link(song, link)
    return link


def test_hard_links_stay_links(song: Path, link: Path) -> None:
    edit(link)
    assert song.read_bytes() == b"new"
    assert song.samefile(link)
    assert {path.name for path in link.parent.iterdir()} == {"link.mp3", "music"}


@pytest.mark.parametrize("content", [b"n", b"old", b"a longer one"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_hard_links_give_back_what_they_held(
    song: Path, link: Path, error: BaseException, content: bytes
) -> None:
    before = song.stat()

    def fail() -> None:
        with atomic_edit(link) as edited:
            edited.write_bytes(content)
            raise error

    with pytest.raises(type(error)):
        fail()
    assert song.read_bytes() == b"old"
    assert song.samefile(link)
    assert song.stat().st_mtime_ns == before.st_mtime_ns
    assert {path.name for path in link.parent.iterdir()} == {"link.mp3", "music"}


def test_hard_links_what_cannot_be_given_back_waits_for_the_next_run(
    song: Path, link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        with atomic_edit(link) as edited:
            edited.write_bytes(b"half")
            raise OSError(errno.EIO, "broken")

    def cannot(*_paths: Path) -> None:
        raise OSError(errno.EIO, "still broken")

    with monkeypatch.context() as broken:
        broken.setattr(atomic_edit_module, "overwrite", cannot)
        with pytest.raises(OSError, match="still broken"):
            fail()
    assert song.read_bytes() == b"half"
    recover_folder(link.parent)
    assert song.read_bytes() == b"old"
    assert {path.name for path in link.parent.iterdir()} == {"link.mp3", "music"}


def test_hard_links_a_backup_that_stays_is_never_put_back(
    song: Path, link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would undo the edit."""
    unlink = Path.unlink

    def cannot(path: Path, missing_ok: bool = False) -> None:
        if BACKUP in path.name:
            raise PermissionError(13, "somebody reads it")
        unlink(path, missing_ok)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", cannot)
        edit(link)
    assert song.read_bytes() == b"new"
    (left,) = recover_folder(link.parent).staying.values()
    assert left.path.read_bytes() == b"old"
    assert song.read_bytes() == b"new"


@POSIX
def test_a_folder_that_takes_no_file_needs_no_copy(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != song.parent)
    assert edit(song) == song


def test_what_somebody_else_writes_meanwhile_stays(song: Path) -> None:
    def edit_both() -> None:
        with atomic_edit(song) as copy:
            copy.write_bytes(b"ours")
            song.write_bytes(b"theirs")

    with pytest.raises(ChangedMeanwhileError):
        edit_both()
    assert song.read_bytes() == b"theirs"
    assert list(song.parent.iterdir()) == [song]


def test_a_file_that_vanishes_meanwhile_stays_away(song: Path) -> None:
    def edit_both() -> None:
        with atomic_edit(song) as copy:
            copy.write_bytes(b"ours")
            song.unlink()

    with pytest.raises(FileNotFoundError):
        edit_both()
    assert not list(song.parent.iterdir())


@POSIX
@pytest.mark.parametrize(
    "name",
    [
        "x" * 251 + ".mp3",
        pytest.param("é" * 125 + ".mp3", marks=needs_utf8_names),
        "[*?].mp3",
        "a",
    ],
)
def test_odd_names(song: Path, name: str) -> None:
    song = song.rename(song.with_name(name))
    edit(song)
    assert song.read_bytes() == b"new"
    assert list(song.parent.iterdir()) == [song]


@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="only Linux has it")
@pytest.mark.parametrize("n_bytes", [0, 2])
def test_a_system_that_copies_less_than_all(
    song: Path, monkeypatch: pytest.MonkeyPatch, n_bytes: int
) -> None:
    """Some file systems of networks do; the whole file has to be there all the same."""
    answers = iter([n_bytes, 0])

    def copy_some(source: int, target: int, _count: int) -> int:
        os.write(target, os.read(source, n_bytes))
        return next(answers)

    monkeypatch.setattr(os, "copy_file_range", copy_some)
    with atomic_edit(song) as copy:
        assert copy.read_bytes() == b"old"


@POSIX
def test_nobody_reads_a_copy_before_it_has_its_permissions(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []

    def note(_original: Path, copy: Path, _status: object) -> None:
        modes.append(stat.S_IMODE(copy.stat().st_mode))

    monkeypatch.setattr(atomic_edit_module, "copy_attributes", note)
    edit(song)
    assert modes == [0o600]
