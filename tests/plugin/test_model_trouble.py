"""Model files that are missing or damaged: one line, and no harm."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile

from genre_model import NoProcessError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier


@pytest.fixture(params=["missing", "no model at all", "damaged", "no such name"])
def bad_model(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the setting, which the message has to name."""
    path = tmp_path / "mine.onnx"
    if request.param == "no such name":
        return "gtzan_crnn_v99"
    if request.param == "no model at all":
        path.write_text("{hello}\n" * 100)
    if request.param == "damaged":
        path.write_bytes(b"\x08\x09\x12\x07pytorch" + bytes(range(256)) * 40)
    return str(path)


def test_command_fails_in_one_line_and_touches_nothing(
    home: BeetsHome, bad_model: str
) -> None:
    home.add_album("Record", ["One"])
    home.configure(model=bad_model)
    home.beet("ls")
    before = home.dump(), home.files()

    printed = home.beet("genreclf")

    (line,) = printed.err.splitlines()
    assert line.startswith("error: genreclf: ")
    assert bad_model in line
    assert (printed.out, printed.exit_code) == ("", 1)
    assert (home.dump(), home.files()) == before


def test_a_head_without_its_network_says_what_to_install(home: BeetsHome) -> None:
    """A bundled head is no model; the list of models would not help."""
    home.add_album("Record", ["One"])
    home.configure(model="gtzan_mn04_v1")

    printed = home.beet("genreclf")

    (line,) = printed.err.splitlines()
    assert line == (
        "error: genreclf: model 'gtzan_mn04_v1' needs a network that is not installed: "
        "genre-model backbone install mn04"
    )
    assert printed.exit_code == 1


