"""Ctrl-C while tracks are tagged, and what other plugins hear of the end."""

from __future__ import annotations

import signal
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile
from plugin.conftest import press_ctrl_c
from waiting import wait_until

from genre_model import AudioDecodeError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier

    from genre_model import TrackPrediction

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest"),
    pytest.mark.usefixtures("default_signals"),
]

TITLES = [f"Song{number:02}" for number in range(20)]

#: Presses Ctrl-C between the file and the library, at the third track; counts the ends.
PROBE = """
import os
import signal
from pathlib import Path

from beets.plugins import BeetsPlugin


class ProbePlugin(BeetsPlugin):
    def __init__(self):
        super().__init__()
        self.config.add({"presses": 0, "signal": "SIGINT"})
        self.written = 0
        self.register_listener("after_write", self.press)
        self.register_listener("cli_exit", self.note_the_end)

    def press(self, item):
        self.written += 1
        if self.written == 3:
            for _ in range(self.config["presses"].get(int)):
                number = getattr(signal, self.config["signal"].as_str())
                os.kill(os.getpid(), number)

    def note_the_end(self, lib):
        with Path(os.fsdecode(lib.path)).with_name("ends").open("a") as file:
            file.write(f"{len(lib.items('genres:Rock'))} of Rock\\n")
"""


