"""Editing through a copy: attributes, links, failures, other programs."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audio_files import needs_utf8_names

from beetsplug.genreclf.storage import atomic_edit as atomic_edit_module
from beetsplug.genreclf.storage.atomic_edit import atomic_edit
from beetsplug.genreclf.storage.crash_recovery import BACKUP, recover_folder
from beetsplug.genreclf.storage.file_copy import ChangedMeanwhileError
from beetsplug.genreclf.ui.reporter import LogReporter

if TYPE_CHECKING:
    from collections.abc import Callable

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of it")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "music" / "song.mp3"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def edit(
    path: Path,
    content: bytes = b"new",
    *,
    error: BaseException | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Path:
    """Edit a file, in the middle of which something fails or happens; return where."""
    with atomic_edit(path) as copy:
        copy.write_bytes(content)
        meanwhile()
        if error is not None:
            raise error
    return copy


def refuse(error: int) -> Callable[..., None]:
    """Return a function that the system refuses."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(error, os.strerror(error))

    return fail


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_copy_takes_the_place_of_the_file(song: Path) -> None:
    with atomic_edit(song) as copy:
        assert copy.parent == song.parent
        assert copy.suffix == ".mp3"
        assert copy.read_bytes() == b"old"
        copy.write_bytes(b"new")
        assert song.read_bytes() == b"old"
    assert song.read_bytes() == b"new"
    assert names_in(song.parent) == {song.name}


ERRORS = pytest.mark.parametrize("error", [OSError(28, "full"), KeyboardInterrupt()])


@ERRORS
def test_a_failure_leaves_the_file_as_it_was(song: Path, error: BaseException) -> None:
    before = song.stat()
    with pytest.raises(type(error)):
        edit(song, b"ne", error=error)
    assert song.read_bytes() == b"old"
    assert song.stat().st_mtime_ns == before.st_mtime_ns
    assert names_in(song.parent) == {song.name}


@POSIX
@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, 524])
@pytest.mark.parametrize("function", ["copystat", "copymode"])
def test_where_attributes_cannot_be_copied_the_file_is_edited_in_place(
    song: Path, monkeypatch: pytest.MonkeyPatch, number: int, function: str
) -> None:
    monkeypatch.setattr(shutil, function, refuse(number))
    said: list[str] = []
    monkeypatch.setattr(atomic_edit_module, "_warned_devices", set())
    monkeypatch.setattr(LogReporter, "warning", lambda _, text: said.append(text))
    inode = song.stat().st_ino
    for content in (b"new", b"newer"):
        edit(song, content)
        assert (song.read_bytes(), song.stat().st_ino) == (content, inode)
    (text,) = said
    assert text.startswith(f"{song.parent}: permissions cannot be copied here (")
    with pytest.raises(KeyboardInterrupt):
        edit(song, b"half", error=KeyboardInterrupt())
    assert song.read_bytes() == b"newer"
    assert names_in(song.parent) == {song.name}


@POSIX
def test_a_full_disk_is_no_lack_of_attributes(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "copystat", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        edit(song)
    assert names_in(song.parent) == {song.name}


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
    monkeypatch.setattr(os, "chown", refuse(errno.EPERM))
    assert edit(song) == song
    assert song.read_bytes() == b"new"
    assert (song.stat().st_uid, song.stat().st_gid) == (1234, 5678)
    assert names_in(song.parent) == {song.name}


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
    assert names_in(link.parent) == {"link.mp3", "music"}


@pytest.mark.parametrize("content", [b"n", b"old", b"a longer one"])
@ERRORS
def test_hard_links_keep_their_content_in_a_failure(
    song: Path, link: Path, error: BaseException, content: bytes
) -> None:
    before = song.stat()
    with pytest.raises(type(error)):
        edit(link, content, error=error)
    assert song.read_bytes() == b"old"
    assert song.samefile(link)
    assert song.stat().st_mtime_ns == before.st_mtime_ns
    assert names_in(link.parent) == {"link.mp3", "music"}


def test_the_next_run_restores_a_hard_link_that_this_one_cannot(
    song: Path, link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(atomic_edit_module, "overwrite", refuse(errno.EIO))
        with pytest.raises(OSError, match="Input/output error"):
            edit(link, b"half", error=OSError(errno.ENOSPC, "full"))
    assert song.read_bytes() == b"half"
    recover_folder(link.parent)
    assert song.read_bytes() == b"old"
    assert names_in(link.parent) == {"link.mp3", "music"}


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


def test_a_write_of_another_program_meanwhile_stays(song: Path) -> None:
    with pytest.raises(ChangedMeanwhileError):
        edit(song, meanwhile=lambda: song.write_bytes(b"theirs"))
    assert song.read_bytes() == b"theirs"
    assert names_in(song.parent) == {song.name}


def test_a_file_that_is_removed_meanwhile_stays_so(song: Path) -> None:
    with pytest.raises(FileNotFoundError):
        edit(song, meanwhile=song.unlink)
    assert not names_in(song.parent)


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
    assert names_in(song.parent) == {song.name}


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
