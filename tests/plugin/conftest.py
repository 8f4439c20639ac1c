"""A real beets in a temporary folder, and a classifier that says what a test wants."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from copy import deepcopy
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import beets
import numpy as np
import pytest
from audio_files import music, tone, write_audio
from beets import plugins, ui
from beets.library import Album, Item, Library
from beets.util import cached_classproperty
from confuse import yaml_util
from mediafile import MediaFile
from onnx_models import write_small_model
from plugin.importing import add_plugins
from plugin.moments import Moments
from waiting import wait_until

import genre_model
from genre_model import TrackPrediction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

GENRES = ("blues", "hip hop", "rock")


#: Fields that remember what was heard in a track, and claim no genre.
HEARD = {f"genreclf_{name}" for name in ("model", "scores", "confidence", "length")}


@dataclass(frozen=True)
class Printed:
    """What one ``beet`` command left on the terminal."""

    out: str
    err: str
    exit_code: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class BeetsHome:
    """A configuration, a library on disk and a music folder.

    Commands run through ``beets.ui.main``, in this process, as they do in a shell.

    Attributes:
        classifier: predicts, where a test uses the fixture of this name.
        settings: of beets, by section.
    """

    def __init__(
        self, folder: Path, template: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.music = folder / "music"
        self.inbox = folder / "inbox"
        self.music.mkdir()
        self.inbox.mkdir()
        self.database = folder / "library.db"
        self._template = template
        self._capsys = capsys
        self._libraries: list[Library] = []
        self.classifier = ScriptedClassifier()
        self.settings: dict[str, Any] = {
            "directory": str(self.music),
            "library": str(self.database),
            "plugins": ["genreclf"],
            "import": {"copy": True, "write": True},
            "ui": {"color": False},
            "genreclf": {"threads": 2},
        }

    def beet(self, *args: str) -> Printed:
        """Run a command and return what it printed."""
        reset_beets()
        # JSON is YAML.
        (self.folder / "config.yaml").write_text(json.dumps(self.settings))
        self._capsys.readouterr()
        exit_code = 0
        try:
            ui.main(list(args))
        except SystemExit as stop:
            exit_code = int(stop.code or 0)
        printed = self._capsys.readouterr()
        return Printed(printed.out, printed.err, exit_code)

    def configure(self, **options: Any) -> None:
        """Set options of the plugin."""
        self.settings["genreclf"].update(options)

    def library(self) -> Library:
        """Open the library again, so that it holds what was stored and nothing else."""
        if not plugins._instances:
            self.beet("version")
        library = Library(str(self.database), str(self.music))
        self._libraries.append(library)
        return library

    def items(self, query: str = "") -> list[Item]:
        """Return stored tracks by title."""
        return sorted(self.library().items(query), key=lambda item: item.title)

    def titles(self, query: str) -> list[str]:
        """Return the titles of the tracks that match a query."""
        return [item.title for item in self.items(query)]

    def genres_by_title(self) -> dict[str, list[str]]:
        """Return the genres of all tracks in the library that have any."""
        return {item.title: item.genres for item in self.items() if item.genres}

    def item(self, title: str) -> Item:
        """Return the one stored track of that title."""
        (item,) = self.items(f"title:={title}")
        return item

    def genres(self, title: str) -> tuple[list[str], list[str]]:
        """Return the genres of a track in the library, and in its file."""
        item = self.item(title)
        return item.genres, genres_in(item.filepath)

    def album(self, name: str) -> Album:
        """Return the one stored album of that name."""
        (album,) = self.library().albums(f"album:={name}")
        return album

    def audio_file(self, path: Path, **tags: Any) -> Path:
        """Make a tagged audio file; the suffix may be .mp3 only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._template, path)
        media_file = MediaFile(path)
        media_file.update({"artist": "Ann", "title": path.stem, **tags})
        media_file.save()
        return path

    def add_track(self, title: str, name: str | None = None, **tags: Any) -> Path:
        """Put a track that belongs to no album into folder and library."""
        path = self.music / (name or f"{title}.mp3")
        self.audio_file(path, title=title, **tags)
        self.library().add(Item.from_path(path))
        return path

    def add_album(
        self, name: str, titles: Sequence[str], genres: Sequence[str] = (), **tags: Any
    ) -> None:
        """Put an album into folder and library; ``genres`` are the album's own."""
        items = []
        for title in titles:
            path = self.music / name / f"{title}.mp3"
            self.audio_file(path, title=title, album=name, **tags)
            items.append(Item.from_path(path))
        album = self.library().add_album(items)
        album.genres = list(genres)
        album.store(inherit=False)

    def dump(self) -> list[str]:
        """Return the whole database as SQL text."""
        connection = sqlite3.connect(self.database)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    def files(self) -> dict[Path, tuple[bytes, int]]:
        """Return content and time of every file in the music folder."""
        return {
            path: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in self.music.rglob("*")
            if path.is_file()
        }

    def close(self) -> None:
        for library in self._libraries:
            library._close()


