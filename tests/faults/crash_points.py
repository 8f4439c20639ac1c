"""Saves of a genre, each of which is killed at another of its steps.

    python tests/faults/crash_points.py safe|linked|plain FILE...

Prints JSON: for each file, and each step that changes anything on the disk, the state of
the file after the process was killed before that step; for a file with another name (a
hard link), after the clean-up of the next run. The last save is not killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import traceback
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import av
import mutagen._util
from av.error import FFmpegError
from beets.library import Item
from mediafile import MediaFile, UnreadableFileError

from beetsplug.genreclf.storage.crash_recovery import recover_folder
from beetsplug.genreclf.storage.file_tags import write_file_genres

NEW = ["Rock"]
KILLED = 99
#: Events of Python before something on the disk changes.
STEPS = {"os.rename", "os.remove", "shutil.copyfile", "os.chown", "os.chmod", "os.utime"}


class Steps:
    """Counts steps, and ends the process before one of them."""

    def __init__(self, fatal: int) -> None:
        self._left = fatal

    def take(self, *_details: object) -> None:
        """Take a step."""
        self._left -= 1
        if self._left == 0:
            os._exit(KILLED)

    def watch(self) -> None:
        """Let everything that this process does to files be a step."""
        sys.addaudithook(lambda event, _: self.take() if event in STEPS else None)
        vars(mutagen._util)["open"] = partial(_CountedFile, self)


class _CountedFile(FileIO):
    """A file whose writes are steps, in the middle of which a process can be killed."""

    def __init__(self, steps: Steps, name: str, mode: str) -> None:
        self._steps = steps
        super().__init__(name, mode)

    def write(self, content: Any) -> int:
        """Write half, then the other half."""
        half = len(content) // 2
        super().write(content[:half])
        self._steps.take()
        super().write(content[half:])
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        """Cut the file."""
        self._steps.take()
        return super().truncate(size)


def samples_of(path: Path) -> str:
    """Return a hash of everything that decodes; empty if nothing does."""
    content = hashlib.sha256()
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                content.update(frame.to_ndarray().tobytes())
    except FFmpegError:
        return ""
    return content.hexdigest()


def genres_of(path: Path) -> list[str] | None:
    """Return the genres; None if no tag can be read."""
    try:
        return list(MediaFile(path).genres or [])
    except UnreadableFileError:
        return None


def save_until(path: Path, fatal: int, *, safe: bool) -> bool:
    """Save in a process that is killed before a step; return True if it was."""
    pid = os.fork()
    if not pid:
        try:
            item = Item.from_path(os.fsencode(path))
            Steps(fatal).watch()
            write_file_genres(item, NEW, safe=safe)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status not in (0, KILLED):
        raise SystemExit(f"the save of {path} failed")
    return status == KILLED


def state_of(path: Path, samples: str, old: list[str] | None) -> str:
    """Return in a word what is left."""
    genres = genres_of(path)
    if samples_of(path) != samples:
        return "audio lost"
    return "old" if genres == old else "new" if genres == NEW else "genres lost"


def states_of(original: Path, way: str) -> list[str]:
    """Kill a save at every step; return what each left, and the number of files left."""
    samples, old = samples_of(original), genres_of(original)
    folder = original.parent / f"{original.stem}-{way}"
    folder.mkdir()
    path = folder / original.name
    states, fatal, killed = [], 0, True
    if way == "linked":
        shutil.copyfile(original, path)
        os.link(path, original.with_name(f"{original.stem}-link{original.suffix}"))
    while killed:
        fatal += 1
        shutil.copyfile(original, path)
        killed = save_until(path, fatal, safe=way != "plain")
        if way == "linked":
            recover_folder(folder)
        states.append(state_of(path, samples, old))
    recover_folder(folder)  # as the next run does
    if list(folder.iterdir()) != [path]:
        states.append("copies left")
    return states


def main() -> None:
    """Kill saves of all files."""
    vars(os)["fsync"] = lambda _: None  # a killed process leaves what the system has
    way, *files = sys.argv[1:]
    states = {Path(file).name: states_of(Path(file), way) for file in files}
    sys.stdout.write(json.dumps(states))


if __name__ == "__main__":
    main()
