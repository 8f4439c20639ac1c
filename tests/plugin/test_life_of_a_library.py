"""A library lives with the plugin for a while; ``--revert`` leaves no trace of that.

Forty tracks in every container, the bundled model, real audio. The same library lives
twice: once without the plugin, and once with it, through the same imports, re-imports
and changes by hand. In the end both must be equal, every tag of every file and every
column and flexible attribute of every row. What lived without the plugin is the measure,
because beets itself changes rows in a re-import. The album that was never re-imported is
also compared with itself as it was just before the plugin was enabled.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from audio_files import CONTAINERS, music, needs_utf8_names, write_audio
from mediafile import MediaFile
from plugin.importing import PERFECT_MATCH
from plugin.library_states import State, add_odd_tags, differences, state_of

from genre_model import GenreClassifier, IsolatedClassifier
from genre_model.model.model_file import write_model
from genre_model.model.source import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugin.conftest import BeetsHome, Printed

    from genre_model import TrackPrediction


class Folder(NamedTuple):
    """Tracks that are imported together, as an album or one by one."""

    name: str
    numbers: range
    artist: str = "Ann"
    album: str | None = None


STAYS = Folder("stays", range(1, 9), 'Jürgen "Jogi" Müller', "Größe & {Maß}")
SAMPLER = Folder("sampler", range(9, 17), "Artist {}", "Sampler")
DASH = Folder("dash", range(17, 24), "-Ann", "-Dash")
LATE = Folder("late", range(24, 31), "Ann", "Late, 100%")
SINGLES = Folder("singles", range(31, 38))
LATE_SINGLES = Folder("late singles", range(38, 41))
FOLDERS = (STAYS, SAMPLER, DASH, LATE, SINGLES, LATE_SINGLES)

TITLES = ("Plain", "{title} {0} {", "Größe", 'She said "no"', "-Dash", "It's 50%")
GENRES: Sequence[tuple[str, ...]] = (
    (),
    ("Pop",),
    (),
    (),
    ("Rock", "Soul"),
    (),
    ("Hip-Hop; Rap",),  # one to the file, two to beets
    (),
)
#: Their headers and tags are whole, their sound is not.
DAMAGED = {5, 17}
N_TRACKS = 40

#: Columns that no two imports fill alike.
TIMES = {"added"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty tracks as somebody else tagged them, in one folder for each import."""
    inbox = tmp_path_factory.mktemp("songs")
    kinds = list(CONTAINERS.values())
    for folder in FOLDERS:
        (inbox / folder.name).mkdir()
        for number in folder.numbers:
            kind = kinds[(number + 6) % len(kinds)]
            path = inbox / folder.name / f"-{{}}'{number:02}{kind.suffix}"
            samples = music(4 + number % 3, seed=number % 20)
            write_audio(path, samples, codec=kind.codec, cover=number % 2 == 0)
            tag(path, number, folder)
            if number in DAMAGED:
                damage(path)
    return inbox


def tag(path: Path, number: int, folder: Folder) -> None:
    media_file = MediaFile(path)
    media_file.update(
        {
            "title": f"{TITLES[number % len(TITLES)]} {number:02}",
            "artist": folder.artist.format(number),
            "album": folder.album,
            "track": None if folder.album is None else number,
            "genres": list(GENRES[number % len(GENRES)]) or None,
            "comments": "in the file",
            "year": 1999,
            "month": 3,
            "mb_trackid": f"t{number}",
        }
    )
    media_file.save()
    add_odd_tags(path)