class ScriptedClassifier:
    """Answers by file name, and counts what it was asked.

    Attributes:
        answers: file stem -> (genre, probability), a probability for each genre, or an
            error to raise.
        strange: file stem -> strangeness.
        heard: the paths asked for.
        card: a card that says nothing of its training.
    """

    genres = GENRES
    multi_label = False
    model_id = "scripted@00000000"

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, float] | dict[str, float] | Exception] = {}
        self.strange: dict[str, float] = {}
        self.heard: list[Path] = []
        self.card = SimpleNamespace(training={}, rejected=())

    def predict_file(self, path: Path) -> TrackPrediction:
        self.heard.append(path)
        if not path.is_absolute() or not path.exists():
            raise genre_model.AudioDecodeError(f"{path}: no such file")
        answer = self.answers.get(path.stem, ("rock", 0.83))
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            said = prediction_of(path, [answer.get(genre, 0.0) for genre in GENRES])
        else:
            said = prediction(path, *answer)
        return replace(said, strangeness=self.strange.get(path.stem))


def prediction(path: Path, genre: str, confidence: float) -> TrackPrediction:
    """Make a prediction; the other genres share the rest of the probability."""
    others = (1 - confidence) / 2
    return prediction_of(path, [confidence if g == genre else others for g in GENRES])


def prediction_of(path: Path, values: Sequence[float]) -> TrackPrediction:
    """Make a prediction of one segment."""
    probabilities = np.array(values, dtype=np.float32)
    return TrackPrediction(
        path, GENRES, probabilities, probabilities[np.newaxis], np.zeros(1)
    )


def press_ctrl_c() -> None:
    """Send SIGINT from a thread, and wait until the main thread has handled it.

    The handler of the plugin then gives way to the one before it.
    """
    handler = signal.getsignal(signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    wait_until(lambda: signal.getsignal(signal.SIGINT) is not handler)


def reset_beets() -> None:
    """Make beets forget configuration and plugins, as in a new process."""
    beets.config.clear()
    beets.config._materialized = False
    plugins._instances.clear()
    plugins.BeetsPlugin.listeners.clear()
    plugins.BeetsPlugin._raw_listeners.clear()
    # The types of flexible fields are cached here.
    cached_classproperty.cache.clear()
    # The handler would go on writing to the standard error of an earlier test.
    handlers = beets.logging.getLogger("beets").handlers
    handlers.clear()
    if not hasattr(ui, "_bootstrap_logging"):  # beets < 2.14 made it when imported
        handlers.append(beets.logging.StreamHandler(sys.stderr))
        if hasattr(beets.logging, "LegacyFormatter"):  # beets >= 2.12
            form = beets.logging.LegacyFormatter("%(legacy_prefix)s%(message)s")
            handlers[-1].setFormatter(form)


@pytest.fixture(scope="session")
def _defaults_of_beets() -> Iterator[None]:
    """Parse the defaults of beets once: half of the time of a command passes in that."""
    load = yaml_util.load_yaml
    loaded: dict[str, Any] = {}

    def load_once(filename: Any, *args: Any, **kwargs: Any) -> Any:
        name = os.fspath(filename)
        if not name.endswith("config_default.yaml"):
            return load(filename, *args, **kwargs)
        if name not in loaded:
            loaded[name] = load(filename, *args, **kwargs)
        return deepcopy(loaded[name])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_util, "load_yaml", load_once)
        yield


