"""Files whose ID3 tag has version 2.3 keep it, and every frame that 2.4 does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mediafile import MediaFile
from mutagen import id3

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")

Frames = tuple[tuple[int, ...], dict[str, str]]


def frames_in(path: Path) -> Frames:
    """Return the version of a tag, and its frames as they stand there."""
    tags = id3.ID3(path, translate=False)
    return tags.version, {key: str(frame) for key, frame in tags.items()}


@pytest.fixture
def old_file(home: BeetsHome) -> Path:
    path = home.add_track("Song", genres=["Pop"])
    tags = id3.ID3(path)
    tags.update_to_v23()
    tags.save(path, v2_version=3)
    tags = id3.ID3(path, translate=False)
    tags.add(id3.TYER(encoding=0, text="1999"))
    tags.add(id3.TDAT(encoding=0, text="3112"))
    tags.add(id3.TSIZ(encoding=0, text="1234"))
    tags.add(id3.RVAD(adjustments=[1, 2, 0, 0]))
    tags.save(path, v2_version=3)
    assert frames_in(path)[0] == (2, 3, 0)
    return path


def test_no_frame_is_lost(home: BeetsHome, old_file: Path) -> None:
    version, before = frames_in(old_file)

    home.beet("genreclf", "-f")

    assert home.classifier.heard
    assert frames_in(old_file) == (version, before | {"TCON": "Rock"})
    home.beet("genreclf", "--revert")
    assert frames_in(old_file) == (version, before)


def test_a_tag_is_added_and_taken_out_again(home: BeetsHome, old_file: Path) -> None:
    tags = id3.ID3(old_file, translate=False)
    tags.delall("TCON")
    tags.save(old_file, v2_version=3)
    before = frames_in(old_file)
    home.beet("genreclf", "-f")
    assert home.classifier.heard
    assert MediaFile(old_file).genres == ["Rock"]
    home.beet("genreclf", "--revert")
    assert frames_in(old_file) == before


def test_several_genres_are_read_back(home: BeetsHome, old_file: Path) -> None:
    home.classifier.answers["Song"] = {"rock": 0.5, "blues": 0.4, "hip hop": 0.1}
    home.beet("genreclf", "-f", "-n", "2", "-c", "0.3")
    assert frames_in(old_file)[0] == (2, 3, 0)
    assert MediaFile(old_file).genres == home.item("Song").genres == ["Rock", "Blues"]