def damage(path: Path) -> None:
    """Keep the tags and a little sound, and replace the rest by nothing."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 8].ljust(len(content), b"\0"))


def track_number(path: Path) -> int:
    """Return the number that files in the inbox as in the library end with."""
    return int(path.stem[-2:])


class Life:
    """A library from its first import on; what is heard is counted."""

    def __init__(
        self, home: BeetsHome, songs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.home = home
        self.heard: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._empty_database = home.database.read_bytes()
        self._songs = songs
        self.start_over()
        hear = IsolatedClassifier.predict_file

        def count(classifier: IsolatedClassifier, path: Path) -> TrackPrediction:
            self.heard[classifier.card.name][track_number(path)] += 1
            return hear(classifier, path)

        monkeypatch.setattr(IsolatedClassifier, "predict_file", count)

    def start_over(self) -> None:
        """Empty the library, and fill the inbox."""
        self.home.close()
        self.home.settings["plugins"] = ["perfectmatch"]
        self.home.database.write_bytes(self._empty_database)
        shutil.rmtree(self.home.music)
        self.home.music.mkdir()
        shutil.rmtree(self.home.inbox)
        shutil.copytree(self._songs, self.home.inbox)

    def state(self) -> State:
        return state_of(self.home.database, self.home.music)

    def path(self, number: int) -> Path:
        (path,) = self.home.music.rglob(f"*{number:02}.*")
        return path

    def names(self, folder: Folder) -> set[str]:
        """Return the names by which a state knows tracks and album of a folder."""
        paths = (self.path(number) for number in folder.numbers)
        names = {path.relative_to(self.home.music).as_posix() for path in paths}
        return names | {folder.album or ""}

    def beet(self, *args: str) -> Printed:
        printed = self.home.beet(*args)
        assert printed.exit_code == 0, printed
        assert "Traceback" not in printed.err
        return printed

    def genreclf(self, *flags: str) -> Printed:
        """Run the plugin; it may fail for the damaged files only."""
        printed = self.home.beet("genreclf", *flags)
        failed = {
            track_number(Path(p)) for p in re.findall(r"genreclf: (.*?): ", printed.err)
        }
        assert failed <= DAMAGED
        return printed

    def changes_nothing(self, *args: str) -> None:
        """Run what must store nothing, hence not what it hears either."""
        before, heard = (self.home.dump(), self.home.files()), deepcopy(self.heard)
        self.home.beet(*args)
        assert (self.home.dump(), self.home.files()) == before
        self.heard = heard

    def ours(self) -> list[str]:
        return self.home.titles("genreclf_genres::.")

    def files_agree(self) -> bool:
        """Say whether the genres of ours stand in the files, too."""
        return all(
            MediaFile(item.filepath).genres == item.genres
            for item in self.home.items("genreclf_genres::.")
        )

    def import_first(self) -> None:
        for folder in (STAYS, SAMPLER, DASH):
            self.beet("import", "-A", str(self.home.inbox / folder.name))
        self.beet("import", "-A", "-s", str(self.home.inbox / SINGLES.name))

    def change_by_hand(self) -> None:
        """Make library and files disagree, as years and other programs do."""
        for number in (2, 3, 8, 13, 33):
            self.modify(number, "genres=Polka")
        for number in (1, 15, 36):  # where files have genres
            self.modify(number, "genres=")
        for number in (1, 2, 9, 32):
            self.modify(number, "comments=in the library", "shelf=top")
        self.beet("modify", "-y", "-W", "-a", "-I", f"album:{SAMPLER.album}", "genres=Odd")
        self.beet("modify", "-y", "-W", "-a", f"album:{SAMPLER.album}", "place=attic")
        for number in (7, 35):
            path = self.path(number)
            media_file = MediaFile(path)
            media_file.update({"genres": ["Schlager"], "lyrics": "la la"})
            media_file.save()
            # beets counts in seconds, and the import may have ended within the last one.
            later = path.stat().st_mtime + 2
            os.utime(path, (later, later))

    def modify(self, number: int, *changes: str) -> None:
        self.beet("modify", "-y", "-W", f"title::{number:02}$", *changes)

    def import_again(self) -> None:
        self.beet("import", "-A", "-L", f"album:{SAMPLER.album}")
        self.beet("import", "-A", "-L", "-s", "singleton:true")
        # Writes all tags into the files, so these must agree with the library.
        self.beet("import", "-q", "-L", f"album:{DASH.album}")

    def import_more(self) -> None:
        self.beet("import", "-q", str(self.home.inbox / LATE.name))
        self.beet("import", "-A", "-s", str(self.home.inbox / LATE_SINGLES.name))


@pytest.fixture
def life(home: BeetsHome, songs: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    plugins = home.folder / "plugins"
    plugins.mkdir()
    (plugins / "perfectmatch.py").write_text(PERFECT_MATCH)
    monkeypatch.syspath_prepend(plugins)
    home.settings["pluginpath"] = [str(plugins)]
    return Life(home, songs, monkeypatch)


def add_other_model(home: BeetsHome) -> None:
    """Write the bundled network once more, with its genres in another order."""
    bundled = resources.files("genre_model") / "models" / f"{DEFAULT_MODEL}.onnx"
    card = GenreClassifier.load().card
    card = replace(card, name="other", genres=card.genres[::-1])
    write_model(home.folder / "other.onnx", bundled.read_bytes(), card)


def live_with_genreclf(life: Life) -> None:
    """Go through all that the plugin can do, on a library that exists already."""
    home = life.home
    home.settings["plugins"].append("genreclf")
    home.configure(min_confidence=0.2, asis="write")

    # Fill what is empty; a second pass hears only what could not be heard.
    life.changes_nothing("genreclf", "-p")
    assert life.genreclf().exit_code == 1
    tagged = life.ours()
    assert len(tagged) >= 10
    assert life.genreclf().lines[-1].startswith("0 tagged")
    assert life.ours() == tagged

    # Import again, and more; nothing that was heard is heard again.
    life.import_again()
    life.import_more()
    assert len(life.ours()) > len(tagged)

    # Decide again, by track and by album, adding to the current genres and replacing them.
    life.changes_nothing("genreclf", "-p", "-f", "-n2")
    life.genreclf("-f")
    assert len(life.ours()) >= 25
    life.genreclf("-f", "-k", "-n3")
    assert any(len(item.genres) == 3 for item in home.items())
    life.genreclf("-f", "-s", "album")
    assert life.files_agree()
    times = life.heard.pop(DEFAULT_MODEL)
    assert len(times) == N_TRACKS
    assert {number for number, n in times.items() if n > 1} == DAMAGED

    # Another model comes; then the first one is back, but no longer writes.
    add_other_model(home)
    home.configure(model="other.onnx")
    life.changes_nothing("genreclf", "--check")
    life.changes_nothing("genreclf", "--update", "-p")
    n_ours = len(life.ours())
    assert life.genreclf("--update").lines[-1].startswith(f"{n_ours} tagged")
    assert life.files_agree()
    assert home.titles("genreclf_model::^other@")
    home.configure(model=None)
    life.genreclf("--update", "-W")
    assert not life.files_agree()

    life.changes_nothing("genreclf", "--revert", "-p")
    # What gets just the genre that stood there before us is not ours any more.
    assert n_ours - 1 <= len(life.ours()) <= n_ours
    n_ours = len(life.ours())
    reverted = life.beet("genreclf", "--revert").lines[-1]
    assert f" {n_ours} reverted" in reverted
    assert not life.ours()


def tracks_in(changes: str) -> set[str]:
    """Return the tracks that `beet update` shows; what changes in them is indented."""
    return {line for line in changes.splitlines() if not line.startswith(" ")}


@needs_utf8_names
def test_revert_undoes_all_that_the_plugin_did(life: Life) -> None:
    life.import_first()
    life.change_by_hand()
    life.import_again()
    life.import_more()
    without_us, to_update = life.state(), life.beet("update", "-p", "-F", "genres").out
    assert len(without_us.tags) == N_TRACKS

    life.start_over()
    life.import_first()
    life.change_by_hand()
    before, stays = life.state(), life.names(STAYS)
    live_with_genreclf(life)
    after = life.state()

    assert not differences(without_us, after, apart_from=TIMES)
    assert not differences(before.only(stays), after.only(stays))
    # We may make `beet update` overlook that library and file disagree, as they did
    # before; we never give it anything new to do.
    assert tracks_in(life.beet("update", "-p", "-F", "genres").out) <= tracks_in(to_update)