@pytest.fixture(scope="session")
def template_mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audio(tmp_path_factory.mktemp("template") / "one.mp3", music(1))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a library without tracks; beets takes half a second for that."""
    path = tmp_path_factory.mktemp("database") / "library.db"
    Library(str(path), str(path.parent))._close()
    return path


@pytest.fixture
def home(
    tmp_path: Path,
    template_mp3: Path,
    empty_database: Path,
    _defaults_of_beets: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[BeetsHome]:
    monkeypatch.setenv("BEETSDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    home = BeetsHome(tmp_path, template_mp3, capsys)
    shutil.copyfile(empty_database, home.database)
    open_library = ui._open_library

    def remember(config: Any) -> Library:
        # beets leaves the library open when a command fails.
        home._libraries.append(open_library(config))
        return home._libraries[-1]

    monkeypatch.setattr(ui, "_open_library", remember)
    yield home
    home.close()
    reset_beets()


@pytest.fixture
def plugin_names(home: BeetsHome, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the enabled plugins, to which others can be added."""
    monkeypatch.setattr(sys, "path", sys.path.copy())  # beets adds to it
    add_plugins(home)
    names: list[str] = home.settings["plugins"]
    return names


@pytest.fixture
def moments(home: BeetsHome) -> Iterator[Moments]:
    """Let something happen in the middle of a run; each moment has to come."""
    moments = Moments(home)
    yield moments
    moments.close()
    assert not moments.awaited


@pytest.fixture
def classifier(home: BeetsHome, monkeypatch: pytest.MonkeyPatch) -> ScriptedClassifier:
    """Stand in for the model; library, files, importer and plugin stay real."""

    class Loader:
        @staticmethod
        def load(
            _model: str | Path | None = None, **_options: object
        ) -> ScriptedClassifier:
            return home.classifier

    # Not setattr, which would import the real one first.
    for name in ("GenreClassifier", "IsolatedClassifier"):
        monkeypatch.setitem(vars(genre_model), name, Loader)
    return home.classifier


#: Two genres of the user's own, and the pitch of their tones.
HZ = {"Cellar": 110.0, "Attic": 3000.0}


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tones")
    return {g: write_audio(folder / f"{g}.mp3", tone(hz, 3.5)) for g, hz in HZ.items()}


@pytest.fixture
def add_tone(home: BeetsHome, tones: dict[str, Path]) -> Callable[..., int]:
    """Return a function that puts a tone of a genre into folder and library."""

    def add(sound: str, title: str, **tags: object) -> int:
        path = home.music / f"{title}.mp3"
        shutil.copyfile(tones[sound], path)
        media_file = MediaFile(path)
        media_file.update({"title": title, "artist": title, "genres": [sound], **tags})
        media_file.save()
        item_id = home.library().add(Item.from_path(path))
        assert item_id is not None
        return item_id

    return add


@pytest.fixture
def labelled(home: BeetsHome, add_tone: Callable[..., int]) -> BeetsHome:
    """Two genres, by three artists each; models are trained on a small network."""
    parent = write_small_model(home.folder / "parent.onnx")
    home.configure(training={"parent": str(parent), "min_tracks": 3})
    for sound in HZ:
        for number in range(6):
            add_tone(sound, f"{sound} {number}", artist=f"{sound} band {number // 2}")
    return home


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained") / "genreclf"


@pytest.fixture
def trained(labelled: BeetsHome, trained_folder: Path) -> BeetsHome:
    """The same after ``beet genreclf-train --use``, which runs once for all tests."""
    own = labelled.folder / "genreclf"
    if trained_folder.exists():
        shutil.copytree(trained_folder, own)
    else:
        assert labelled.beet("genreclf-train", "--use").exit_code == 0
        shutil.copytree(own, trained_folder)
    return labelled


def in_force(home: BeetsHome, *args: str) -> str:
    """Return the id of the model in force."""
    listed = home.beet(*args, "genreclf-models").lines
    (line,) = [each for each in listed if each.startswith("* ")]
    return line.split()[-1]


def models_complaint(printed: Printed) -> str:
    """Return the only line of ``beet genreclf-models``, an error without its prefix."""
    (line,) = printed.err.splitlines()
    assert line.isprintable()
    assert line.startswith("error: genreclf-models: ")
    assert (printed.out, printed.exit_code) == ("", 1)
    return line.removeprefix("error: genreclf-models: ")


def genres_in(path: Path) -> list[str]:
    """Return the genres in a file."""
    return MediaFile(path).genres or []


def edit_file(path: Path, *genres: str) -> None:
    """Change the genres in a file, as another program would; none removes the tag."""
    media_file = MediaFile(path)
    media_file.update({"genres": list(genres) or None})
    media_file.save()
