"""A process that is killed after it wrote a file, and before it told the library."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from plugin.moments import Moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome, ScriptedClassifier
    from plugin.moments import Moments

KilledRun = tuple[list[str], tuple[str, ...]]


@pytest.fixture
def song(home: BeetsHome) -> Path:
    return home.add_track("Song")


@pytest.fixture
def run_killed_at(home: BeetsHome, song: Path, moments: Moments) -> Callable[..., None]:
    """Run a command, and leave what a kill at some moment of it would have left."""
    left = home.folder / "left"
    left.mkdir()

    def run(moment: Moment, *flags: str) -> None:
        def note() -> None:
            for path in (home.database, song):
                shutil.copy2(path, left / path.name)

        moments.at(moment, note)
        home.beet("genreclf", *flags)
        home.close()
        for path in (home.database, song):
            shutil.copy2(left / path.name, path)

    return run


@pytest.fixture(params=[((), ()), (("Jazz",), ("-f",))], ids=["no genre", "a person's"])
def killed(
    request: pytest.FixtureRequest,
    home: BeetsHome,
    run_killed_at: Callable[..., None],
    classifier: ScriptedClassifier,
) -> KilledRun:
    """Kill a run; return the genres before it, and its flags."""
    before, flags = list(request.param[0]), request.param[1]
    if before:
        home.beet("modify", "-y", "-M", "title:Song", f"genres={before[0]}")
    run_killed_at(Moment.AFTER_WRITE, *flags)
    assert classifier.heard
    assert home.genres("Song") == (before, ["Rock"])
    return before, flags


def test_the_next_run_makes_library_and_file_agree(
    home: BeetsHome, killed: KilledRun
) -> None:
    before, flags = killed
    printed = home.beet("genreclf", *flags)
    assert printed.exit_code == 0
    assert home.genres("Song") == (["Rock"], ["Rock"])
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == (before, before)
    assert not [name for name in home.item("Song") if name.startswith("genreclf_")]


def test_reverting_gives_the_file_back(home: BeetsHome, killed: KilledRun) -> None:
    before, _ = killed
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == (before, before)


def test_another_genre_than_the_model_chose_before(
    home: BeetsHome, run_killed_at: Callable[..., None], classifier: ScriptedClassifier
) -> None:
    home.beet("genreclf")
    classifier.answers["Song"] = ("blues", 0.9)
    again = ("-f", "--listen-again")
    run_killed_at(Moment.AFTER_WRITE, *again)
    assert home.genres("Song") == (["Rock"], ["Blues"])
    home.beet("genreclf", *again)
    assert home.genres("Song") == (["Blues"], ["Blues"])
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == ([], [])


@pytest.mark.usefixtures("classifier")
def test_a_note_that_outlives_a_kill_is_no_claim(
    home: BeetsHome, run_killed_at: Callable[..., None]
) -> None:
    run_killed_at(Moment.BEFORE_WRITE)
    assert home.genres("Song") == ([], [])
    assert "genreclf_file_genres" in home.item("Song")
    home.beet("modify", "-y", "-M", "title:Song", "genres=Rock")
    home.beet("genreclf")
    home.beet("genreclf", "--revert")
    assert home.genres("Song") == (["Rock"], ["Rock"])


@pytest.mark.usefixtures("classifier")
def test_reverting_forgets_a_note_that_outlives_a_kill(
    home: BeetsHome, run_killed_at: Callable[..., None]
) -> None:
    home.beet("modify", "-y", "-M", "title:Song", "genres=Pop")
    run_killed_at(Moment.BEFORE_WRITE, "-f")
    assert any("genreclf_file_genres" in line for line in home.dump())
    printed = home.beet("genreclf", "--revert")
    assert printed.lines == ["1 not written by genreclf, 0 reverted"]
    assert not any("genreclf_" in line for line in home.dump())
    assert home.genres("Song") == (["Pop"], ["Pop"])