def test_import_warns_once_and_finishes(home: BeetsHome, bad_model: str) -> None:
    for number in range(3):
        home.audio_file(home.inbox / f"{number}" / "Song.mp3", album=f"Album {number}")
    home.configure(model=bad_model)

    printed = home.beet("import", "-A", str(home.inbox))

    (line,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert bad_model in line
    assert "Traceback" not in printed.err
    assert printed.exit_code == 0
    assert len(home.items()) == len(home.files()) == 3


def test_the_next_import_tries_again(home: BeetsHome, tmp_path: Path) -> None:
    home.configure(model=str(tmp_path / "missing.onnx"))
    for name in ("first", "second"):
        path = home.audio_file(home.inbox / f"{name}.mp3")
        printed = home.beet("import", "-A", "-s", str(path))
        assert printed.err.count("missing.onnx") == 1


@pytest.mark.parametrize("library", ["onnxruntime", "av"])
def test_library_that_cannot_be_imported(
    home: BeetsHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """A machine without wheels of ONNX Runtime or PyAV."""
    home.add_track("Song")
    (tmp_path / "odd").mkdir()
    text = "raise ImportError('no wheel fits:\\n\\n  really none')"
    (tmp_path / "odd" / f"{library}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "odd")

    printed = home.beet("genreclf")

    (line,) = printed.err.splitlines()
    assert line == "error: genreclf: no wheel fits: really none"
    assert printed.exit_code == 1


def test_what_models_are_looked_at_with_cannot_be_imported(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genre_model.classifier", None)

    printed = home.beet("genreclf-models")

    (line,) = printed.err.splitlines()
    assert line.startswith("error: genreclf-models: ")
    assert printed.exit_code == 1


@pytest.mark.parametrize("trouble", ["folder", "no text", "file for a folder"])
@pytest.mark.parametrize(
    "command", [["genreclf"], ["genreclf-models"], ["import", "-A", "inbox"]]
)
def test_choice_that_cannot_be_read_is_one_line(
    home: BeetsHome,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    command: list[str],
) -> None:
    home.add_track("Song")
    home.audio_file(home.inbox / "other.mp3")
    monkeypatch.chdir(home.folder)
    folder = home.folder / "genreclf"
    if trouble == "file for a folder":
        folder.write_text("no folder")
    elif trouble == "folder":
        (folder / "chosen-model").mkdir(parents=True)
    else:
        folder.mkdir()
        (folder / "chosen-model").write_bytes(b"\xff\xfe\x00")

    printed = home.beet(*command)

    (line,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert "chosen-model" in line
    assert "Traceback" not in printed.err
    assert not any(item.genres for item in home.items())
    # An import goes on without genres.
    assert printed.exit_code == (0 if command[0] == "import" else 1)
    assert len(home.items()) == (2 if command[0] == "import" else 1)


def test_choice_that_cannot_be_kept_is_one_line(home: BeetsHome) -> None:
    (home.folder / "genreclf").write_text("no folder")
    printed = home.beet("genreclf-models", "--use", "genre_crnn_v1")
    (line,) = printed.err.splitlines()
    assert line.startswith("error: genreclf-models: ")
    assert "genreclf" in line


@pytest.mark.parametrize("name", ["x" * 300, "Mine.ONNX", "folder/x"])
def test_odd_name_of_a_model_is_one_line(home: BeetsHome, name: str) -> None:
    home.add_track("Song")
    for command in (["genreclf", "--model", name], ["genreclf-models", name]):
        printed = home.beet(*command)
        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf")
        assert printed.exit_code == 1


def test_without_threads_an_import_warns_once_and_finishes(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        home.audio_file(home.inbox / f"{number}" / "Song.mp3", album=f"Album {number}")

    def fail(_timer: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", fail)

    printed = home.beet("import", "-A", str(home.inbox))

    (line,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert "no genres in this import: no thread can be started" in line
    assert printed.exit_code == 0
    assert len(home.items()) == len(home.files()) == 3

    printed = home.beet("genreclf")

    (line,) = printed.err.splitlines()
    assert line.startswith("error: genreclf: no thread can be started")
    assert printed.exit_code == 1


def test_threads_that_run_out_within_an_import(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    classifier.answers |= {"One": ("rock", 0.9), "Two": NoProcessError("no thread")}
    for name in ("One", "Two", "Two"):
        home.audio_file(home.inbox / name / f"{name}.mp3", album=f"Album {name}")

    printed = home.beet("import", "-A", str(home.inbox))

    (line,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert "no more genres in this import: no thread" in line
    assert "genreclf: 1 tagged" in printed.out
    assert printed.exit_code == 0


def album_of_which_one_is_heard(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.configure(source="track", asis="write", threads=1)
    classifier.answers |= {"One": ("rock", 0.9), "Two": NoProcessError("no thread")}


def test_tracks_of_the_same_album_that_were_heard_before_are_written(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    album_of_which_one_is_heard(home, classifier)
    for name in ("One", "Two"):
        home.audio_file(home.inbox / "Album" / f"{name}.mp3", album="Album")

    printed = home.beet("import", "-A", str(home.inbox))

    assert "no more genres in this import: no thread" in printed.err
    assert "genreclf: 1 tagged" in printed.out
    one, two = sorted(home.items(), key=lambda item: item.path)
    assert (one.genres, two.genres) == (["Rock"], [])
    assert MediaFile(one.filepath).genres == ["Rock"]
    assert one.genreclf_file_genres == "Rock"


def test_the_command_keeps_what_it_heard_before_threads_ran_out(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    album_of_which_one_is_heard(home, classifier)
    home.add_album("A whole one", ["One"])
    home.add_album("B cut short", ["Two"])

    printed = home.beet("genreclf", "-w")

    assert printed.out.splitlines()[-1].startswith("1 tagged")
    assert printed.err.splitlines()[-1] == "error: genreclf: no thread"
    assert printed.exit_code == 1
    assert {album.album: album.genres for album in home.library().albums()} == {
        "A whole one": ["Rock"],
        "B cut short": [],
    }


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("genreclf-eval", "scripted@00000000: 1 track, accuracy 0.000"),
        ("genreclf --check", "would write Rock"),
    ],
)
def test_scores_and_issues_of_what_was_predicted_before_threads_ran_out(
    home: BeetsHome, classifier: ScriptedClassifier, command: str, out: str
) -> None:
    album_of_which_one_is_heard(home, classifier)
    home.add_track("One", genres=["Blues"])
    home.add_track("Two", genres=["Rock"])

    printed = home.beet(*command.split())

    assert out in printed.out
    name = command.split(maxsplit=1)[0]
    assert printed.err.splitlines()[-1] == f"error: {name}: no thread"
    assert printed.exit_code == 1
