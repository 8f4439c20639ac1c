"""The bundled model, real audio in every container, and ``beet`` as its own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mutagen
import pytest
from audio_files import CONTAINERS, music, tone, write_audio
from beets.library import Item
from mediafile import MediaFile

import beetsplug.genreclf
import genre_model
from genre_model import bundled_model_names

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

REPOSITORY = Path(beetsplug.genreclf.__file__).parents[2]
HEAVY = {"numpy", "onnxruntime", "av", "onnx", "sklearn", "torch", "tqdm"}

#: Where a genre stands; elsewhere (Vorbis comments, APEv2) the key is GENRE.
GENRE_KEYS = dict.fromkeys((".mp3", ".wav", ".aiff", ".dsf"), "TCON") | {
    ".m4a": "\xa9gen",
    ".wma": "WM/Genre",
}


def tag_in(path: Path) -> list[str]:
    """Read the genre with mutagen alone."""
    value = mutagen.File(path).tags[GENRE_KEYS.get(path.suffix, "GENRE")]
    return [str(text) for text in getattr(value, "genres", value)]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One piece in every container."""
    folder = tmp_path_factory.mktemp("songs")
    samples = music(12)
    for name, kind in CONTAINERS.items():
        path = write_audio(folder / f"{name}{kind.suffix}", samples, codec=kind.codec)
        media_file = MediaFile(path)
        media_file.update({"artist": "Ann", "title": name})
        media_file.save()
    return folder


def test_bundled_model_abstains_where_there_is_no_music(home: BeetsHome) -> None:
    home.music.mkdir(exist_ok=True)
    path = write_audio(home.music / "Sine.flac", tone(1000, 20))
    home.library().add(Item.from_path(path))
    home.configure(min_confidence=0)

    first, again = home.beet("genreclf"), home.beet("genreclf")

    assert "abstained: unknown: no music that the model names" in first.lines[0]
    assert first.lines[-1] == "0 tagged, 1 abstained, 0 unreadable"
    assert again.lines[-1].endswith("1 abstained as before")
    assert [item.genres for item in home.items()] == [[]]
    assert first.exit_code == again.exit_code == 0


def test_bundled_model_tags_every_container(home: BeetsHome, songs: Path) -> None:
    shutil.copytree(songs, home.music, dirs_exist_ok=True)
    for path in sorted(home.music.iterdir()):
        home.library().add(Item.from_path(path))
    home.configure(min_confidence=0)

    printed = home.beet("genreclf")

    assert printed.err == ""
    assert printed.lines[-1] == f"{len(CONTAINERS)} tagged, 0 abstained, 0 unreadable"
    for item in home.items():
        assert tag_in(item.filepath) == item.genres == [item["genreclf_genres"]]
        assert 0.1 <= item["genreclf_confidence"] <= 1
        assert item["genreclf_model"].startswith("genre_crnn_v1@")


def test_bundled_model_imports_every_container(home: BeetsHome, songs: Path) -> None:
    home.configure(min_confidence=0)
    home.beet("import", "-A", "-s", str(songs))
    assert all(item.genres for item in home.items())
    assert len(home.items()) == len(CONTAINERS)


def test_bundled_model_names_what_it_cannot_hear(home: BeetsHome, songs: Path) -> None:
    song = Item.from_path(shutil.copy(songs / "flac.flac", home.music / "a.flac"))
    damaged = home.music / "{damaged}.flac"
    damaged.write_bytes(bytes(2000))
    home.library().add(song)
    home.library().add(Item(path=os.fsencode(damaged), title="damaged"))
    home.configure(min_confidence=0)

    printed = home.beet("genreclf")

    line, error = printed.err.splitlines()
    assert str(damaged) in line
    assert error.endswith("1 track failed; the warnings say why")
    assert printed.lines[-1] == "1 tagged, 0 abstained, 1 unreadable"


def test_bundled_model_tells_a_file_that_is_cut_short_from_a_jingle(
    home: BeetsHome,
) -> None:
    for title, seconds in (("Song", 20), ("Jingle", 2)):
        path = write_audio(home.music / f"{title}.wav", music(seconds))
        home.library().add(Item.from_path(path))
    song = home.music / "Song.wav"
    song.write_bytes(song.read_bytes()[: song.stat().st_size // 10])

    printed = home.beet("genreclf")

    told = f"{song}: 2.0 s of audio; at least 3 s are needed, and the file is cut short"
    assert f"{told}: it should have 20 s" in printed.err
    assert printed.lines[-1] == "0 tagged, 1 abstained, 1 unreadable"


@pytest.mark.parametrize("by_path", [False, True])
def test_bundled_model_model_by_name_and_by_path(
    home: BeetsHome, songs: Path, by_path: bool
) -> None:
    (name, *_) = bundled_model_names()
    shutil.copy(songs / "flac.flac", home.music / "a.flac")
    home.library().add(Item.from_path(home.music / "a.flac"))
    if by_path:
        # A relative path is one beside the configuration file.
        bundled = Path(genre_model.__file__).parent / "models" / f"{name}.onnx"
        shutil.copy(bundled, home.folder / "mine.onnx")
    home.configure(min_confidence=0, model="mine.onnx" if by_path else name)

    assert home.beet("genreclf").exit_code == 0
    assert home.items()[0].genres


def run_python(home: BeetsHome, *args: str) -> subprocess.CompletedProcess[str]:
    (home.folder / "config.yaml").write_text(json.dumps(home.settings))
    return subprocess.run(  # noqa: S603
        [sys.executable, *args],
        cwd=home.folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_beet_as_a_process(home: BeetsHome, songs: Path) -> None:
    home.configure(min_confidence=0)
    shutil.copy(songs / "mp3.mp3", home.inbox / "Imported.mp3")
    shutil.copy(songs / "flac.flac", home.music / "Added.flac")
    (home.inbox / "Cut.aiff").write_bytes((songs / "aiff.aiff").read_bytes()[:3000])
    home.library().add(Item.from_path(home.music / "Added.flac"))

    imported = run_python(home, "-m", "beets", "import", "-A", "-s", str(home.inbox))
    tagged = run_python(home, "-m", "beets", "genreclf")

    counts = "genreclf: 1 tagged, 0 abstained, 1 unreadable\n"
    assert (imported.returncode, imported.stdout) == (0, counts)
    assert imported.stderr.count("genreclf: ") == 1
    assert "Cut.aiff" in imported.stderr
    assert tagged.returncode == 1
    assert tagged.stdout.splitlines()[-1] == (
        "1 tagged, 0 abstained, 1 unreadable, 1 already had a genre"
    )
    assert "Traceback" not in imported.stderr + tagged.stderr
    assert len(home.items("genres::.")) == 2


def loaded_modules(home: BeetsHome, *names: str) -> set[str]:
    """Return the modules that ``beet ls`` loads with these plugins enabled."""
    home.settings["plugins"] = list(names)
    code = "import sys; from beets import ui; ui.main(['ls']); print(*sys.modules, sep=' ')"
    run = run_python(home, "-c", code)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split(" "))


def test_other_commands_load_nothing_of_weight(home: BeetsHome) -> None:
    extra: Any = loaded_modules(home, "genreclf") - loaded_modules(home)
    assert "beetsplug.genreclf" in extra
    assert not {name.partition(".")[0] for name in extra} & HEAVY
    assert not {name for name in extra if name.startswith("genre_model.")}