@pytest.fixture(autouse=True)
def _probe(home: BeetsHome, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home.folder / "plugins"
    folder.mkdir()
    (folder / "probe.py").write_text(PROBE)
    monkeypatch.setattr(sys, "path", sys.path.copy())  # beets adds to it
    home.settings["pluginpath"] = [str(folder)]
    home.settings["plugins"].append("probe")
    home.configure(source="track")


@pytest.fixture
def record(home: BeetsHome) -> str:
    home.add_album("Record", TITLES)
    return "Record"


def press_at_third_track(home: BeetsHome, times: int = 1, name: str = "SIGINT") -> None:
    """Have a signal sent while the third track is written."""
    home.settings["probe"] = {"presses": times, "signal": name}


def ends(home: BeetsHome) -> list[str]:
    """Return what there was at each end that plugins were told of."""
    path = home.folder / "ends"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text.splitlines()


def genres(home: BeetsHome) -> list[list[str]]:
    """Return the genres of tracks, about which library and files agree."""
    items = home.items()
    found = [item.genres for item in items]
    assert found == [MediaFile(item.filepath).genres or [] for item in items]
    return found


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_finishes_the_current_track_and_the_next_run_the_rest(
    home: BeetsHome, classifier: ScriptedClassifier, record: str, name: str
) -> None:
    press_at_third_track(home, name=name)
    before = signal.getsignal(getattr(signal, name))

    printed = home.beet("genreclf")

    assert (printed.err, printed.exit_code) == ("", 130)
    assert printed.lines == [
        "Ann - Song00: Rock 0.83",
        "Ann - Song01: Rock 0.83",
        "Ann - Song02: Rock 0.83",
        "interrupted: 3 tagged, 0 abstained, 0 unreadable",
    ]
    assert signal.getsignal(getattr(signal, name)) == before
    assert genres(home) == [["Rock"]] * 3 + [[]] * 17
    assert home.titles("genreclf_model::.") == TITLES[:3]
    assert home.album(record).genres == [], "three of twenty"
    assert all(item.mtime == item.current_mtime() for item in home.items())
    # Eight may be predicted ahead of the three.
    assert len(classifier.heard) <= 11

    files = home.files()
    classifier.heard.clear()
    press_at_third_track(home, times=0)
    printed = home.beet("genreclf")

    assert sorted(path.stem for path in classifier.heard) == TITLES[3:]
    assert printed.lines[-1] == (
        "17 tagged, 0 abstained, 0 unreadable, 3 already had a genre"
    )
    assert printed.exit_code == 0
    assert home.album(record).genres == ["Rock"]
    changed = {
        path.stem for path, content in home.files().items() if content != files[path]
    }
    assert sorted(changed) == TITLES[3:]


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
@pytest.mark.usefixtures("classifier", "record")
def test_ignored_signals_stay_ignored(home: BeetsHome, name: str) -> None:
    """Background jobs ignore SIGINT; what nohup starts ignores SIGHUP."""
    press_at_third_track(home, name=name)
    signal.signal(getattr(signal, name), signal.SIG_IGN)

    printed = home.beet("genreclf")

    assert printed.exit_code == 0
    assert genres(home) == [["Rock"]] * 20
    assert signal.getsignal(getattr(signal, name)) is signal.SIG_IGN


@pytest.mark.usefixtures("classifier", "record")
def test_the_second_press_ends_it_at_once(home: BeetsHome) -> None:
    press_at_third_track(home, times=2)

    printed = home.beet("genreclf")

    # The press came between file and library, so the file is put back.
    assert genres(home) == [["Rock"]] * 2 + [[]] * 18
    assert printed.exit_code == 130
    assert printed.lines == ["Ann - Song00: Rock 0.83", "Ann - Song01: Rock 0.83"]


class PressWhileListening:
    """Presses Ctrl-C while the third track is heard and the first two are stored."""

    def __init__(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        self._database = home.database
        self._hear = classifier.predict_file
        self._heard = classifier.heard

    def __call__(self, path: Path) -> TrackPrediction:
        if len(self._heard) == 2:
            wait_until(lambda: self._n_stored() >= 2)
            press_ctrl_c()
        return self._hear(path)

    def _n_stored(self) -> int:
        with closing(sqlite3.connect(self._database)) as connection:
            (n_stored,) = connection.execute(
                "SELECT COUNT(*) FROM item_attributes WHERE key = 'genreclf_model'"
            ).fetchone()
        return int(n_stored)


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("source", ["track", "album"])
def test_running_predictions_are_not_waited_for_but_finished_ones_are_known(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    home.configure(threads=1, source=source)
    press = PressWhileListening(home, classifier)
    with monkeypatch.context() as patch:
        patch.setattr(classifier, "predict_file", press)
        printed = home.beet("genreclf")

    assert printed.exit_code == 130
    assert printed.lines[-1].startswith("interrupted: ")
    known = home.titles("genreclf_model::.")
    assert known in (TITLES[:2], TITLES[:3])
    assert home.titles("genres:Rock") == (known if source == "track" else [])
    genres(home)
    classifier.heard.clear()

    home.beet("genreclf")

    assert sorted(path.stem for path in classifier.heard) == TITLES[len(known) :]
    assert genres(home) == [["Rock"]] * 20


@pytest.mark.usefixtures("classifier")
def test_the_current_album_is_finished(home: BeetsHome) -> None:
    for name in ("A", "B", "C"):
        home.add_album(f"Album {name}", [f"{name}1", f"{name}2"])
    press_at_third_track(home)

    printed = home.beet("genreclf", "-s", "album")

    assert printed.lines[-1] == "interrupted: 4 tagged, 0 abstained, 0 unreadable"
    assert home.titles("genres:Rock") == ["A1", "A2", "B1", "B2"]
    assert [album.genres for album in home.library().albums()] == [["Rock"], ["Rock"], []]


@pytest.mark.usefixtures("classifier")
def test_reverting(home: BeetsHome, record: str) -> None:
    home.beet("genreclf")
    press_at_third_track(home)

    printed = home.beet("genreclf", "--revert")

    assert printed.exit_code == 130
    assert printed.lines[-1] == "interrupted: 3 reverted"
    assert genres(home) == [[]] * 3 + [["Rock"]] * 17
    # As long as a track is ours its album stays so.
    assert home.album(record).genres == ["Rock"]
    press_at_third_track(home, times=0)
    home.beet("genreclf", "--revert")
    assert genres(home) == [[]] * 20
    assert home.album(record).genres == []
    assert not [line for line in home.dump() if "genreclf_" in line]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("times", [0, 1], ids=["to the end", "interrupted"])
@pytest.mark.parametrize("bad", [False, True], ids=["all good", "one fails"])
def test_other_plugins_are_told_of_the_end_once(
    home: BeetsHome, classifier: ScriptedClassifier, times: int, bad: bool
) -> None:
    press_at_third_track(home, times)
    if bad:
        classifier.answers["Song00"] = AudioDecodeError("Song00: noise")
    ends(home)  # of what made the album

    printed = home.beet("genreclf")

    assert printed.exit_code == (130 if times else int(bad))
    tagged = 3 if times else 20 - bad
    assert ends(home) == [f"{tagged} of Rock"]
    assert len(home.titles("genres:Rock")) == tagged
