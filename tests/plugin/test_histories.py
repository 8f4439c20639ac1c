"""What happens to genres, in whatever order the plugin, the user and others come."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confuse import yaml_util
from markdown_tables import read_rows
from plugin.conftest import edit_file

from genre_model import SilentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")
ROWS = read_rows(Path(__file__).with_name("histories.md"))
ROWS_OF_TRACKS = [row for row in ROWS if "genres" in row]
ROWS_OF_ALBUMS = [row for row in ROWS if "tracks" in row]


def name_of(row: dict[str, str]) -> str:
    return row["situation"]


@pytest.mark.parametrize("row", ROWS_OF_TRACKS, ids=name_of)
def test_track(home: BeetsHome, row: dict[str, str]) -> None:
    home.add_track("Song", genres=value_of(row["genres"]))
    take(home, row["history"])
    assert home.genres("Song") == (value_of(row["library"]), value_of(row["file"]))


@pytest.mark.parametrize("row", ROWS_OF_ALBUMS, ids=name_of)
def test_album(home: BeetsHome, row: dict[str, str]) -> None:
    home.settings["paths"] = {"default": "$genres/$title"}
    home.add_album("Record", row["tracks"].split(", "), value_of(row["album"]))
    take(home, row["history"])
    assert home.genres_by_title() == value_of(row["tracks in the end"])
    assert home.album("Record").genres == value_of(row["album in the end"])


def value_of(text: str) -> Any:
    """Read a value as in a configuration file."""
    return yaml_util.load_yaml_string(text, "a table")


def take(home: BeetsHome, history: str) -> None:
    """Do what each step says."""
    for step in history.split(" > "):
        word, _, rest = step.partition(" ")
        if word in STEPS:
            STEPS[word](home, rest)
        else:
            run(home, step)


def run(home: BeetsHome, step: str) -> None:
    """Run a command, and look for the line after ``::`` in what it prints."""
    command, _, expected = step.partition(" :: ")
    printed = home.beet(*shlex.split(command))
    assert (printed.exit_code, "Traceback" in printed.err) == (0, False)
    lines = printed.lines + printed.err.splitlines()
    line = expected.replace("&gt;", ">").removeprefix("not ")
    if line == "nothing":
        assert printed.out == ""
    elif line:
        is_there = any(fnmatchcase(each, line) for each in lines)
        assert is_there is not expected.startswith("not "), printed.out


def change_nothing(home: BeetsHome, step: str) -> None:
    before = home.dump(), home.files()
    run(home, step)
    assert (home.dump(), home.files()) == before


def change_no_file(home: BeetsHome, step: str) -> None:
    before = home.files()
    run(home, step)
    assert home.files() == before


def modify(home: BeetsHome, genres: str, flags: str) -> None:
    home.beet("modify", flags, "title:Song", f"genres={'; '.join(value_of(genres))}")


def predict(home: BeetsHome, answers: str) -> None:
    """Set predictions, such as ``One: rock 0.52 blues 0.48, Two: silent``."""
    for answer in answers.split(", "):
        title, scores = answer.split(": ") if ":" in answer else ("Song", answer)
        pairs = re.findall(r"([a-z ]+?) ([\d.]+)(?: |$)", scores)
        named = {label: float(probability) for label, probability in pairs}
        home.classifier.answers[title] = (
            SilentError(title)
            if not named
            else named
            if len(named) > 1
            else next(iter(named.items()))
        )


def predict_by_another_model(home: BeetsHome, answers: str) -> None:
    name, number = home.classifier.model_id.split("@")
    home.classifier.model_id = f"{name}@{int(number) + 11111111:08}"
    predict(home, answers)


def make_unlike(home: BeetsHome, track: str) -> None:
    title, score = track.split(": ")
    if score == "none":
        del home.classifier.strange[title]
    else:
        home.classifier.strange[title] = float(score)


def set_album(home: BeetsHome, genres: str) -> None:
    album = home.album("Record")
    album.genres = value_of(genres)
    album.store(inherit=False)


def check_album(home: BeetsHome, genres: str) -> None:
    assert home.album("Record").genres == value_of(genres)


def check_folders(home: BeetsHome, folders: str) -> None:
    assert {path.parent.name for path in home.files()} == set(value_of(folders))


def check_genres(home: BeetsHome, both: str) -> None:
    library, in_file = re.findall(r"\[.*?\]", both)
    assert home.genres("Song") == (value_of(library), value_of(in_file))


def check_predictions(home: BeetsHome, number: str) -> None:
    assert len(home.classifier.heard) == int(number)


def check_forgotten(home: BeetsHome, _: str) -> None:
    assert not [line for line in home.dump() if "genreclf_" in line]


def switch_zero(home: BeetsHome, switch: str) -> None:
    home.settings["plugins"] = ["zero", "genreclf"] if switch == "on" else ["genreclf"]
    home.settings["zero"] = {"fields": "genres"}


STEPS: dict[str, Callable[[BeetsHome, str], None]] = {
    "nothing-changes": change_nothing,
    "no-file-changes": change_no_file,
    "file": lambda home, genres: edit_file(home.music / "Song.mp3", *value_of(genres)),
    "library": lambda home, genres: modify(home, genres, "-yMW"),
    "both": lambda home, genres: modify(home, genres, "-yM"),
    "predict": predict,
    "model": predict_by_another_model,
    "unlike": make_unlike,
    "option": lambda home, options: home.configure(**value_of(options)),
    "zero": switch_zero,
    "holds": check_genres,
    "predicted": check_predictions,
    "forgotten": check_forgotten,
    "album": set_album,
    "album-holds": check_album,
    "folders": check_folders,
}
