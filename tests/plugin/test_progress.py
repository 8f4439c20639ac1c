"""The progress bar: on a terminal, and nowhere else."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item

import beetsplug.genreclf

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no pty")

REPOSITORY = Path(beetsplug.genreclf.__file__).parents[2]
TITLES = [f"Song {number}" for number in range(4)]
LINE = re.compile(r"Ann - Song \d: [A-Z][A-Za-z ]+ \d\.\d\d")
#: Such as "50%|#####     | 2/4 [00:01<00:01,  1.60track/s]".
BAR = re.compile(
    r"(?P<percent>\d+)%\|[^|\r]*\| (?P<n>\d)/4 "
    r"\[\d\d:\d\d<(?P<left>\d\d:\d\d|\?), +(?P<rate>[\d.]+|\?)(track/s|s/track)\]"
)


class Terminal:
    """A pseudo-terminal of 80 columns, and what a program wrote to it."""

    def __init__(self) -> None:
        import fcntl
        import termios

        self._master, self.slave = os.openpty()
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)
        self._written = b""
        # The buffer of a terminal is small: a program that nobody reads stands still.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # this is how Linux says that nobody writes any more
            while chunk := os.read(self._master, 4096):
                self._written += chunk

    def written(self) -> str:
        """Return what was written, once every program has closed the terminal."""
        os.close(self.slave)
        self._reader.join()
        os.close(self._master)
        return self._written.decode()


def screen(written: str) -> list[str]:
    """Return what a person sees in the end: a carriage return lets lines be overwritten."""
    lines = []
    for line in written.split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


@pytest.fixture
def songs(home: BeetsHome) -> None:
    library = home.library()
    for number, title in enumerate(TITLES):
        path = write_audio(home.music / f"{title}.wav", music(4, seed=2 + number))
        item = Item.from_path(path)
        item.artist, item.title = "Ann", title
        library.add(item)
    home.configure(min_confidence=0, threads=1)


def start(home: BeetsHome, *args: str, out: int, err: int) -> int:
    """Run beet as a process of its own; return its exit status."""
    (home.folder / "config.yaml").write_text(json.dumps(home.settings))
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "beets", *args],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        check=False,
        timeout=120,
    )
    return run.returncode


@pytest.mark.usefixtures("songs")
class TestOnATerminal:
    def test_the_bar_counts_mangles_no_line_and_is_gone_in_the_end(
        self, home: BeetsHome
    ) -> None:
        terminal = Terminal()
        assert start(home, "genreclf", out=terminal.slave, err=terminal.slave) == 0
        written = terminal.written()
        bars = list(BAR.finditer(written))
        assert {bar["n"] for bar in bars} == set("01234")
        under_way = [bar for bar in bars if bar["n"] != "0"]
        assert all("?" not in bar["rate"] + bar["left"] for bar in under_way)
        assert ("25", "1") in {(bar["percent"], bar["n"]) for bar in bars}
        *lines, summary, last = screen(written)
        assert len(lines) == len(TITLES)
        assert all(LINE.fullmatch(line) for line in lines)
        assert (summary, last) == ("4 tagged, 0 abstained, 0 unreadable", "")

    def test_warnings_are_not_mangled_either(self, home: BeetsHome) -> None:
        bad = home.music / "Song 1.wav"
        bad.write_bytes(bytes(2000))
        terminal = Terminal()
        start(home, "genreclf", out=terminal.slave, err=terminal.slave)
        lines = screen(terminal.written())
        (warning,) = [line for line in lines if str(bad) in line]
        assert warning.startswith(f"genreclf: {bad}: ")
        assert sum(LINE.fullmatch(line) is not None for line in lines) == 3

    def test_the_bar_does_not_enter_a_file_or_pipe(self, home: BeetsHome) -> None:
        terminal = Terminal()
        with (home.folder / "out.txt").open("wb") as out:
            start(home, "genreclf", out=out.fileno(), err=terminal.slave)
        assert BAR.search(terminal.written())
        *lines, summary = (home.folder / "out.txt").read_text().splitlines()
        assert all(LINE.fullmatch(line) for line in lines)
        assert (len(lines), summary[:8]) == (4, "4 tagged")

    def test_quiet_and_then_nothing_to_predict_need_no_bar(self, home: BeetsHome) -> None:
        terminal = Terminal()
        start(home, "genreclf", "-q", out=terminal.slave, err=terminal.slave)
        assert terminal.written() == ""
        assert len(home.items("genres::.")) == 4
        terminal = Terminal()
        start(home, "genreclf", out=terminal.slave, err=terminal.slave)
        (line, _) = screen(terminal.written())
        assert line == "0 tagged, 0 abstained, 0 unreadable, 4 already had a genre"


@pytest.mark.usefixtures("songs")
def test_without_a_terminal_there_are_lines_only(home: BeetsHome) -> None:
    out, err = home.folder / "out.txt", home.folder / "err.txt"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        start(home, "genreclf", out=out_file.fileno(), err=err_file.fileno())
    assert err.read_text() == ""
    *lines, _summary = out.read_text().splitlines()
    assert len(lines) == len(TITLES)
    assert all(LINE.fullmatch(line) for line in lines)
