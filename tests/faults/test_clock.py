"""A clock that jumps: times of files say nothing of what happened first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

#: 2038 is far away, as after a battery ran empty and back; 1980 is where they begin.
FUTURE, PAST = 2_140_000_000, 320_000_000

pytestmark = pytest.mark.usefixtures("classifier")


@pytest.mark.parametrize("seconds", [FUTURE, PAST])
def test_files_of_another_time_are_tagged_like_any(home: BeetsHome, seconds: int) -> None:
    song = home.add_track("Song")
    os.utime(song, (seconds, seconds))
    home.beet("update")
    assert home.beet("genreclf").exit_code == 0
    assert home.item("Song").genres == MediaFile(song).genres == ["Rock"]
    assert home.beet("update").out == ""
    assert "1 already had a genre" in home.beet("genreclf").out
    home.beet("genreclf", "--revert")
    assert home.item("Song").genres == []
    assert not MediaFile(song).genres
    assert home.beet("update").out == ""


@pytest.mark.parametrize("seconds", [FUTURE, PAST])
def test_a_clock_that_jumps_after_a_genre_was_written(
    home: BeetsHome, seconds: int
) -> None:
    """A person's edit stays, whatever time its file has."""
    song = home.add_track("Song")
    home.beet("genreclf")
    home.beet("modify", "-y", "-M", "title:Song", "genres=Polka")
    os.utime(song, (seconds, seconds))
    home.beet("genreclf")
    home.beet("genreclf", "--revert")
    assert home.item("Song").genres == MediaFile(song).genres == ["Polka"]
